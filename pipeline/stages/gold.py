"""Gold: the transformations run on the chosen engine; all tables of one build become visible as one snapshot."""

from __future__ import annotations

from pipeline.context import Parts, RunContext
from pipeline.fingerprint import code_hash, made_by, parts
from pipeline.gold_build import build_here
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome


def inputs(context: RunContext, stage: Stage) -> Parts:
    """Silver as it stands, contracts, engine, our code, and what runs it."""
    workspace = context.workspace
    silver = [contract.table for contract in workspace.contracts.values() if contract.layer == "silver"]
    return {
        "silver": {name: workspace.table(name).stamp() for name in sorted(silver)},
        "contracts": {name: contract.digest for name, contract in sorted(workspace.contracts.items())},
        "engine": workspace.settings.gold.engine,
        "code": code_hash("lake"),
        "run_by": run_by(),
    }


def run_by() -> Parts:
    """What executes the transformations. All tables are built anew where it changes; gold itself knows their code."""
    return made_by(("lake/engines",), ("polars", "duckdb", "narwhals", "deltalake"))


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The committed snapshot and each table as it stands."""
    from lake.gold import latest_snapshot

    snapshot = latest_snapshot(context.workspace.objects)
    versions = {name: context.workspace.table(name).stamp() for name in stage.writes}
    return {"snapshot": snapshot.number if snapshot else None, "versions": versions}


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Build what changed, here or by a job in the cloud, and commit the snapshot."""
    full = context.options.force or _runs_otherwise(context)
    if context.workspace.settings.gold.runs_on == "here":
        built = build_here(context.workspace, full=full, run_id=context.run_id)
    else:
        from pipeline.remote.submit import build_remotely

        built = build_remotely(context, full=full)
    reads = {node.name: node.reads for node in context.graph.nodes}
    tables = tuple(
        TableOutcome(
            name,
            rows_in=table.rows_in,
            rows_out=table.rows_out,
            input_versions={read: built.versions[read] for read in reads[name]},
            output_version=table.version,
            notes=("unchanged",) if table.unchanged else (),
        )
        for name, table in built.tables.items()
    )
    held = tuple(
        f"{rows} rows of {name} are held: their parent has not arrived" for name, rows in built.held.items() if rows
    )
    return StageOutcome(stage.name, "done", tables, notes=held)


def _runs_otherwise(context: RunContext) -> bool:
    before = context.inputs_of("gold")
    return isinstance(before, dict) and before.get("run_by") != parts(run_by())
