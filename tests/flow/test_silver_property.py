"""Silver depends on the loads alone: any order, split and repetition of their arrival gives equal tables."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from silver_world import Row, SilverWorld, contract, expected, row

from lake.bronze import LoadRef

VALUES = st.sampled_from([1.0, 2.0, None, 500.0])
ROWS = st.lists(
    st.builds(row, st.sampled_from("ab"), st.sampled_from([0, 1, 60]), VALUES, st.sampled_from([None, 1, 2])),
    max_size=4,
)
LOADS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["x", "y"]), ROWS), min_size=1, max_size=6)
CONTRACTS: dict[str, dict[str, Any]] = {
    "by arrival": {},
    "by version column": {"version_column": "revision"},
    "key without partition": {"key": ("place",)},
    "without partitions": {"partition": None},
}


def _received(world: SilverWorld, loads: Sequence[tuple[int, str, list[Row]]]) -> list[tuple[LoadRef, list[Row]]]:
    """The distinct loads in bronze with their rows."""
    known = {}
    for day, slice_key, rows in loads:
        ref = world.receive(rows, day, slice_key)
        known[ref.load] = (ref, rows)
    return list(known.values())


@pytest.mark.parametrize("kind", CONTRACTS)
@settings(max_examples=25, deadline=None)
@given(loads=LOADS, data=st.data())
def test_any_order_split_and_repetition(
    kind: str, loads: list[tuple[int, str, list[Row]]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = SilverWorld(Path(folder), contract(**CONTRACTS[kind]))
        received = _received(world, loads)
        order = data.draw(st.permutations(received))
        there: list[LoadRef] = []
        while order:
            size = data.draw(st.integers(1, len(order)))
            there += [ref for ref, _ in order[:size]]
            order = order[size:]
            result = world.update(there)
            assert result.rows_in == result.valid + result.rejected + result.duplicates + result.refused_rows
            version = world.table.version()
            if data.draw(st.booleans()):
                assert world.update(there, force=data.draw(st.booleans())).unchanged
                assert world.table.version() == version
        shall = expected(world.contract, received, versioned=world.contract.version_column is not None)
        assert world.content() == shall
        assert world.update(rebuild=True).unchanged
        assert world.content() == shall


@settings(max_examples=25, deadline=None)
@given(loads=LOADS, data=st.data())
def test_history_keeps_every_version_in_any_order(loads: list[tuple[int, str, list[Row]]], data: st.DataObject) -> None:
    from lake.merge import current

    with tempfile.TemporaryDirectory() as folder:
        world = SilverWorld(Path(folder), contract(history=True))
        received = _received(world, loads)
        there: list[LoadRef] = []
        for ref, _ in data.draw(st.permutations(received)):
            there.append(ref)
            world.update(there)
        stepwise = world.rows()
        everything = SilverWorld(Path(folder) / "other", contract(history=True))
        _received(everything, loads)
        everything.update()
        assert stepwise.sort("_payload", "_position").equals(everything.rows().sort("_payload", "_position"))
        if not stepwise.is_empty():
            shown = [*world.contract.column_names, "_extra"]
            newest = current(stepwise.lazy(), world.contract).select(shown).collect()
            assert sorted(newest.rows(), key=repr) == expected(world.contract, received)


@settings(max_examples=25, deadline=None)
@given(
    counts=st.lists(st.tuples(st.sampled_from(["x", "y"]), st.integers(0, 6)), min_size=1, max_size=6),
    data=st.data(),
)
def test_snapshots_in_any_order(counts: list[tuple[str, int]], data: st.DataObject) -> None:
    """The table is what the newest good snapshot of each slice says, whenever each came."""
    with tempfile.TemporaryDirectory() as folder:
        world = SilverWorld(Path(folder), contract(load="snapshot", shrink_threshold=0.5))
        shall: dict[str, list[Row]] = {}
        received = []
        for day, (slice_key, count) in enumerate(counts):
            rows = [row(slice_key, hour, float(day)) for hour in range(count)]
            received.append(world.receive(rows, day, slice_key))
            if slice_key not in shall or count >= 0.5 * len(shall[slice_key]):
                shall[slice_key] = rows
        there: list[LoadRef] = []
        for ref in data.draw(st.permutations(received)):
            there.append(ref)
            world.update(there)
        values = sorted((each["place"], each["value"]) for rows in shall.values() for each in rows)
        assert sorted((place, value) for place, _, value, *_ in world.content()) == values
        assert world.update(rebuild=True).unchanged
