"""Staging: gold's snapshot goes into a database that enforces keys and references itself. No pass, no warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, TableError
from lake.gold.snapshot import Snapshot, latest_snapshot
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import made_by
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.workspace import Workspace
from warehouse.duck import stamp

if TYPE_CHECKING:
    from warehouse.backends.base import Backend


def inputs(context: RunContext, stage: Stage) -> Parts:
    """The snapshot, the contracts of what is staged, the database, and what stages."""
    workspace = context.workspace
    snapshot = latest_snapshot(workspace.objects)
    settings = workspace.settings.staging
    place = str(settings.folder) if settings.backend == "duckdb" else staging_backend(workspace).target
    return {
        **told(snapshot),
        "contracts": {name: workspace.contracts[name].digest for name in stage.writes},
        "database": [settings.backend, place],
        **made_by(("warehouse",), ("duckdb",)),
    }


def told(snapshot: Snapshot | None) -> dict[str, object]:
    """What is known of a snapshot again: its number comes again where one was deleted, and so do tables' versions."""
    if snapshot is None:
        return {"snapshot": None}
    return {"snapshot": snapshot.number, "tables": dict(snapshot.tables), "made": snapshot.created_at}


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The file that is current; of a database server, the mark of the load that stands in it."""
    settings = context.workspace.settings.staging
    if settings.backend != "duckdb":
        return {"target": settings.backend, "mark": _mark(context.workspace)}
    from warehouse import pointer

    name = pointer.standing(settings.folder)
    return {"target": name, "file": stamp(settings.folder / name) if name else None}


def _mark(workspace: Workspace) -> str | None:
    """None where the tables are gone, empty or not those of the newest snapshot, or where nobody answers."""
    snapshot = latest_snapshot(workspace.objects)
    try:
        return staging_backend(workspace).standing(snapshot.number) if snapshot else None
    except MirrorlakeError:
        return None  # the stage runs then, and says what is wrong


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Stage all tables of the snapshot, all or nothing."""
    from warehouse.stage import stage as stage_tables

    workspace = context.workspace
    snapshot = committed_snapshot(workspace)
    database = staging_backend(workspace)
    try:
        result = stage_tables(snapshot, workspace.table, workspace.contracts, database, context.run_id)
    finally:
        database.close()
    tables = tuple(
        TableOutcome(
            name, rows_in=rows, valid=rows, rows_out=rows, input_versions={name: snapshot.tables[name]},
            output_version=context.run_id,
        )
        for name, rows in result.tables.items()
    )  # fmt: skip
    return StageOutcome(stage.name, "done", tables)


def staging_backend(workspace: Workspace) -> Backend:
    """The staging database of this environment, not yet connected."""
    from warehouse.backends import backend

    settings = workspace.settings.staging
    if settings.backend == "duckdb":
        return backend("duckdb", folder=workspace.folder(settings.folder))
    return backend(
        settings.backend,
        url=settings.url.reveal() if settings.url else "",
        tls=settings.tls == "required",
        retry_seconds=settings.retry_seconds,
    )


def committed_snapshot(workspace: Workspace) -> Snapshot:
    """Gold's newest snapshot; TableError before the first."""
    snapshot = latest_snapshot(workspace.objects)
    if snapshot is None:
        raise TableError("gold has no committed snapshot yet", fix="build it first: mirrorlake run --job gold")
    return snapshot
