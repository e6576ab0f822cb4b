"""The rules of equality."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from engine_tables import contract, frame_of

from lake.compare import differences

MADE = contract("t", "id at", "id:string at:timestamp value:float amount:decimal(10,2) word:string rows:integer")
AT = datetime(2013, 7, 4, 12, tzinfo=UTC)


def row(**values: object) -> dict[str, object]:
    return {"id": "a", "at": AT, "value": 1.0, "amount": Decimal("1.25"), "word": "rain", "rows": 3, **values}


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return frame_of(MADE, list(rows))


def test_equal_in_any_order_whatever_the_metadata() -> None:
    left = frame(row(), row(id="b", value=None)).with_columns(_load=1)
    right = frame(row(id="b", value=None), row()).with_columns(_load=2, _other=pl.lit("x"))
    assert differences(left, right, MADE) == []


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({"value": 1.0 + 9e-7}, True),
        ({"value": 1.0 - 9e-7}, True),
        ({"value": 1.0 + 2e-6}, False),
        ({"value": None}, False),
        ({"value": float("nan")}, False),
        ({"amount": Decimal("1.26")}, False),
        ({"word": "Rain"}, False),
        ({"word": None}, False),
        ({"rows": 4}, False),
    ],
)
def test_floats_are_near_and_all_else_exact(change: dict[str, object], equal: bool) -> None:
    found = differences(frame(row()), frame(row(**change)), MADE)
    assert (found == []) is equal
    if not equal:
        (column,) = change
        assert [(one.kind, one.column, one.key) for one in found] == [("value", column, ("a", AT))]
        assert str(found[0]).startswith(f"value at a, 2013-07-04 12:00:00+00:00 {column}: ")


def test_rows_of_one_side_and_doubled_keys() -> None:
    found = differences(frame(row(), row(id="b")), frame(row(), row(id="c"), row(id="c")), MADE)
    told = {(one.kind, one.key[0]) for one in found}
    assert len(found) == 3
    assert told == {("doubled", "c"), ("only_left", "b"), ("only_right", "c")}


def test_columns_and_types_count() -> None:
    left, right = frame(row()).drop("word"), frame(row()).with_columns(pl.col("rows").cast(pl.Int32), more=1)
    found = differences(left, right, MADE)
    assert [(one.kind, one.column) for one in found] == [("column", "more"), ("type", "rows"), ("column", "word")]


def test_no_more_than_the_limit_is_listed() -> None:
    rows = [row(id=str(number)) for number in range(50)]
    assert len(differences(frame(*rows), frame(), MADE, limit=7)) == 7
