"""How rows go over the wire: null timestamps stay null, and any number of batches is sent."""

from __future__ import annotations

from typing import Any

import fakesnow.server
import pyarrow as pa
import pyarrow.compute as pc
from fakesnow import arrow, rowtype

# Types of DuckDB that fakesnow cannot describe, which would be answered by HTTP 500.
MORE_TYPES = {
    "FLOAT": "real",
    "SMALLINT": "fixed",
    "TINYINT": "fixed",
    "UINTEGER": "fixed",
    "USMALLINT": "fixed",
    "UTINYINT": "fixed",
    "UHUGEINT": "fixed",
    '"NULL"': "text",
    "UUID": "text",
    "INTERVAL": "text",
    "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz",
}


def install() -> None:
    """Put these in place of fakesnow's."""
    rowtype.duckdb_to_sf_type.update(MORE_TYPES)
    arrow.timestamp_to_sf_struct = timestamp_struct
    arrow.to_ipc = fakesnow.server.to_ipc = to_ipc


def to_ipc(table: pa.Table) -> pa.Buffer:
    """The table as one stream of Arrow."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue()


def timestamp_struct(column: Any) -> pa.Array:
    """Seconds and nanoseconds, and for an instant the zone, as Snowflake sends a timestamp; null where it is null."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    missing = column.is_null()
    micros = pc.fill_null(column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()), 0)
    seconds = pc.floor(pc.divide(micros.cast(pa.float64()), 1e6)).cast(pa.int64())
    rest = pc.subtract(micros, pc.multiply(seconds, 1_000_000))
    names, arrays = ["epoch", "fraction"], [seconds, pc.multiply(rest, 1000).cast(pa.int32())]
    if column.type.tz:
        names.append("timezone")
        arrays.append(pa.array([1440] * len(column), type=pa.int32()))  # minutes, counted from -24 h: UTC
    fields = [pa.field(name, array.type, nullable=False) for name, array in zip(names, arrays, strict=True)]
    return pa.StructArray.from_arrays(arrays=arrays, fields=fields, mask=missing)
