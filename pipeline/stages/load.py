"""Load: what staging has passed goes into the warehouse's raw schema, by key, from the same committed snapshot."""

from __future__ import annotations

from lake.gold.snapshot import latest_snapshot
from pipeline.context import Parts, RunContext
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.stages.staging import committed_snapshot


def inputs(context: RunContext, stage: Stage) -> Parts:
    """The snapshot and the contracts of what is loaded."""
    workspace = context.workspace
    snapshot = latest_snapshot(workspace.objects)
    return {
        "snapshot": snapshot.number if snapshot else None,
        "contracts": {name: workspace.contracts[name].digest for name in stage.writes},
    }


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The warehouse's file, and the snapshot that it holds."""
    path = context.workspace.settings.warehouse.path
    return {"warehouse": str(path) if path.exists() else None, "snapshot": context.shared.get("loaded", "as inputs")}


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Merge the changed partitions of every table in one transaction."""
    from warehouse.load import load

    workspace = context.workspace
    snapshot = committed_snapshot(workspace)
    path = workspace.settings.warehouse.path
    workspace.folder(path.parent)
    result = load(snapshot, workspace.table, workspace.contracts, path)
    tables = tuple(
        TableOutcome(
            name,
            rows_in=table.rows_in,
            valid=table.rows_in,
            rows_out=table.inserted + table.updated,
            input_versions={name: snapshot.tables[name]},
            output_version=result.load_id,
            notes=(f"{table.deleted} rows vanished",) if table.deleted else (),
        )
        for name, table in result.tables.items()
    )
    return StageOutcome(stage.name, "done", tables)
