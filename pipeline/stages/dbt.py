"""dbt: models, marts and metric marts in the warehouse's build schema, with dbt's own tests."""

from __future__ import annotations

from lake.errors import AuditFailedError, MirrorlakeError, WarehouseError
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import made_by
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome

SHOWN = 5


def inputs(context: RunContext, stage: Stage) -> Parts:
    """What was loaded, the run date that freshness is measured against, dbt's target, and the project's code."""
    return {
        "loaded": context.built_by("load"),
        "snapshot": context.inputs_of("load"),
        "run_date": last_run_date(context),
        "target": context.workspace.settings.dbt.target,
        **made_by(
            ("dbt", "pipeline/dbtworker"),
            ("dbt-core", *context.workspace.warehouse.libraries, f"dbt-{context.workspace.warehouse.name}"),
        ),
    }


def last_run_date(context: RunContext) -> str:
    """The newest day of the run: the tests of freshness ask whether the data reaches it."""
    return max(context.selection.run_dates).isoformat()


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The warehouse as dbt left it: what comes after works on every new build, and only on one."""
    try:
        return {"warehouse": context.workspace.warehouse.stamp()}
    except MirrorlakeError:
        return {"warehouse": None}  # nobody answers: the stage runs then, and says what is wrong


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Build everything; a failed test of severity error ends the run before publish. WarehouseError for raw tables that
    are not as a load left them.

    The generated tests of the contracts (tag ``contract``) are left to ``dbt build`` by hand and to CI: in a run the
    staging database has enforced these rules just before, and Great Expectations judges them again just after.
    """
    from lake.writes import committing

    _require_loaded(context)
    with committing("dbt.build", context.workspace.warehouse.place):
        result = context.workers.dbt.build(
            {"run_date": last_run_date(context)},
            exclude=["tag:contract"],
            progress=lambda done, total, name: context.advance(stage.name, done, total),
        )
    if result.errors:
        named = [str(failure) for failure in result.errors[:SHOWN]]
        more = len(result.errors) - len(named)
        raise AuditFailedError(
            f"{len(result.errors)} dbt tests failed; nothing was published",
            where="\n    ".join([*named, *([f"and {more} more"] if more > 0 else [])]),
            fix="mend the model or the data, then run again; the published tables are as they were",
        )
    tables = tuple(
        TableOutcome(model.name, rows_out=model.rows, output_version=context.run_id)
        for model in result.models
        if model.rows is not None
    )
    notes = [f"{len(result.models)} models, {len(result.tests)} tests passed"]
    notes += [f"warning: {failure}" for failure in result.failures[:SHOWN]]
    return StageOutcome(stage.name, "done", tables, notes=tuple(notes))


def _require_loaded(context: RunContext) -> None:
    """Nothing is built on tables that were made anew and not loaded, or changed by hand: also where this stage is run
    alone.
    """
    warehouse = context.workspace.warehouse
    wanted = [contract.table for contract in context.workspace.contracts.values() if contract.warehouse]
    if lacking := warehouse.unloaded(wanted):
        raise WarehouseError(
            f"schema raw is not as a load left it: {', '.join(lacking)}; nothing was built",
            where=warehouse.place,
            fix="load it first: mirrorlake run --job load --job dbt",
        )
