"""A table of a database as one Parquet file, for who compares it with the same table elsewhere.

Columns and tables whose names begin with ``_`` are metadata and stay out. Names are given as an unquoted reference
finds them; what only a quoted one finds keeps its quotes, and so differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from lake.sql import literal, quoted
from warehouse.ddl import Dialect
from warehouse.ddl import literal as typed_literal
from warehouse.duck import opened
from warehouse.kinds import kind_of


@dataclass(frozen=True)
class Days:
    """Only the rows whose ``column`` (a date or a timestamp) lies on the UTC days from first to last, both included."""

    column: str
    first: date
    last: date

    @property
    def begin(self) -> datetime:
        """The first instant."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after."""
        after = self.last + timedelta(days=1)
        return datetime(after.year, after.month, after.day, tzinfo=UTC)


@dataclass(frozen=True)
class Export:
    """Column to kind (see ``warehouse.kinds``), in the table's order, and the Parquet file with the rows."""

    columns: Mapping[str, str]
    path: Path


def condition(days: Days | None, columns: Mapping[str, str], dialect: Dialect) -> str:
    """The restriction as SQL; ``true`` where the table has no such column, or one that is no time."""
    kind = columns.get(days.column) if days else None
    if days is None or kind not in ("date", "timestamp", "timestamp without zone"):
        return "true"
    name = quoted(days.column.upper() if dialect == "snowflake" else days.column)
    if kind == "date":
        return f"{name} BETWEEN {typed_literal(days.first, dialect)} AND {typed_literal(days.last, dialect)}"
    if kind == "timestamp":
        return f"{name} >= {typed_literal(days.begin, dialect)} AND {name} < {typed_literal(days.end, dialect)}"
    begin, end = (f"'{moment:%Y-%m-%d} 00:00:00'::timestamp" for moment in (days.begin, days.end))
    return f"{name} >= {begin} AND {name} < {end}"


def duckdb_tables(path: Path, schema: str) -> list[str]:
    """The tables of a schema in the DuckDB file, metadata left out."""
    with opened(path, read_only=True) as connection:
        rows = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ? "
            "AND NOT starts_with(table_name, '_') ORDER BY 1",
            [schema],
        ).fetchall()
    return [str(name) for (name,) in rows]


def duckdb_export(path: Path, schema: str, table: str, to: Path, days: Days | None = None) -> Export:
    """Copy a table of the DuckDB file at ``path`` to the Parquet file ``to``; errors as ``duck.explained`` has them."""
    with opened(path, read_only=True) as connection:
        source = f"{quoted(schema)}.{quoted(table)}"
        described = connection.execute(f"DESCRIBE {source}").fetchall()
        columns = {str(row[0]): kind_of(str(row[1])) for row in described if not str(row[0]).startswith("_")}
        listed = ", ".join(map(quoted, columns))
        rows = f"SELECT {listed} FROM {source} WHERE {condition(days, columns, 'duckdb')}"
        connection.execute(f"COPY ({rows}) TO {literal(str(to))} (FORMAT parquet)")
    return Export(columns, to)
