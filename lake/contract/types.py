"""A contract's types in Arrow and Polars. Timestamps are UTC microseconds, integers 64 bits, floats 64 bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.contract.model import Contract, Type

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

METADATA = {
    "_run_date": Type("date"),
    "_load": Type("integer"),
    "_payload": Type("string"),
    "_position": Type("integer"),
    "_extra": Type("string"),
}
"""The metadata columns of silver tables, in their order, after the contract's own columns."""


def polars_type(column_type: Type) -> pl.DataType:
    """The Polars type of a logical type."""
    import polars as pl

    if column_type.kind == "decimal":
        return pl.Decimal(column_type.precision, column_type.scale or 0)
    if column_type.kind == "timestamp":
        return pl.Datetime("us", "UTC")
    types = {"string": pl.String, "integer": pl.Int64, "float": pl.Float64, "boolean": pl.Boolean, "date": pl.Date}
    return types[column_type.kind]()


def arrow_type(column_type: Type) -> pa.DataType:
    """The Arrow type of a logical type."""
    import pyarrow as pa

    if column_type.kind == "decimal":
        return pa.decimal128(column_type.precision, column_type.scale or 0)
    if column_type.kind == "timestamp":
        return pa.timestamp("us", tz="UTC")
    types = {"string": pa.string, "integer": pa.int64, "float": pa.float64, "boolean": pa.bool_, "date": pa.date32}
    return types[column_type.kind]()


def polars_schema(contract: Contract, metadata: bool = False) -> dict[str, pl.DataType]:
    """The columns of a contract, in order, with their Polars types; with silver's metadata columns if asked."""
    schema = {column.name: polars_type(column.type) for column in contract.columns}
    if metadata:
        schema |= {name: polars_type(column_type) for name, column_type in METADATA.items()}
    return schema


def arrow_schema(contract: Contract, metadata: bool = False) -> pa.Schema:
    """The Arrow schema of a contract; required columns are not nullable. With silver's metadata columns if asked."""
    import pyarrow as pa

    columns = [
        pa.field(column.name, arrow_type(column.type), nullable=not column.required) for column in contract.columns
    ]
    if metadata:
        columns += [pa.field(name, arrow_type(column_type)) for name, column_type in METADATA.items()]
    return pa.schema(columns)
