"""The lake's own: what was received, every table with its rows and columns, and how far the data reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError
from lake.gold.snapshot import latest_snapshot
from pipeline.validation import Finding, Question, Verdict, failure

if TYPE_CHECKING:
    from lake.contract.model import Contract
    from lake.tables.delta import LakeTable

RUN = "mirrorlake run"


def bronze(question: Question) -> Iterator[Finding]:
    """Loads per dataset."""
    opened = question.workspace.bronze
    datasets = opened.datasets()
    for source, dataset in datasets:
        loads = opened.loads(source, dataset)
        days = sorted({load.run_date for load in loads})
        yield Finding("bronze", f"{source}/{dataset}", "ok", f"{len(loads):,} loads, {days[0]} to {days[-1]}")
    if not datasets:
        yield Finding("bronze", question.workspace.objects.root, "failed", "nothing was received yet", RUN)


def tables(question: Question) -> Iterator[Finding]:
    """Each table: it can be read, has its contract's columns, and is what the last gold snapshot says."""
    workspace = question.workspace
    snapshot = latest_snapshot(workspace.objects)
    if snapshot is None:
        yield Finding("gold", "snapshot", "failed", "gold has no committed snapshot yet", RUN)
    for name, contract in sorted(workspace.contracts.items(), key=lambda item: item[1].layer != "silver"):
        table = workspace.table(name)
        version = snapshot.tables.get(name) if snapshot and contract.layer == "gold" else table.version()
        try:
            yield _table(contract, table, version)
        except MirrorlakeError as error:
            yield failure(contract.layer, error, name)


def _table(contract: Contract, table: LakeTable, version: int | None) -> Finding:
    if version is None:
        received = contract.layer == "silver"
        return Finding(
            contract.layer, contract.table, "skipped" if received else "failed", "there is no such table yet", RUN
        )
    columns = set(table.scan(version).collect_schema().names())
    missing = [name for name in contract.column_names if name not in columns]
    rows = table.height(version)
    detail = f"{rows:,} rows, version {version}"
    if missing:
        fix = "mirrorlake rebuild --from bronze" if contract.layer == "silver" else f"{RUN} --job gold --force"
        return Finding(contract.layer, contract.table, "failed", f"{detail}; lacks {', '.join(missing)}", fix)
    return Finding(contract.layer, contract.table, "ok" if rows else "warning", detail, "" if rows else RUN)


def freshness(question: Question) -> Iterator[Finding]:
    """How far the data reaches, measured against the end of the run date: the one asked for, or the newest received."""
    workspace = question.workspace
    for name, contract in workspace.contracts.items():
        wanted = contract.freshness
        yield from _loads(question, contract)
        if wanted is None or wanted.column is None or wanted.data_hours is None or not workspace.table(name).exists():
            continue
        day = question.run_date or _newest_run_date(question, contract)
        newest = _newest(workspace.table(name), wanted.column)
        if day is None or newest is None:
            yield Finding("freshness", name, "skipped", "there is nothing to measure")
            continue
        end = datetime.combine(day, time(), UTC) + timedelta(days=1)
        behind = (end - newest).total_seconds() / 3600
        detail = f"reaches {newest:%Y-%m-%d %H:%M} UTC, {max(behind, 0):.0f} h before the end of {day}"
        fresh = behind <= wanted.data_hours
        yield Finding(
            "freshness",
            name,
            "ok" if fresh else "failed",
            detail if fresh else f"{detail}; {wanted.data_hours:g} h are allowed",
            "" if fresh else f"{RUN} --run-date {day}",
        )


def _newest_run_date(question: Question, contract: Contract) -> date | None:
    opened = question.workspace.bronze
    datasets = contract.datasets or opened.datasets()
    return max((load.run_date for source, dataset in datasets for load in opened.loads(source, dataset)), default=None)


def _loads(question: Question, contract: Contract) -> Iterator[Finding]:
    """How long ago a source that is asked live last answered; recordings are exempt."""
    opened, wanted = question.workspace.bronze, contract.freshness
    if wanted is None or wanted.load_hours is None:
        return
    for source, dataset in contract.datasets:
        told = getattr(question.workspace.settings.sources, source, None)
        loads = opened.loads(source, dataset) if told is not None and told.live else []
        if not loads:
            continue
        newest = max(load.run_date for load in loads)
        fetched = max(opened.read(load.load).fetched_at for load in loads if load.run_date == newest)
        hours = (datetime.now(UTC) - fetched).total_seconds() / 3600
        fresh = hours <= wanted.load_hours
        detail = f"last fetched {hours:.0f} h ago" + ("" if fresh else f"; {wanted.load_hours:g} h are allowed")
        verdict: Verdict = "ok" if fresh else "failed"
        yield Finding("freshness", f"{source}/{dataset}", verdict, detail, "" if fresh else RUN)


def _newest(table: LakeTable, column: str) -> datetime | None:
    """The newest value of a date or timestamp column; a date counts to its end."""
    import polars as pl

    from lake.tables.delta import reading

    with reading(table.url):
        found = table.scan().select(pl.col(column).max()).collect().item()
    if found is None or isinstance(found, datetime):
        return found
    return datetime.combine(found, time(), UTC) + timedelta(days=1)
