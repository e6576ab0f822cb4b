"""Two exports of one table, compared in DuckDB: schema, doubled keys, keys of one side, then values by key.

DuckDB joins the two Parquet files and spills to disk where memory ends, so tables may be larger than memory. Floats are
equal when |a - b| <= 10**-p, all else is compared exactly, null equals null (see ``lake.compare``, which has the same
rules for frames).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lake.sql import literal, quoted
from pipeline.parity import traps
from pipeline.parity.hints import looked_for
from pipeline.parity.model import ColumnDifference, Keys, Subject, TableParity, ValueDifference, ValueExample
from pipeline.parity.shifts import of_keys
from warehouse.exports import Export
from warehouse.kinds import family, is_float

if TYPE_CHECKING:
    import duckdb

SHOWN = 5  # examples in a report
SAMPLED = 200  # differing rows that the reason is looked for in
KEPT = 10_000  # differing rows that are kept, the first by key
DECIMALS = 6  # of floats for which nothing else is said


@dataclass(frozen=True)
class _Tables:
    """Both sides as views ``l`` and ``r``, and what of their columns can be compared."""

    connection: duckdb.DuckDBPyConnection
    subject: Subject
    left: Mapping[str, str]
    right: Mapping[str, str]

    @property
    def shared(self) -> list[str]:
        """The columns besides the key whose values can be compared."""
        both = [name for name in self.left if name in self.right and name not in self.subject.key]
        return [name for name in both if family(self.left[name]) == family(self.right[name])]

    @property
    def has_key(self) -> bool:
        """Whether rows can be matched."""
        key = self.subject.key
        there = all(name in self.left and name in self.right for name in key)
        return bool(key) and there and all(family(self.left[name]) == family(self.right[name]) for name in key)

    @property
    def listed(self) -> str:
        """The key's columns."""
        return ", ".join(map(quoted, self.subject.key))

    def same_key(self, one: str, other: str) -> str:
        """The condition of a join by key; a null matches a null."""
        return " AND ".join(
            f"{one}.{name} IS NOT DISTINCT FROM {other}.{name}" for name in map(quoted, self.subject.key)
        )

    def differs(self, name: str) -> str:
        """The condition that a column of ``l`` and ``r`` is not equal."""
        one, other = f"l.{quoted(name)}", f"r.{quoted(name)}"
        if not (is_float(self.left[name]) or is_float(self.right[name])):
            return f"{one} IS DISTINCT FROM {other}"
        tolerance = 10.0 ** -self.subject.decimals.get(name, DECIMALS)
        near = f"coalesce(abs({one}::DOUBLE - {other}::DOUBLE) <= {tolerance!r}::DOUBLE, false)"
        return f"({one} IS DISTINCT FROM {other} AND NOT {near})"

    def number(self, sql: str) -> int:
        """The one number that a query gives."""
        return int(self.all(sql)[0][0])  # type: ignore[call-overload,no-any-return]

    def all(self, sql: str) -> list[tuple[object, ...]]:
        """All rows of a query."""
        return self.connection.execute(sql).fetchall()

    def shown_key(self, row: Sequence[object]) -> tuple[object, ...]:
        """A key as it may be shown."""
        pairs = zip(self.subject.key, row, strict=True)
        return tuple(shown(self.subject, name, value) for name, value in pairs)


def shown(subject: Subject, column: str, value: object) -> object:
    """A value, or asterisks in the place of a sensitive one."""
    return "****" if column in subject.sensitive and value is not None else value


def compare_rows(connection: duckdb.DuckDBPyConnection, subject: Subject, left: Export, right: Export) -> TableParity:
    """Compare two exports; ``connection`` is an empty database in memory of this call's own."""
    for name, export in (("l", left), ("r", right)):
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet({literal(str(export.path))})")
    tables = _Tables(connection, subject, left.columns, right.columns)
    columns = _columns(subject, left.columns, right.columns)
    found = TableParity(
        subject.layer,
        subject.table,
        "different" if columns else "equal",
        subject.key,
        tables.number("SELECT count(*) FROM l"),
        tables.number("SELECT count(*) FROM r"),
        columns,
        hints=tuple(traps.of_columns(columns)),
    )
    if not subject.key:
        return replace(found, verdict="failed", error="no contract and no test of dbt says by what its rows are known")
    return _with_rows(found, tables) if tables.has_key else replace(found, verdict="different")


def _columns(subject: Subject, left: Mapping[str, str], right: Mapping[str, str]) -> tuple[ColumnDifference, ...]:
    names = dict.fromkeys([*subject.columns, *left, *right])
    pairs = ((name, left.get(name), right.get(name)) for name in names)
    return tuple(ColumnDifference(*each) for each in pairs if each[1] is None or each[1] != each[2])


def _with_rows(found: TableParity, tables: _Tables) -> TableParity:
    doubled_left, doubled_right = _doubled(tables, "l"), _doubled(tables, "r")
    only_left, only_right = _only(tables, "l", "r"), _only(tables, "r", "l")
    if doubled_left.count or doubled_right.count:
        _leave_out_doubled(tables)
    differing, values = _values(tables)
    any_rows = doubled_left.count or doubled_right.count or only_left.count or only_right.count or differing
    hints = [*found.hints, *(traps.MEANING[value.trap] for value in values if value.trap)]
    if only_left.count or only_right.count:
        keys = (tables.connection, tables.subject, tables.left, tables.right)
        hints += looked_for(lambda: list(of_keys(*keys)), [])
    return replace(
        found,
        verdict="different" if any_rows else found.verdict,
        doubled_left=doubled_left,
        doubled_right=doubled_right,
        only_left=only_left,
        only_right=only_right,
        values=values,
        differing_rows=differing,
        hints=tuple(dict.fromkeys(hints)),
    )


