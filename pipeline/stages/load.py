"""Load: what staging has passed goes into the warehouse's raw schema, by key, from the same committed snapshot."""

from __future__ import annotations

from lake.errors import WarehouseError
from lake.gold.snapshot import Snapshot, latest_snapshot
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import made_by, parts
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.stages.staging import committed_snapshot, told


def inputs(context: RunContext, stage: Stage) -> Parts:
    """The snapshot, the contracts of what is loaded, and what loads it."""
    workspace = context.workspace
    snapshot = latest_snapshot(workspace.objects)
    return {
        **told(snapshot),
        "contracts": {name: workspace.contracts[name].digest for name in stage.writes},
        **loaded_by(context),
    }


def loaded_by(context: RunContext) -> Parts:
    """The code and the library that load; all rows are loaded anew where they change."""
    return made_by(("warehouse",), context.workspace.warehouse.libraries)


def outputs(context: RunContext, stage: Stage) -> Parts:
    """What was loaded, if it can be read: it is a cache of gold, and what is damaged is made anew.

    It is looked through only where it is not as a stage of this platform left it.
    """
    built = context.built_by("dbt")
    left = built.get("warehouse") if isinstance(built, dict) else None
    return {"warehouse": context.workspace.warehouse.loaded(context.shared.get("loaded"), left)}


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Merge what changed of every table in one transaction. WarehouseError for what staging has not passed."""
    workspace = context.workspace
    snapshot = committed_snapshot(workspace)
    _require_staged(context, snapshot)
    full = context.options.force or _loads_otherwise(context)
    result = workspace.warehouse.load(snapshot, workspace.table, workspace.contracts, full=full)
    context.shared["loaded"] = workspace.warehouse.stamp()
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
    return StageOutcome(stage.name, "done", tables, notes=result.notes)


def _loads_otherwise(context: RunContext) -> bool:
    before = context.inputs_of("load")
    return isinstance(before, dict) and any(
        before.get(name) != value for name, value in parts(loaded_by(context)).items()
    )


def _require_staged(context: RunContext, snapshot: Snapshot) -> None:
    """No pass in staging, no load: also where this stage is run alone."""
    staged, wanted = context.inputs_of("staging"), parts(told(snapshot))
    if not isinstance(staged, dict) or any(staged.get(name) != value for name, value in wanted.items()):
        raise WarehouseError(
            f"gold's snapshot {snapshot.number} has not passed staging; nothing was loaded",
            where=context.workspace.settings.staging.backend,
            fix="stage it first: mirrorlake run --job staging --job load",
        )
