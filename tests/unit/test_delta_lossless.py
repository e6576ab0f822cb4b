"""The cast before a write: what keeps its value passes, everything else is refused with column and table."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import TableError
from lake.tables.lossless import cast_batch

UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")


def cast(values: pa.Array, wanted: pa.DataType, nullable: bool = True) -> list[Any]:
    batch = pa.RecordBatch.from_arrays([values], names=["x"])
    done = cast_batch(batch, pa.schema([pa.field("x", wanted, nullable=nullable)]), "silver/t")
    assert done.schema.field("x").type == wanted
    return list(done.column("x").to_pylist())


@pytest.mark.parametrize(
    ("values", "wanted", "given"),
    [
        (pa.array([1, None], pa.int32()), pa.int64(), [1, None]),
        (pa.array([1], pa.uint64()), pa.int64(), [1]),
        (pa.array([2.0]), pa.int64(), [2]),
        (pa.array([2**53]), pa.float64(), [float(2**53)]),
        (pa.array([1.5], pa.float32()), pa.float64(), [1.5]),
        (pa.array(["a"], pa.large_string()), pa.string(), ["a"]),
        (pa.array(["a"], pa.string_view()), pa.string(), ["a"]),
        (pa.array(["a"]).dictionary_encode(), pa.string(), ["a"]),
        (pa.array([["a"]], pa.large_list(pa.large_string())), pa.list_(pa.string()), [["a"]]),
        (pa.array([None]), pa.string(), [None]),
        (pa.array([1_000], pa.timestamp("ns", tz="UTC")), UTC_MICROSECONDS, [datetime(1970, 1, 1, 0, 0, 0, 1, UTC)]),
        (pa.array([0], pa.timestamp("us", tz="Asia/Tokyo")), UTC_MICROSECONDS, [datetime(1970, 1, 1, tzinfo=UTC)]),
        (pa.array([date(2013, 7, 4)], pa.date64()), pa.date32(), [date(2013, 7, 4)]),
        (pa.array([Decimal("1.20")]), pa.decimal128(10, 1), [Decimal("1.2")]),
    ],
)
def test_what_keeps_its_value(values: pa.Array, wanted: pa.DataType, given: list[Any]) -> None:
    assert cast(values, wanted) == given


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (pa.array([1.9]), pa.int64()),
        (pa.array([float("nan")]), pa.int64()),
        (pa.array([2**63], pa.uint64()), pa.int64()),
        (pa.array([2**53 + 1]), pa.float64()),
        (pa.array([0.1]), pa.float32()),
        (pa.array([0.1]), pa.decimal128(10, 2)),
        (pa.array(["1"]), pa.int64()),
        (pa.array([1]), pa.string()),
        (pa.array([True]), pa.int64()),
        (pa.array([1_001], pa.timestamp("ns", tz="UTC")), UTC_MICROSECONDS),
        (pa.array([0], pa.timestamp("us")), UTC_MICROSECONDS),
        (pa.array([0], UTC_MICROSECONDS), pa.date32()),
        (pa.array([Decimal("1.25")]), pa.decimal128(10, 1)),
        (pa.array([Decimal("123.4")]), pa.decimal128(3, 1)),
        (pa.array(["a"]), pa.list_(pa.string())),
    ],
)
def test_what_would_change_is_refused(values: pa.Array, wanted: pa.DataType) -> None:
    with pytest.raises(TableError) as caught:
        cast(values, wanted)
    assert "x" in caught.value.what.split()
    assert caught.value.where == "silver/t"


def test_required_columns_take_no_null() -> None:
    with pytest.raises(TableError, match="1 nulls in x"):
        cast(pa.array(["a", None]), pa.string(), nullable=False)


def test_columns_must_be_the_tables() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "b"])
    with pytest.raises(TableError, match="lack c and have unknown b"):
        cast_batch(batch, pa.schema([("a", pa.int64()), ("c", pa.int64())]), "t")
    swapped = cast_batch(batch, pa.schema([("b", pa.int64()), ("a", pa.int64())]), "t")
    assert swapped.to_pylist() == [{"b": 2, "a": 1}]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(allow_nan=False) | st.integers(-(2**62), 2**62).map(float), max_size=5))
def test_floats_into_integers_keep_the_value_or_are_refused(values: list[float]) -> None:
    array = pl.Series(values, dtype=pl.Float64).to_arrow()
    try:
        kept = cast(array, pa.int64())
    except TableError:
        assert any(not value.is_integer() or abs(value) >= 2**53 for value in values)
    else:
        assert kept == values