def _doubled(tables: _Tables, side: str) -> Keys:
    """Keys that stand more than once: matching by key would multiply them."""
    listed = tables.listed
    tables.connection.execute(
        f"CREATE TEMP TABLE doubled_{side} AS SELECT {listed} FROM {side} GROUP BY {listed} HAVING count(*) > 1"
    )
    return _keys(tables, f"doubled_{side}")


def _leave_out_doubled(tables: _Tables) -> None:
    """From here on ``l`` and ``r`` are the rows whose key stands once on either side."""
    for side in ("l", "r"):
        tables.connection.execute(f"ALTER VIEW {side} RENAME TO all_{side}")
        tables.connection.execute(
            f"CREATE VIEW {side} AS FROM all_{side} AS t "
            f"ANTI JOIN doubled_l AS dl ON {tables.same_key('t', 'dl')} "
            f"ANTI JOIN doubled_r AS dr ON {tables.same_key('t', 'dr')}"
        )


def _only(tables: _Tables, side: str, other: str) -> Keys:
    tables.connection.execute(
        f"CREATE TEMP TABLE only_{side} AS SELECT DISTINCT {tables.listed} FROM {side} "
        f"ANTI JOIN {other} ON {tables.same_key(side, other)}"
    )
    return _keys(tables, f"only_{side}")


def _keys(tables: _Tables, name: str) -> Keys:
    count = tables.number(f"SELECT count(*) FROM {name}")
    listed = tables.listed
    rows = tables.all(f"SELECT {listed} FROM {name} ORDER BY {listed} LIMIT {SHOWN}") if count else []
    return Keys(count, tuple(tables.shown_key(row) for row in rows))


def _values(tables: _Tables) -> tuple[int, tuple[ValueDifference, ...]]:
    """How many rows differ in some column, and each such column."""
    names = tables.shared
    if not names:
        return 0, ()
    joined = f"FROM l JOIN r ON {tables.same_key('l', 'r')}"
    differs = {name: tables.differs(name) for name in names}
    some = " OR ".join(differs.values())
    counted = ", ".join(f"count(*) FILTER (WHERE {each})" for each in (some, *differs.values()))
    total, *counts = (int(str(count)) for count in tables.all(f"SELECT {counted} {joined}")[0])
    if not total:
        return 0, ()
    _keep(tables, "differing", some, KEPT)
    found = [_value(tables, name, rows) for name, rows in zip(names, counts, strict=True) if rows]
    return total, tuple(found)


def _keep(tables: _Tables, kept: str, where: str, limit: int) -> None:
    """The first rows by key in which the sides differ so, with what each column has on either side, as a table."""
    names = tables.shared
    pairs = ", ".join(f"l.{quoted(name)} AS {_left(name)}, r.{quoted(name)} AS {_right(name)}" for name in names)
    keys = ", ".join(f"l.{quoted(name)}" for name in tables.subject.key)
    marks = ", ".join(f"{tables.differs(name)} AS {_mark(name)}" for name in names)
    tables.connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {kept} AS SELECT {keys}, {pairs}, {marks} "
        f"FROM l JOIN r ON {tables.same_key('l', 'r')} WHERE {where} ORDER BY {keys} LIMIT {limit}"
    )


def _value(tables: _Tables, name: str, rows: int) -> ValueDifference:
    subject, kept = tables.subject, "differing"
    sample = _sample(tables, name, kept)
    if not sample:  # it differs only beyond the rows that are kept
        kept = "beyond"
        _keep(tables, kept, tables.differs(name), SAMPLED)
        sample = _sample(tables, name, kept)
    trap = looked_for(lambda: _trap(tables, name, kept, sample), None)
    examples = tuple(
        ValueExample(tables.shown_key(row[:-2]), shown(subject, name, row[-2]), shown(subject, name, row[-1]))
        for row in sample[:SHOWN]
    )
    return ValueDifference(name, rows, examples, trap)


def _trap(tables: _Tables, name: str, kept: str, sample: Sequence[Sequence[object]]) -> str | None:
    trap = traps.of_values(name, [(row[-2], row[-1]) for row in sample])
    return traps.of_order(_beside(tables, name, kept)) if trap == traps.ORDER else trap


def _sample(tables: _Tables, name: str, kept: str) -> list[tuple[object, ...]]:
    """Key and both values of the first of these rows in which the column differs."""
    return tables.all(
        f"SELECT {tables.listed}, {_left(name)}, {_right(name)} FROM {kept} WHERE {_mark(name)} "
        f"ORDER BY {tables.listed} LIMIT {SAMPLED}"
    )


def _beside(tables: _Tables, name: str, kept: str) -> list[tuple[object, ...]]:
    """What else stands in the rows in which a column differs: by one of these it was ordered."""
    others = [_left(other) for other in tables.shared if other != name]
    listed = ", ".join([tables.listed, *others])
    return tables.all(f"SELECT {listed} FROM {kept} WHERE {_mark(name)} LIMIT {SAMPLED}")


def _left(name: str) -> str:
    return quoted(f"left:{name}")


def _right(name: str) -> str:
    return quoted(f"right:{name}")


def _mark(name: str) -> str:
    return quoted(f"differs:{name}")
