"""The databases: each can be reached, has the rows of gold's last snapshot, and readers see what was published."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from lake.gold.snapshot import latest_snapshot
from pipeline.validation import Finding, Question

if TYPE_CHECKING:
    from warehouse.backends.base import Rows

RUN = "mirrorlake run"
MARTS = "marts"
Ask = Callable[[str], "Rows"]


def staging(question: Question) -> Iterator[Finding]:
    """The database that enforces keys."""
    from pipeline.stages.staging import staging_backend

    database = staging_backend(question.workspace)
    try:
        yield from _reconciled("staging", question, database.query)
    finally:
        database.close()


def warehouse(question: Question) -> Iterator[Finding]:
    """What was loaded for dbt."""
    yield from _reconciled("warehouse", question, question.workspace.warehouse.query)


def published(question: Question) -> Iterator[Finding]:
    """What readers see."""
    opened = question.workspace.warehouse
    names = opened.published_tables()
    if not names:
        yield Finding("published", opened.published_place, "failed", "nothing is published yet", RUN)
        return
    with opened.reader() as reader:
        rows = {name: _count(reader.query, name) for name in names}
    empty = sorted(name for name, count in rows.items() if not count)
    detail = f"{len(rows)} tables, {sum(rows.values()):,} rows"
    if wrong := [*_unlike_built(question, rows), *_unlike_published(question)]:
        yield Finding("published", opened.published_place, "failed", "; ".join(wrong), RUN)
    elif empty:
        yield Finding("published", opened.published_place, "warning", f"{detail}; empty: {', '.join(empty)}", RUN)
    else:
        yield Finding("published", opened.published_place, "ok", detail)


def _unlike_built(question: Question, rows: Mapping[str, int]) -> Iterator[str]:
    """Tables that do not have the rows of what dbt built; it stands until the next build."""
    opened = question.workspace.warehouse
    for name in opened.tables(MARTS):
        built = _count(opened.query, f"{MARTS}.{name}")
        if name not in rows:
            yield f"{name} is not published"
        elif rows[name] != built:
            yield f"{name}: {rows[name]:,} rows, {built:,} were built"


def _unlike_published(question: Question) -> Iterator[str]:
    """Whether somebody wrote to it since, also where no row is more or fewer."""
    from pipeline import fingerprint

    left = fingerprint.read(question.workspace.objects, "publish")
    if left is not None and left.outputs != fingerprint.parts(question.workspace.warehouse.published()):
        yield "not as publish left it"


def _reconciled(part: str, question: Question, ask: Ask) -> Iterator[Finding]:
    """Rows of each table against those of gold's last snapshot."""
    workspace = question.workspace
    snapshot = latest_snapshot(workspace.objects)
    if snapshot is None:
        return  # the check of the tables has said so
    for name, contract in workspace.contracts.items():
        if not contract.warehouse or name not in snapshot.tables:
            continue
        here, gold = _count(ask, name), workspace.table(name).height(snapshot.tables[name])
        if here == gold:
            yield Finding(part, name, "ok", f"{here:,} rows, as in gold")
        else:
            yield Finding(part, name, "failed", f"{here:,} rows, {gold:,} in gold's snapshot {snapshot.number}", RUN)


def _count(ask: Ask, table: str) -> int:
    # Not quoted: Snowflake knows our names in capitals. No contract's name is a reserved word.
    return int(str(ask(f"SELECT count(*) AS row_count FROM {table}").rows[0][0]))  # noqa: S608
