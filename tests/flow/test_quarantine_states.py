"""Which rejected rows are open and which are resolved, and which rows are held until their parent arrives."""

from __future__ import annotations

from pathlib import Path

import pytest
from silver_world import SilverWorld, contract, places_contract, reference, row

from lake import quarantine
from lake.contract.model import Column, Type
from lake.standing import with_state


@pytest.fixture
def world(tmp_path: Path) -> SilverWorld:
    return SilverWorld(tmp_path / "lake")


def test_held_rows_are_those_whose_parent_has_not_arrived(tmp_path: Path) -> None:
    parents = SilverWorld(tmp_path, places_contract())
    children = SilverWorld(tmp_path, contract(references=reference()))
    contracts = {"places": parents.contract, "readings": children.contract}
    assert quarantine.held(children.objects, contracts, "readings").is_empty()
    children.receive([row("a", 0, 1.0), row("b", 0, 2.0)])
    children.update()
    held = quarantine.held(children.objects, contracts, "readings")
    assert held.select("place", "_reference", "_waits_for").rows() == [("a", "places", "a"), ("b", "places", "b")]
    parents.receive([{"place": "a"}], dataset="places")
    parents.update()
    assert quarantine.held(children.objects, contracts, "readings")["place"].to_list() == ["b"]


def states(world: SilverWorld) -> list[tuple[int, int, str]]:
    found = with_state(world.objects, world.contract, quarantine.rows(world.objects, "readings"))
    return found.select("_load", "_position", "state").rows()


def test_a_rejected_row_is_resolved_once_its_key_came_good(world: SilverWorld) -> None:
    world.receive([row("a", 0, 500.0), row("a", 1, 600.0), row("a", 2, 1.0), row("a", 3, 1.0)])
    world.update()
    assert states(world) == [(1, 0, "open"), (1, 1, "open")]
    world.receive([row("a", 0, 5.0), row("a", 1, 700.0), row("a", 2, 1.0), row("a", 3, 1.0)])
    world.update()
    assert states(world) == [(1, 0, "resolved"), (1, 1, "open"), (2, 1, "open")]
    world.receive([row("a", 0, 5.0), row("a", 1, 7.0), row("a", 2, 1.0), row("a", 3, 1.0)])
    world.update()
    assert {state for *_, state in states(world)} == {"resolved"}


def test_an_earlier_good_row_resolves_nothing(world: SilverWorld) -> None:
    world.receive([row("a", 0, 5.0)], day=0)
    world.update()
    world.receive([row("a", 0, 500.0), row("b", 0, 1.0)], day=1)
    world.update()
    assert states(world) == [(1, 0, "open")]
    world.receive([row("a", 0, 600.0), row("b", 0, 1.0)], day=1)
    assert world.update().unchanged
    assert states(world) == [(1, 0, "open"), (2, 0, "open")]
    world.receive([row("a", 0, 5.0), row("b", 0, 1.0)], day=1)
    assert world.update().unchanged
    assert states(world) == [(1, 0, "resolved"), (2, 0, "resolved")]


def test_a_row_without_readable_key_is_resolved_by_a_clean_reload(world: SilverWorld) -> None:
    world.receive([{**row("a", 0, 1.0), "time": "yesterday"}, row("a", 1, 1.0), row("a", 2, 1.0)])
    world.update()
    assert states(world) == [(1, 0, "open")]
    world.receive([row("a", 0, 1.0), row("a", 1, 1.0), row("a", 2, 1.0)])
    world.update()
    assert states(world) == [(1, 0, "resolved")]


def test_no_rejected_row_has_no_state(world: SilverWorld) -> None:
    assert states(world) == []


def test_a_contract_may_name_its_columns_as_we_name_ours(tmp_path: Path) -> None:
    names = ["partition", "slice", "owner", "row", "rules", "reference", "state", "load", "newest", "before", "after"]
    columns = [Column(name, Type("string"), name, required=True) for name in names]
    world = SilverWorld(tmp_path, contract("readings", *columns, key=("place", "at", *names)))
    same = dict.fromkeys(names, "x")
    world.receive([row("a", 0, 500.0, **same), row("a", 1, 1.0, **same), row("a", 2, 1.0, **same)])
    world.update()
    world.receive([row("a", 0, 5.0, **same), row("a", 1, 2.0, **same)])
    assert world.update().inserted == 1
    assert states(world) == [(1, 0, "resolved")]
    contracts = {"places": places_contract(), "readings": contract("readings", *columns, references=reference())}
    assert quarantine.held(world.objects, contracts, "readings").height == 3
