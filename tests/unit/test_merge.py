"""The arithmetic of silver: the total order of versions, and what counts as a change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from lake import merge
from lake.contract.model import Column, Contract, Partition, Type
from lake.contract.types import polars_schema

COLUMNS = (
    Column("id", Type("string"), "key", required=True),
    Column("at", Type("timestamp"), "when", required=True),
    Column("revision", Type("integer"), "version"),
    Column("value", Type("float"), "value"),
)


def contract(**more: Any) -> Contract:
    told = {"primary_key": ("id",), "partition": Partition("at", "month"), **more}
    return Contract("things", "silver", "1", "d", "o", COLUMNS, rules=(), **told)


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    default = {
        "id": "a",
        "at": datetime(2013, 1, 1, tzinfo=UTC),
        "revision": None,
        "value": 1.0,
        "_run_date": date(2013, 7, 1),
        "_load": 1,
        "_payload": "p",
        "_position": 0,
        "_extra": None,
    }
    return pl.DataFrame([{**default, **row} for row in rows], schema=polars_schema(contract(), metadata=True))


NONE = frame().clear()


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"_run_date": date(2013, 7, 1)}, {"_run_date": date(2013, 7, 2)}),
        ({"_run_date": date(2013, 7, 1), "_load": 9}, {"_run_date": date(2013, 7, 2), "_load": 1}),
        ({"_load": 2}, {"_load": 10}),
        ({"_payload": "p"}, {"_payload": "q"}),
        ({"_position": 3}, {"_position": 20}),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_arrival(older: dict[str, Any], newer: dict[str, Any], turned: bool) -> None:
    rows = [frame({**older, "value": 1.0}), frame({**newer, "value": 2.0})]
    first, second = reversed(rows) if turned else rows
    assert merge.merged(first, second, contract())["value"].to_list() == [2.0]


def test_the_version_column_comes_before_arrival_and_null_is_lowest() -> None:
    versioned = contract(version_column="revision")
    rows = frame(
        {"revision": 2, "value": 2.0, "_load": 1},
        {"revision": 1, "value": 1.0, "_load": 5},
        {"revision": None, "value": 0.0, "_load": 9},
    )
    assert merge.merged(NONE, rows, versioned)["value"].to_list() == [2.0]
    assert merge.merged(NONE, rows, contract())["value"].to_list() == [0.0]


def test_a_row_that_comes_again_takes_its_own_place() -> None:
    assert merge.merged(frame({"value": 1.0}), frame({"value": 7.0}), contract())["value"].to_list() == [7.0]


def test_rows_come_out_sorted_by_key() -> None:
    found = merge.merged(frame({"id": "c"}, {"id": "a"}), frame({"id": "b"}), contract())
    assert found["id"].to_list() == ["a", "b", "c"]


def test_difference_tells_inserted_updated_removed_and_their_partitions() -> None:
    february = datetime(2013, 2, 3, tzinfo=UTC)
    before = frame({"id": "same"}, {"id": "new value"}, {"id": "gone", "at": datetime(2013, 3, 1, tzinfo=UTC)})
    after = frame({"id": "same"}, {"id": "new value", "value": None, "_load": 2}, {"id": "added", "at": february})
    found = merge.difference(before, after, contract())
    assert (found.inserted, found.updated, found.removed) == (1, 1, 1)
    assert found.partitions == {date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1)}
    assert found.contested.rows() == [(date(2013, 7, 1), 2, "p")]
    assert not found.nothing


def test_a_key_that_moves_changes_both_partitions() -> None:
    found = merge.difference(frame({}), frame({"at": datetime(2014, 5, 6, tzinfo=UTC), "_load": 2}), contract())
    assert (found.updated, found.partitions) == (1, {date(2013, 1, 1), date(2014, 5, 1)})


def test_where_a_row_came_from_is_no_content_but_extra_is() -> None:
    restated = merge.difference(frame({}), frame({"_load": 2, "_payload": "q"}), contract())
    assert restated.nothing
    assert restated.restated.rows() == [("q", date(2013, 1, 1))]
    assert merge.difference(frame({}), frame({"_extra": "{}"}), contract()).updated == 1
    assert merge.difference(frame({}), frame({}), contract()).restated.is_empty()


def test_without_partitions() -> None:
    found = merge.difference(NONE, frame({}), contract(partition=None))
    assert (found.inserted, found.partitions) == (1, None)


def test_history_keeps_every_place_of_arrival_once() -> None:
    keeps = contract(history=True)
    first = frame({"_position": 0}, {"_position": 1, "value": 2.0})
    again = merge.merged(first, frame({"_position": 1, "value": 3.0}, {"_load": 2, "_payload": "q"}), keeps)
    assert again["value"].to_list() == [1.0, 3.0, 1.0]
    newest = merge.current(again.lazy(), keeps).collect()
    assert newest.select("_payload", "value").rows() == [("q", 1.0)]


def test_rows_of_an_older_contract_are_aligned() -> None:
    older = frame({}).drop("revision").with_columns(value=pl.lit(7), gone=pl.lit("x"))
    found = merge.aligned(older, contract())
    assert dict(found.schema) == polars_schema(contract(), metadata=True)
    assert found.select("revision", "value").rows() == [(None, 7.0)]
