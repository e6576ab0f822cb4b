"""One table of Snowflake as a Parquet file: it comes in Arrow batches, which are written as they come."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lake.sql import literal, quoted
from warehouse.duck import opened
from warehouse.exports import Days, Export, condition
from warehouse.kinds import decimal
from warehouse.warehouses._snowflake_session import Session

_KINDS = {
    "TEXT": "text",
    "VARCHAR": "text",
    "FLOAT": "float",
    "DOUBLE": "float",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP_TZ": "timestamp",
    "TIMESTAMP_LTZ": "timestamp",
    "TIMESTAMP_NTZ": "timestamp without zone",
}


def export(session: Session, database: str, schema: str, table: str, to: Path, days: Days | None) -> Export:
    """Read the table in one statement, so as one moment saw it."""
    columns = _columns(session, database, schema, table)
    listed = ", ".join(_name(name) for name in columns)
    query = f"SELECT {listed} FROM {database}.{schema}.{table} WHERE {condition(days, columns, 'snowflake')}"
    _write(session, query, columns, to)
    return Export(columns, to)


def copied(
    tables: Callable[[str], Sequence[str]],
    export_to: Callable[[str, str, Path], Export],
    schemas: Sequence[str],
    copy: Path,
) -> Path:
    """Every table of these schemas in a new DuckDB file at ``copy``, under its schema and name."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=copy.parent) as folder, opened(copy) as connection:
        for schema in schemas:
            connection.execute(f"CREATE SCHEMA {quoted(schema)}")
            for table in tables(schema):
                file = Path(folder) / "table.parquet"
                export_to(schema, table, file)
                source = f"read_parquet({literal(str(file))})"
                connection.execute(f"CREATE TABLE {quoted(schema)}.{quoted(table)} AS FROM {source}")
    return copy


def _columns(session: Session, database: str, schema: str, table: str) -> dict[str, str]:
    """Column to kind, in the table's order. A name that only a quoted reference finds keeps its quotes."""
    rows = session.execute(
        "SELECT column_name, data_type, numeric_precision, numeric_scale "
        f"FROM {database}.information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "ORDER BY ordinal_position",
        (schema.upper(), table.upper()),
    ).rows
    found = {_shown(str(name)): _kind(str(native), precision, scale) for name, native, precision, scale in rows}
    return {name: kind for name, kind in found.items() if not name.startswith("_")}


def _shown(name: str) -> str:
    return name.lower() if name == name.upper() else quoted(name)


def _name(shown: str) -> str:
    return shown if shown.startswith('"') else quoted(shown.upper())


def _kind(native: str, precision: object, scale: object) -> str:
    if native == "NUMBER":
        return decimal(int(str(precision or 38)), int(str(scale or 0)))
    return _KINDS.get(native, native.lower())


def _write(session: Session, query: str, columns: Mapping[str, str], to: Path) -> None:
    from pyarrow import parquet

    schema = _arrow_schema(columns)
    with parquet.ParquetWriter(str(to), schema) as writer:
        for batch in session.arrow_batches(query):
            writer.write_table(batch.rename_columns(list(columns)).cast(schema))


def _arrow_schema(columns: Mapping[str, str]) -> Any:
    """Widths do not depend on the values that happen to be in a batch."""
    import pyarrow as pa

    plain = {
        "text": pa.string(),
        "integer": pa.int64(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "timestamp without zone": pa.timestamp("us"),
    }

    def of(kind: str) -> Any:
        if kind.startswith("decimal("):
            precision, scale = kind[len("decimal(") : -1].split(",")
            return pa.decimal128(int(precision), int(scale))
        return plain.get(kind, pa.string())

    return pa.schema([(name, of(kind)) for name, kind in columns.items()])
