from __future__ import annotations

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.raw import METADATA, MIXED, json_text, series


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([], pl.Null),
        ([None, None], pl.Null),
        (["a", None], pl.String),
        (["a\0b", "é"], pl.String),
        ([True, None, False], pl.Boolean),
        ([1, -(2**63), 2**63 - 1], pl.Int64),
        ([1.5, None, -0.0], pl.Float64),
        ([1, 2.5, 2**53], pl.Float64),
        ([1, 2.5, 2**53 + 1], MIXED),  # would not be exact
        ([2**63], MIXED),
        ([True, 1], MIXED),
        ([1, "1"], MIXED),
        ([[1], None], MIXED),
        ([{"b": 1}], MIXED),
        (["\ud800"], MIXED),
    ],
)
def test_a_column_keeps_its_kind_or_is_marked_as_mixed(values: list[object], dtype: pl.DataType) -> None:
    found = series("x", values)
    assert found.dtype == dtype
    assert found.name == "x"
    assert len(found) == len(values)


def test_nothing_is_coerced() -> None:
    assert series("x", ["007", "1e3", " a "]).to_list() == ["007", "1e3", " a "]
    mixed = series("x", [1, "1", True, 1.0, None, {"b": [None], "a": "é"}, 2**70])
    texts = mixed.struct.field("json").to_list()
    assert texts == ["1", '"1"', "true", "1.0", None, '{"a":"é","b":[null]}', str(2**70)]


def test_what_utf8_cannot_hold_is_escaped() -> None:
    assert series("x", ["\ud800", "a"]).struct.field("json").to_list() == ['"\\ud800"', '"a"']


def test_what_json_cannot_say_becomes_a_list_that_no_column_takes() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert json_text(deep) == '["cannot be written: RecursionError"]'
    assert json_text(float("inf")) == "Infinity"
    assert json.loads(json_text(10**5000)) == ["cannot be written: ValueError"]


def test_mixed_columns_survive_concat_and_parquet(tmp_path) -> None:  # type: ignore[no-untyped-def]
    one, other = (pl.DataFrame([series("x", values)]) for values in ([1, "a"], [True, None, 2.0]))
    both = pl.concat([one, other])
    both.write_parquet(tmp_path / "x.parquet")
    again = pl.read_parquet(tmp_path / "x.parquet")["x"]
    assert again.dtype == MIXED
    assert again.struct.field("json").to_list() == ["1", '"a"', "true", None, "2.0"]


def test_metadata_names() -> None:
    assert list(METADATA) == ["_run_date", "_load", "_payload", "_position"]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None)
@given(st.lists(_JSON, max_size=6))
def test_every_value_can_be_read_back(values: list[object]) -> None:
    found = series("x", values)
    if found.dtype == MIXED:
        back = [None if text is None else json.loads(text) for text in found.struct.field("json")]
    else:
        back = found.to_list()
    assert back == values
