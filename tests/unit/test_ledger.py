"""The ledger, and which snapshots count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lake import layout, ledger
from lake.bronze import LoadRef
from lake.contract.model import Contract
from lake.errors import DamagedError
from lake.ledger import Ledger, LoadRecord
from lake.silver.shrink import chain
from lake.storage.objects import Objects

SNAPSHOT = Contract("t", "silver", "1", "d", "o", (), (), (), load="snapshot", shrink_threshold=0.5)


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path))


def test_it_is_read_as_it_was_written(objects: Objects) -> None:
    assert ledger.read(objects, "t") is None
    kept = Ledger(
        "digest",
        "1.0.0",
        "code",
        {"a": LoadRecord("merged", 3, 2, 1, restates=True), "b": LoadRecord("refused", 9, reason="no", shrunk=True)},
    )
    ledger.write(objects, "t", kept)
    assert ledger.read(objects, "t") == kept
    assert list(kept.refused()) == ["b"]


@pytest.mark.parametrize("text", ["", "{cut", "[]", "{}", '{"loads": {"a": {"no": 1}}}', '{"loads": []}'])
def test_a_damaged_one_is_named(objects: Objects, text: str) -> None:
    objects.put(layout.silver_ledger("t"), text.encode(), "test")
    with pytest.raises(DamagedError, match="rebuild --from bronze") as caught:
        ledger.read(objects, "t")
    assert objects.url(layout.silver_ledger("t")) in str(caught.value)


def refs(*counts: int, slice_key: str = "all") -> tuple[list[LoadRef], dict[str, LoadRecord]]:
    loads = [
        LoadRef("s", "d", date(2013, 7, 1) + timedelta(days=day), slice_key, 1, f"{slice_key} {day}")
        for day in range(len(counts))
    ]
    return loads, {ref.load: LoadRecord("merged", n, n) for ref, n in zip(loads, counts, strict=True)}


@pytest.mark.parametrize(
    ("counts", "counting"),
    [
        ((10,), "all 0"),
        ((10, 5), "all 1"),
        ((10, 4), "all 0"),
        ((10, 4, 6), "all 2"),
        ((10, 4, 4), "all 0"),
        ((10, 6, 3, 1), "all 2"),
        ((10, 6, 3, 2), "all 3"),
        ((0, 0), "all 1"),
        ((10, 0), "all 0"),
        ((1, 100), "all 1"),
    ],
)
def test_the_newest_that_did_not_shrink_counts(counts: tuple[int, ...], counting: str) -> None:
    loads, records = refs(*counts)
    for order in (loads, loads[::-1]):
        found, judged = chain(SNAPSHOT, order, records, ())
        assert found == [counting]
        assert chain(SNAPSHOT, order, judged, ())[0] == found


def test_a_shrunk_one_is_refused_with_figures_until_accepted() -> None:
    loads, records = refs(10, 4)
    _, judged = chain(SNAPSHOT, loads, records, ())
    shrunk = judged["all 1"]
    assert (shrunk.status, shrunk.shrunk) == ("refused", True)
    assert shrunk.reason == "the snapshot has 4 rows, the one before 10: more than 50% are missing"
    found, accepted = chain(SNAPSHOT, loads, judged, ["all 1"])
    assert found == ["all 1"]
    assert accepted["all 1"] == LoadRecord("merged", 4, 4)


def test_slices_do_not_meet_and_loads_that_the_gate_refused_do_not_count() -> None:
    loads, records = refs(10, 8, slice_key="x")
    others, more = refs(3, slice_key="y")
    records["x 1"] = replace(records["x 1"], status="refused", reason="unreadable")
    found, judged = chain(SNAPSHOT, [*loads, *others], {**records, **more}, ())
    assert found == ["x 0", "y 0"]
    assert judged["x 1"].reason == "unreadable"


def test_loads_without_record_are_left_out() -> None:
    loads, records = refs(10, 8)
    del records["all 1"]
    found: Any = chain(SNAPSHOT, loads, records, ())
    assert found[0] == ["all 0"]
