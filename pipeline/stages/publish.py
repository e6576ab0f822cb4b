"""Publish: the audited marts become visible in one step; whoever reads meanwhile sees the old ones or the new ones."""

from __future__ import annotations

from pipeline.context import Parts, RunContext
from pipeline.fingerprint import code_hash, stamp
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome


def inputs(context: RunContext, stage: Stage) -> Parts:
    """What the audit has passed, and what of it is stale: readers are told."""
    return {"audited": context.inputs_of("audit"), "stale": list(context.stale)}


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The published file."""
    from warehouse import pointer

    folder = context.workspace.settings.publish.folder
    name = pointer.standing(folder)
    return {"published": name, "file": stamp(folder / name) if name else None}


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Copy the marts to a new file and point to it."""
    from warehouse.publish import publish

    settings = context.workspace.settings
    folder = context.workspace.folder(settings.publish.folder)
    result = publish(
        settings.warehouse.path,
        folder,
        context.run_id,
        keep=settings.publish.keep,
        code_version=code_hash(),
        stale=context.stale,
    )
    tables = tuple(
        TableOutcome(name, rows_in=rows, valid=rows, rows_out=rows, output_version=context.run_id)
        for name, rows in result.tables.items()
    )
    return StageOutcome(stage.name, "done", tables)
