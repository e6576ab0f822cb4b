"""Typing: one raw column into its contract type, as a Polars expression. Part of the gate.

The one rule: the expression is null where the value is missing or cannot be taken, so a *type fault* is a raw value
that is there while its typed value is not. What is taken, by kind (JSON value, or the Parquet type of that name):

- string: text as it is, untrimmed; no NUL character, which Postgres cannot hold. Numbers and truths are faults.
- integer: a number without fraction (``3.0`` is 3) within 64 signed bits.
- float: a finite number; ``-0.0`` becomes ``0.0``. Text is a fault, ``"12.5"`` too: a source that changes its
  spelling is to be seen.
- decimal: a number, or text of one (the usual way to send money), rounded half-up at the contract's scale; of a
  float its shortest decimal text counts, so 2.675 gives 2.68. More digits than the precision holds is a fault.
- boolean: ``true``, ``false``. Not 0, 1 or text.
- date: text ``YYYY-MM-DD``; or a date or a timestamp of exactly midnight from Parquet.
- timestamp: text ``YYYY-MM-DD[T ]HH:MM[:SS[.ffffff]]`` with nothing (meaning UTC), ``Z`` or an offset ``+HH[[:]MM]``,
  no finer than microseconds; or a Parquet timestamp, UTC where it names no zone. Never a number or a bare date.

Dates and timestamps lie between the years 1 and 9999 in UTC, the span that every backend holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

import polars as pl

from lake.contract.model import Type
from lake.contract.types import polars_type
from lake.gate.text import decimal_of_text, moment_of_text, plain_numbers, text_of_json
from lake.raw import MIXED

_MICROSECONDS = pl.Datetime("us", "UTC")
_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)
_FIRST_MOMENT = datetime(1, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_NARROW = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32)


@dataclass(frozen=True)
class RawColumn:
    """One field of the payload inside the gate: ``expression`` is its value, or its JSON text where it is mixed."""

    field: str
    dtype: pl.DataType
    mixed: bool

    @property
    def name(self) -> str:
        """The column that holds it meanwhile; the dot keeps it apart from every contract column."""
        return f"raw.{self.field}"

    @property
    def expression(self) -> pl.Expr:
        """Its value in the gate's frame."""
        return pl.col(self.name)

    def bring(self) -> pl.Expr:
        """From the raw frame: renamed, a mixed column reduced to its texts."""
        value = pl.col(self.field)
        if self.mixed:
            value = value.struct.field("json")
        elif self.dtype == pl.String:
            value = value.cast(pl.String)  # from Categorical and Enum
        return value.alias(self.name)


def raw_column(field: str, dtype: pl.DataType) -> RawColumn:
    """How the gate sees one column of the raw frame."""
    mixed = dtype == MIXED
    text = mixed or isinstance(dtype, pl.Categorical | pl.Enum)
    return RawColumn(field, pl.String() if text else dtype, mixed)


def typed(raw: RawColumn, wanted: Type) -> tuple[pl.Expr, bool]:
    """``(the typed value, whether a value that is there can fail)`` of one raw column."""
    target = polars_type(wanted)
    if raw.dtype == pl.Null:
        return pl.lit(None, dtype=target), False
    if raw.mixed:
        return _mixed(raw.expression, wanted).cast(target), True
    if wanted.kind == "boolean" and raw.dtype == pl.Boolean:
        return raw.expression, False
    if wanted.kind == "integer" and raw.dtype in _NARROW:
        return raw.expression.cast(pl.Int64), False
    if wanted.kind == "float" and raw.dtype.is_integer():
        return raw.expression.cast(pl.Float64), False
    value = _NATURAL[wanted.kind](raw.expression, raw.dtype, wanted)
    return (pl.lit(None, dtype=target) if value is None else value.cast(target)), True


def _only(value: pl.Expr, condition: pl.Expr) -> pl.Expr:
    return pl.when(condition).then(value)


def _string(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    return _only(raw, ~raw.str.contains("\0", literal=True)) if dtype == pl.String else None


def _integer(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    if dtype.is_float():
        return _only(raw.cast(pl.Int64, strict=False), raw == raw.floor())
    if dtype.is_decimal():
        return _only(raw.cast(pl.Int64, strict=False), raw == raw.cast(pl.Decimal(38, 0), strict=False))
    return raw.cast(pl.Int64, strict=False) if dtype.is_integer() else None


def _float(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    if not dtype.is_numeric():
        return None
    value = raw.cast(pl.Float64)
    # A comparison, not `+ 0.0`: Polars drops that addition in a frame of one row.
    return pl.when(value == 0).then(pl.lit(0.0)).when(value.is_finite()).then(value)


def _decimal(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    precision, scale = wanted.precision or 38, wanted.scale or 0
    if dtype.is_integer():
        return raw.cast(pl.Decimal(precision, scale), strict=False)
    if dtype.is_numeric():
        return decimal_of_text(plain_numbers(raw.cast(pl.String)), precision, scale)
    return decimal_of_text(plain_numbers(raw), precision, scale) if dtype == pl.String else None


def _boolean(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    return None


def _date(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    if dtype == pl.String:
        value = _only(raw.str.to_date("%Y-%m-%d", strict=False), raw.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
    elif isinstance(dtype, pl.Datetime):
        moment = _timestamp(raw, dtype, wanted)
        assert moment is not None
        value = _only(moment.dt.date(), moment.dt.time() == pl.time(0, 0, 0))
    elif dtype == pl.Date:
        value = raw
    else:
        return None
    return _only(value, value.is_between(_FIRST, _LAST))


def _timestamp(raw: pl.Expr, dtype: pl.DataType, wanted: Type) -> pl.Expr | None:
    if dtype == pl.String:
        value = moment_of_text(raw)
    elif isinstance(dtype, pl.Datetime):
        value = raw.dt.convert_time_zone("UTC") if dtype.time_zone else raw.dt.replace_time_zone("UTC")
        if dtype.time_unit == "ns":
            value = _only(value, raw.to_physical() % 1000 == 0)
        value = value.cast(_MICROSECONDS, strict=False)
    else:
        return None
    return _only(value, value.is_between(_FIRST_MOMENT, _LAST_MOMENT))


def _mixed(text: pl.Expr, wanted: Type) -> pl.Expr:
    """Of JSON texts: as the natural types above, value by value."""
    kind = wanted.kind
    if kind == "boolean":
        return _only(text == "true", text.is_in(["true", "false"]))
    if kind == "integer":
        # Only texts with a fraction or exponent go by way of a float: whole numbers beyond 64 bits must not be rounded.
        fraction = _integer(text.cast(pl.Float64, strict=False), pl.Float64(), wanted)
        return pl.when(text.str.contains("[.eE]")).then(fraction).otherwise(text.cast(pl.Int64, strict=False))
    if kind == "float":
        value = _float(text.cast(pl.Float64, strict=False), pl.Float64(), wanted)
    elif kind == "decimal":
        number = pl.when(text.str.starts_with('"')).then(text_of_json(text)).otherwise(text)
        value = _decimal(number, pl.String(), wanted)
    else:
        value = _NATURAL[kind](text_of_json(text), pl.String(), wanted)
    assert value is not None
    return value


_NATURAL: dict[str, Callable[[pl.Expr, pl.DataType, Type], pl.Expr | None]] = {
    "string": _string,
    "integer": _integer,
    "float": _float,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
}
