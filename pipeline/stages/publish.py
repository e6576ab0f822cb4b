"""Publish: the audited marts become visible in one step; whoever reads meanwhile sees the old ones or the new ones."""

from __future__ import annotations

from lake.errors import AuditFailedError
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import code_hash, made_by, parts
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome


def inputs(context: RunContext, stage: Stage) -> Parts:
    """What the audit has passed, and what of it is stale or left out: readers are told."""
    return {
        "audited": context.inputs_of("audit"),
        "stale": list(context.reservations),
        **made_by(("warehouse",), context.workspace.warehouse.libraries),
    }


def outputs(context: RunContext, stage: Stage) -> Parts:
    """What is published now."""
    return context.workspace.warehouse.published()


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Copy the marts and show the copy. AuditFailedError where they are not those that were audited."""
    _require_audited(context)
    warehouse = context.workspace.warehouse
    result = warehouse.publish(context.run_id, code_version=code_hash(), stale=context.reservations)
    tables = tuple(
        TableOutcome(name, rows_in=rows, valid=rows, rows_out=rows, output_version=context.run_id)
        for name, rows in result.tables.items()
    )
    return StageOutcome(stage.name, "done", tables)


def _require_audited(context: RunContext) -> None:
    """What was written since the audit passed is not published, also where this stage is run alone.

    The audit remembers the warehouse as dbt had left it.
    """
    warehouse = context.workspace.warehouse
    audited, now = context.inputs_of("audit"), parts({"now": warehouse.stamp()})["now"]
    built = audited.get("built") if isinstance(audited, dict) else None
    if now is not None and not (isinstance(built, dict) and built.get("warehouse") == now):
        raise AuditFailedError(
            "the warehouse is not as it was when the audit passed; nothing was published",
            where=warehouse.place,
            fix="run what comes before it too: mirrorlake run",
        )
