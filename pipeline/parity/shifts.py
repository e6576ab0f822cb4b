"""What keys that stand on one side only point to: other days, a shift in time, texts that one side takes for equal.

Works on the views ``l`` and ``r`` and the tables ``only_l`` and ``only_r`` of ``rows``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from lake.sql import quoted
from pipeline.parity.model import Subject
from pipeline.parity.trap_words import apart
from pipeline.parity.traps import MEANING, of_values
from warehouse.kinds import family

if TYPE_CHECKING:
    import duckdb


def of_keys(
    connection: duckdb.DuckDBPyConnection, subject: Subject, left: Mapping[str, str], right: Mapping[str, str]
) -> Iterator[str]:
    """What the keys of one side point to, in words; nothing where nothing is recognised."""
    for name in subject.key:
        kind = family(left[name])
        if kind in ("time", "date"):
            yield from _of_times(connection, name, shows=name not in subject.sensitive)
        if kind == "text" and _is_collation(connection, subject, name):
            yield MEANING["string collation"]


def _of_times(connection: duckdb.DuckDBPyConnection, name: str, *, shows: bool) -> Iterator[str]:
    """All times moved alike: first and last by the same offset. Else: the sides hold other days, told if ``shows``."""
    column = quoted(name)
    spans = [connection.execute(f"SELECT min({column}), max({column}) FROM {side}").fetchall()[0] for side in "lr"]
    (first, last), (other_first, other_last) = spans
    pairs = [(first, other_first), (last, other_last)]
    offsets = {apart(*pair) for pair in pairs}
    if None in offsets or offsets == {timedelta()}:
        return
    trap = of_values(name, pairs)
    if trap in ("time zone", "week boundary") and len(offsets) == 1:
        yield MEANING[trap]
    elif shows and (_day(first), _day(last)) != (_day(other_first), _day(other_last)):
        yield (
            f"other days: {name} goes from {_day(first)} to {_day(last)} on one side, from {_day(other_first)} to "
            f"{_day(other_last)} on the other; compare runs over the same days"
        )


def _day(value: object) -> date:
    assert isinstance(value, date)
    return value.date() if isinstance(value, datetime) else value


def _is_collation(connection: duckdb.DuckDBPyConnection, subject: Subject, name: str) -> bool:
    """Whether keys of one side stand on the other but for case, accents or outer blanks."""
    others = [f"o.{quoted(key)} IS NOT DISTINCT FROM t.{quoted(key)}" for key in subject.key if key != name]
    alike = " AND ".join([f"{_folded('o', name)} = {_folded('t', name)}", *others])
    for only, other in (("only_l", "r"), ("only_r", "l")):
        [(count, found)] = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE EXISTS (SELECT 1 FROM {other} AS t WHERE {alike})) "
            f"FROM {only} AS o"
        ).fetchall()
        if count and count == found:
            return True
    return False


def _folded(table: str, name: str) -> str:
    return f"strip_accents(lower(trim({table}.{quoted(name)})))"
