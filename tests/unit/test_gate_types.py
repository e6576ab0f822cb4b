"""Typing, value by value, against plain Python; alone in a column and beside values of other kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from gate_support import FAULT, oracle_value
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contract.model import Kind, Type
from lake.contract.types import polars_type
from lake.gate.types import raw_column, typed
from lake.raw import MIXED, series

KINDS: dict[Kind, Type] = {
    "string": Type("string"),
    "integer": Type("integer"),
    "float": Type("float"),
    "decimal": Type("decimal", 6, 2),
    "boolean": Type("boolean"),
    "date": Type("date"),
    "timestamp": Type("timestamp"),
}


def convert(column: pl.Series, kind: Type) -> list[object]:
    """The typed values, FAULT where the gate sees one."""
    raw = raw_column(column.name, column.dtype)
    value, can_fail = typed(raw, kind)
    frame = column.to_frame().select(raw.bring()).with_columns(value.alias("typed"))
    assert frame["typed"].dtype == polars_type(kind)
    faults = frame[raw.name].is_not_null() & frame["typed"].is_null()
    assert can_fail or not faults.any()
    return [FAULT if fault else value for value, fault in zip(frame["typed"], faults, strict=True)]


def agree(found: list[object], wanted: list[object]) -> None:
    assert list(map(_comparable, found)) == list(map(_comparable, wanted))


def _comparable(value: object) -> tuple[str, object]:
    """With its type, and so that -0.0 is not 0.0."""
    return type(value).__name__, repr(value) if isinstance(value, float) else value


VALUES: list[object] = [
    None, True, False, 0, 1, -1, 3, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, -(2**63) - 1, 2**64, 10**30,
    0.0, -0.0, 3.0, 3.5, -2.675, 2.675, 1.005, 0.005, 9999.99, 9999.994, 9999.995, -9999.995, 1e-7, 1.5e-7, 1e21,
    1e300, -1e300, 5e-324, 9.3e18, float("nan"), float("inf"), float("-inf"),
    "", " ", "a", " padded ", "é", "a\0b", "a\"b\\c\n\x1f\u2028", "\ud800", "NaN", "Infinity", "true", "null",
    "12.5", "12.345", "-0.005", "+1.5", "1e2", "1E-3", "15e-1", "1.", ".5", "1_000", "0x10", "٣", "00012.5", "12.5 ",
    "99999.99", "9999.995", "1e99999", "-1e-99999", "1e999999", "--1",
    "2013-07-04", "2013-02-29", "2012-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2013-7-4",
    " 2013-07-04", "+2013-07-04", "20130704", "2013-07-04T00:00",
    "2013-07-04T05:00", "2013-07-04 05:00", "2013-07-04t05:00z", "2013-07-04T05:00:07", "2013-07-04T05:00Z",
    "2013-07-04T05:00:07.5", "2013-07-04T05:00:07.123456", "2013-07-04T05:00:07.1234560", "2013-07-04T05:00:07.1234561",
    "2013-07-04T05:00+02:00", "2013-07-04T05:00-0930", "2013-07-04T05:00:00-05", "2013-07-04T05:00+24:00",
    "2013-07-04T24:00", "2013-07-04T23:59:60", "2013-07-04T05:60", "2013-02-30T05:00", "2013-07-04T5:00",
    "0001-01-01T00:00+01:00", "9999-12-31T23:59:59.999999", "9999-12-31T23:59-00:01", "2013-07-04T05:00:00+02:00Z",
    "2013-07-04T05:00\n", "1372914000", [1], [], {"a": 1}, {},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_values_beside_others_of_every_kind(kind: Kind) -> None:
    column = series("x", VALUES)
    assert column.dtype == MIXED
    agree(convert(column, KINDS[kind]), [oracle_value(value, KINDS[kind]) for value in VALUES])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_value_alone_in_its_column(kind: Kind, value: object) -> None:
    """A frame of one row: the case in which Polars takes shortcuts."""
    agree(convert(series("x", [value]), KINDS[kind]), [oracle_value(value, KINDS[kind])])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(VALUES), max_size=8), st.sampled_from(list(KINDS)))
def test_any_company_gives_the_same_values(values: list[object], kind: Kind) -> None:
    agree(convert(series("x", values), KINDS[kind]), [oracle_value(value, KINDS[kind]) for value in values])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats() | st.decimals(-(10**8), 10**8, allow_nan=False).map(str), min_size=1, max_size=8),
    st.integers(1, 38),
    st.data(),
)
def test_decimals_round_half_up_like_the_decimal_module(values: list[Any], precision: int, data: Any) -> None:
    kind = Type("decimal", precision, data.draw(st.integers(0, precision)))
    agree(convert(series("x", values), kind), [oracle_value(value, kind) for value in values])


def test_decimals_of_38_digits() -> None:
    texts = ["9" * 38, "9" * 37 + ".5", "9" * 38 + ".5", "-" + "9" * 38 + ".5", "9" * 39]
    kind = Type("decimal", 38, 0)
    agree(convert(series("x", texts), kind), [oracle_value(text, kind) for text in texts])


def parquet(values: list[object], dtype: Any) -> pl.Series:
    return pl.Series("x", values, dtype=dtype)


@pytest.mark.parametrize(
    ("column", "kind", "wanted"),
    [
        (parquet([1, 255], pl.UInt8), "integer", [1, 255]),
        (parquet([1, 2**64 - 1], pl.UInt64), "integer", [1, FAULT]),
        (parquet([Decimal("3.00"), Decimal("3.50")], pl.Decimal(9, 2)), "integer", [3, FAULT]),
        (parquet([1.5, float("nan")], pl.Float32), "float", [1.5, FAULT]),
        (parquet([Decimal("1.25")], pl.Decimal(9, 2)), "float", [1.25]),
        (parquet([Decimal("1.005"), Decimal("99999.9")], pl.Decimal(9, 3)), "decimal", [Decimal("1.01"), FAULT]),
        (parquet([7, 100_000], pl.Int64), "decimal", [Decimal("7.00"), FAULT]),
        (parquet(["a", None], pl.Categorical), "string", ["a", None]),
        (parquet(["a"], pl.Enum(["a"])), "string", ["a"]),
        (parquet([b"a"], pl.Binary), "string", [FAULT]),
        (parquet([date(2013, 7, 4)], pl.Date), "date", [date(2013, 7, 4)]),
        (parquet([date(2013, 7, 4)], pl.Date), "timestamp", [FAULT]),
        (parquet([0, 3_600_000], pl.Int64).cast(pl.Datetime("ms")), "date", [date(1970, 1, 1), FAULT]),
        (parquet([3_600_000], pl.Int64).cast(pl.Datetime("ms")), "timestamp", [datetime(1970, 1, 1, 1, tzinfo=UTC)]),
        (parquet([1_000, 1_001], pl.Int64).cast(pl.Datetime("ns")), "timestamp",
         [datetime(1970, 1, 1, 0, 0, 0, 1, UTC), FAULT]),
        (parquet([2**62, -(2**62)], pl.Int64).cast(pl.Datetime("ms")), "timestamp", [FAULT, FAULT]),
        (parquet([2**62], pl.Int64).cast(pl.Datetime("us", "UTC")), "timestamp", [FAULT]),
        (parquet([2**30], pl.Int32).cast(pl.Date), "date", [FAULT]),
        (parquet([None], pl.Null), "timestamp", [None]),
        (parquet([[1]], pl.List(pl.Int64)), "integer", [FAULT]),
        (parquet([{"a": 1}], pl.Struct({"a": pl.Int64})), "string", [FAULT]),
    ],
)  # fmt: skip
def test_parquet_types(column: pl.Series, kind: Kind, wanted: list[object]) -> None:
    agree(convert(column, KINDS[kind]), wanted)


def test_a_zone_is_converted() -> None:
    local = pl.Series("x", ["2013-07-04T01:00"]).str.to_datetime().dt.replace_time_zone("America/New_York")
    agree(convert(local, KINDS["timestamp"]), [datetime(2013, 7, 4, 5, tzinfo=UTC)])
