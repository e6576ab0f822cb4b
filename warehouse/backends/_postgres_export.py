"""One table of Postgres as a Parquet file: ADBC reads it as Arrow batches, DuckDB writes them; memory is that of a few.

Exact numbers come as text, since ADBC has no Arrow decimal for them, and become decimals again on the way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lake.sql import literal, quoted
from warehouse.backends._postgres_errors import judged
from warehouse.duck import explained, memory
from warehouse.exports import Days, Export, condition
from warehouse.kinds import kind_of

_TABLES = """
SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'r' AND left(c.relname, 1) <> '_' ORDER BY 1
"""
_COLUMNS = """
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped AND left(a.attname, 1) <> '_'
ORDER BY a.attnum
"""


def tables(url: str, target: str, schema: str) -> list[str]:
    """The tables of a schema, metadata left out. Raises Lost, StorageError, WarehouseError."""
    import adbc_driver_postgresql.dbapi as adbc

    with judged(url, target), adbc.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES, (schema,))
        return [str(row[0]) for row in cursor.fetchall()]


def export(url: str, target: str, schema: str, table: str, to: Path, days: Days | None) -> Export:
    """Read the table in one statement, so as one moment saw it. Raises as ``tables``."""
    import adbc_driver_postgresql.dbapi as adbc

    with judged(url, target), adbc.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        source = f"{quoted(schema)}.{quoted(table)}"
        cursor.execute(_COLUMNS, (source,))
        columns = {str(name): kind_of(str(native)) for name, native in cursor.fetchall()}
        listed = ", ".join(_read(name, kind) for name, kind in columns.items())
        cursor.execute(f"SELECT {listed} FROM {source} WHERE {condition(days, columns, 'postgres')}")
        _write(cursor.fetch_record_batch(), columns, to)
    return Export(columns, to)


def _is_exact(kind: str) -> bool:
    return kind.startswith("decimal")


def _read(name: str, kind: str) -> str:
    return f"{quoted(name)}::text AS {quoted(name)}" if _is_exact(kind) else quoted(name)


def _write(reader: Any, columns: dict[str, str], to: Path) -> None:
    listed = ", ".join(
        f"{quoted(name)}::{kind} AS {quoted(name)}" if _is_exact(kind) else quoted(name)
        for name, kind in columns.items()
    )
    with explained(to), memory() as connection:
        connection.register("received", reader)
        connection.execute(f"COPY (SELECT {listed} FROM received) TO {literal(str(to))} (FORMAT parquet)")
