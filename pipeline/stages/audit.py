"""Audit: Great Expectations on silver and on the warehouse's build schema, before anybody sees the marts."""

from __future__ import annotations

from pathlib import Path

from lake.errors import AuditFailedError
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import made_by
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.quality.model import Batch, CheckReport
from pipeline.quality.report import write_report

SHOWN = 5


def inputs(context: RunContext, stage: Stage) -> Parts:
    """Silver as it stands, what dbt built, the contracts, and what checks."""
    workspace = context.workspace
    silver = sorted(c.table for c in workspace.contracts.values() if c.layer == "silver")
    return {
        "silver": {name: workspace.table(name).stamp() for name in silver},
        "built": context.built_by("dbt"),
        "contracts": {name: contract.digest for name, contract in sorted(workspace.contracts.items())},
        **made_by(("pipeline/quality",), ("great-expectations", "pandas", "duckdb")),
    }


def outputs(context: RunContext, stage: Stage) -> Parts:
    """Nothing that could be lost: a report is a record of what was, not of what is."""
    return {}


def batches(context: RunContext, database: Path) -> list[Batch]:
    """Every silver table that exists, every table of schema raw in ``database``, and all that dbt built on it."""
    workspace, path = context.workspace, str(database)
    found = []
    for contract in workspace.contracts.values():
        if contract.layer == "silver" and workspace.table(contract.table).exists():
            table = workspace.table(contract.table)
            if files := tuple(table.files()):
                found.append(Batch(contract.table, f"silver.{contract.table}", files=files, options=table.options))
        elif contract.warehouse:
            relation = f'raw."{contract.table}"'
            label = f"warehouse.{contract.table}"
            found.append(Batch(contract.table, label, database=path, relation=relation))
    marts = str(workspace.settings.root / "dbt" / "models" / "marts")
    return [*found, Batch("", "build", database=path, marts=marts)]


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Check everything; a critical failure ends the run before publish, naming table, rule, count and example rows."""
    copy = context.workspace.settings.data / "quality" / f"{context.run_id}.duckdb"
    try:
        database = context.workspace.warehouse.database_file(copy)
        results = context.workers.quality.check(batches(context, database))
    finally:
        copy.unlink(missing_ok=True)
    report = CheckReport(context.run_id, results)
    keys = write_report(context.workspace.objects, report)
    if report.critical:
        named = [result.sentence() for result in report.critical[:SHOWN]]
        more = len(report.critical) - len(named)
        raise AuditFailedError(
            f"{len(report.critical)} critical checks failed; nothing was published",
            where="\n    ".join([*named, *([f"and {more} more"] if more > 0 else [])]),
            fix=f"read {context.workspace.objects.url(keys['html'])}; mirrorlake quarantine show; mend, then run again",
        )
    rows = {result.table: result.rows for result in results}
    tables = tuple(TableOutcome(table, rows_in=count, valid=count, rows_out=count) for table, count in rows.items())
    passed = sum(result.passed for result in results)
    notes = [
        f"{passed} of {len(results)} checks passed",
        *(f"warning: {r.sentence()}" for r in report.warnings[:SHOWN]),
    ]
    return StageOutcome(stage.name, "done", tables, notes=tuple(notes))
