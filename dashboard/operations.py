"""What the operations page shows of the lake's audit trail, as frames. Nothing of Streamlit here."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd

from lake import layout
from lake.errors import DamagedError
from pipeline.observe.audit import RunAudit
from pipeline.outcome import TableOutcome
from pipeline.quality.model import CheckResult, from_dicts
from pipeline.workspace import Workspace

_COUNTS = ("in", "valid", "rejected", "refused", "out")


def run_rows(runs: list[RunAudit], at_work: str | None = None) -> pd.DataFrame:
    """One row per run, newest first; ``at_work`` is the one that holds the lease."""
    return pd.DataFrame(
        [
            {
                "run": run.run_id,
                "status": run.status_now(at_work),
                "started, UTC": f"{run.started_at:%Y-%m-%d %H:%M:%S}" if run.started_at else "",
                "days": _days(run),
                "seconds": sum(record.seconds for record in run.records),
                "error": next((record.error.splitlines()[0] for record in run.records if record.error), ""),
            }
            for run in runs
        ]
    )


def stage_rows(run: RunAudit) -> pd.DataFrame:
    """One row per call of a stage, its tables added up."""
    rows = [
        {"stage": record.stage, "status": record.status, "tables": len(record.tables)}
        | {name: _sum(_counts(table)[name] for table in record.tables) for name in _COUNTS}
        | {"seconds": record.seconds}
        for record in run.records
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(_COUNTS, "Int64"))


def table_rows(run: RunAudit) -> pd.DataFrame:
    """One row per stage and table."""
    rows = [
        {"stage": record.stage, "table": table.table}
        | _counts(table)
        | {"version": "" if table.output_version is None else str(table.output_version)}
        for record in run.records
        for table in record.tables
    ]
    columns = ["stage", "table", *_COUNTS, "version"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(_COUNTS, "Int64"))


def _counts(table: TableOutcome) -> dict[str, int | None]:
    """Rows by what became of them; None where no gate stood."""
    gated = table.valid + table.rejected + table.refused > 0
    judged = (table.valid, table.rejected, table.refused) if gated else (None, None, None)
    return dict(zip(_COUNTS, (table.rows_in, *judged, table.rows_out), strict=True))


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _days(run: RunAudit) -> str:
    if not run.run_dates:
        return ""
    first, last = run.run_dates[0], run.run_dates[-1]
    return f"{first}" if first == last else f"{first} to {last}"


def newest_checks(workspace: Workspace, runs: list[RunAudit]) -> tuple[str, list[CheckResult]] | None:
    """The newest run whose checks were reported, and their results, failed ones first."""
    for run in runs:
        key = layout.quality_report(run.run_id, "quality.json")
        data = workspace.objects.get_or_none(key)
        if data:
            try:
                results = from_dicts(json.loads(data)["results"])
            except (ValueError, KeyError, TypeError):
                fix = "check again: mirrorlake run --force"
                raise DamagedError("the report of the checks is unreadable", where=key, fix=fix) from None
            return run.run_id, sorted(results, key=lambda result: (result.passed, not result.critical))
    return None
