"""Casting Arrow batches to a table's schema, and refusing where a value would change.

Table formats cast on append by themselves, and silently: deltalake stores 1.9 as 1 into an integer column. So every
batch passes here first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lake.errors import TableError

if TYPE_CHECKING:
    import pyarrow as pa


def cast_batch(batch: pa.RecordBatch, schema: pa.Schema, where: str) -> pa.RecordBatch:
    """The batch with exactly the columns of ``schema``, in its order and types.

    Raises TableError where a column is missing or unknown, where the kinds differ (text for a number, a timestamp
    without zone), where a value would change, or where a null stands in a column that is not nullable.
    """
    import pyarrow as pa

    given, wanted = set(batch.schema.names), set(schema.names)
    if given != wanted:
        missing, unknown = sorted(wanted - given), sorted(given - wanted)
        told = [f"lack {', '.join(missing)}"] * bool(missing) + [f"have unknown {', '.join(unknown)}"] * bool(unknown)
        raise TableError(f"the rows {' and '.join(told)}", where=where, fix="give exactly the contract's columns")
    columns = [_cast(batch.column(field.name), field, where) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(values: pa.Array, field: pa.Field, where: str) -> pa.Array:
    import pyarrow as pa

    if values.null_count and not field.nullable:
        raise TableError(
            f"{values.null_count} nulls in {field.name}, which is required",
            where=where,
            fix="the gate or the transformation has to keep them out",
        )
    if values.type.equals(field.type):
        return values
    if not _related(values.type, field.type):
        raise TableError(
            f"{field.name} is {values.type}, the contract says {field.type}",
            where=where,
            fix="type the column before it is written",
        )
    try:
        return values.cast(field.type, safe=True)
    except pa.ArrowInvalid as error:
        raise TableError(
            f"{field.name} cannot become {field.type} without loss: {error}",
            where=where,
            fix="round or widen the column on purpose before it is written",
        ) from None


def _related(given: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a cast between the types keeps the meaning of a value, as long as it is exact."""
    import pyarrow.types as kinds

    if kinds.is_dictionary(given) or (_is_list(given) and _is_list(wanted)):
        return _related(given.value_type, wanted.value_type if _is_list(wanted) else wanted)
    if kinds.is_timestamp(given) and kinds.is_timestamp(wanted):
        return (given.tz is None) == (wanted.tz is None)
    if kinds.is_floating(given) and kinds.is_floating(wanted):
        return bool(given.bit_width <= wanted.bit_width)
    families = (_is_text, kinds.is_decimal, kinds.is_boolean, kinds.is_date, _is_number)
    return bool(kinds.is_null(given)) or any(family(given) and family(wanted) for family in families)


def _is_number(given: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_integer(given) or kinds.is_floating(given))


def _is_text(given: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_string(given) or kinds.is_large_string(given) or kinds.is_string_view(given))


def _is_list(given: pa.DataType) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_list(given) or kinds.is_large_list(given))
