"""Silver from real bronze: what is taken in, what is written, and what a refused load or another contract changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from silver_world import SilverWorld, contract, expected, parse, row, values

from lake import layout, ledger, quarantine, writes
from lake.contract.model import Column, Contract, Partition, Type
from lake.contract.types import arrow_schema
from lake.errors import TableError, UnknownChoiceError
from lake.gate import gate

JANUARY, FEBRUARY, MARCH = date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1)


@pytest.fixture
def world(tmp_path: Path) -> SilverWorld:
    return SilverWorld(tmp_path / "lake")


def record(world: SilverWorld, load: str) -> ledger.LoadRecord:
    known = ledger.read(world.objects, world.contract.table)
    assert known is not None
    return known.loads[load]


def test_the_first_loads(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0), row("a", 60, 2.0), row("b", 0, 500.0)])
    result = world.update()
    assert (result.rows_in, result.valid, result.rejected, result.refused_rows) == (3, 2, 1, 0)
    assert (result.inserted, result.updated, result.removed, result.rows_out) == (2, 0, 0, 2)
    assert (result.version, result.changed_partitions, result.loads) == (0, {JANUARY, FEBRUARY}, 1)
    assert result.bytes > 0
    assert result.rebuilt == "it has no ledger"
    assert values(world) == {("a", 0): 1.0, ("a", 60): 2.0}
    stored = world.rows().to_dicts()[0]
    assert (stored["_run_date"], stored["_load"], stored["_position"]) == (date(2013, 7, 1), 1, 0)
    assert stored["_payload"].startswith("bronze/source=meter/")


def test_an_empty_bronze_makes_no_table(world: SilverWorld) -> None:
    result = world.update()
    assert (result.version, result.rows_out, result.changed_partitions) == (None, 0, set())
    assert not world.table.exists()
    assert world.update().rebuilt == ""


def test_nothing_new_is_nothing_done(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    seen: list[str] = []
    writes.observe(lambda moment, site, path: seen.append(site))
    result = world.update()
    assert (result.version, result.loads, result.changed_partitions) == (0, 0, set())
    assert result.unchanged
    assert seen == []


def test_only_touched_partitions_are_rewritten(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0), row("a", 60, 2.0)])
    world.update()
    files = world.table.files(partitions=[JANUARY])
    world.receive([row("a", 60, 3.0), row("a", 24 * 35, 4.0)], day=1)
    result = world.update()
    assert (result.inserted, result.updated, result.changed_partitions) == (1, 1, {FEBRUARY, MARCH})
    assert world.table.files(partitions=[JANUARY]) == files
    assert values(world) == {("a", 0): 1.0, ("a", 60): 3.0, ("a", 24 * 35): 4.0}


def test_a_load_without_news_makes_no_version_and_still_counts(world: SilverWorld) -> None:
    """value 1 on day 0, again on day 2; a late load of day 1 that says 2 must not win over day 2."""
    world.receive([row("a", 0, 1.0)], day=0)
    world.update()
    third = world.receive([row("a", 0, 1.0), row("b", 60, 5.0)], day=2)
    assert world.update().changed_partitions == {FEBRUARY}
    assert record(world, third.load).restates
    world.receive([row("a", 0, 2.0)], day=1)
    result = world.update()
    assert result.unchanged
    assert result.loads == 2
    assert values(world) == {("a", 0): 1.0, ("b", 60): 5.0}
    world.receive([row("a", 0, 3.0)], day=3)
    assert world.update().updated == 1
    assert values(world)["a", 0] == 3.0


def test_late_loads_are_merged_by_their_date(world: SilverWorld) -> None:
    world.receive([row("a", 0, 9.0)], day=9)
    world.update()
    world.receive([row("a", 0, 1.0), row("b", 0, 1.0)], day=1)
    assert world.update().inserted == 1
    assert values(world) == {("a", 0): 9.0, ("b", 0): 1.0}


def test_refused_loads_are_left_out_named_and_the_rest_lands(world: SilverWorld) -> None:
    bad = world.receive([row("a", 0, 500.0), row("a", 1, 600.0), row("a", 2, 1.0)], day=0)
    unreadable = world.receive(b"<html>", day=1)
    world.receive([row("b", 0, 1.0)], day=2)
    result = world.update()
    assert set(result.refused_loads) == {bad.load, unreadable.load}
    assert "2 of 3 rows rejected" in result.refused_loads[bad.load]
    assert "no JSON" in result.refused_loads[unreadable.load]
    assert (result.rows_in, result.valid, result.rejected, result.refused_rows) == (4, 1, 0, 3)
    assert values(world) == {("b", 0): 1.0}
    assert quarantine.rows(world.objects, "readings").is_empty()
    listed = quarantine.refused(world.objects, "readings")
    assert listed.select("load", "run_date", "rows_in").rows() == [
        (bad.load, date(2013, 7, 1), 3),
        (unreadable.load, date(2013, 7, 2), 0),
    ]
    assert world.update().refused_loads == {}


def test_a_refused_load_is_let_in_for_good(world: SilverWorld) -> None:
    bad = world.receive([row("a", 0, 500.0), row("a", 1, 600.0), row("a", 2, 1.0)])
    world.update()
    result = world.update(accept=[bad.load])
    assert (result.valid, result.rejected, result.refused_loads) == (1, 2, {})
    assert values(world) == {("a", 2): 1.0}
    assert quarantine.rows(world.objects, "readings").height == 2
    assert world.update(rebuild=True).unchanged
    world.objects.delete([layout.silver_ledger("readings")], "test")
    world.table.drop("test")
    world.update()
    assert values(world) == {("a", 2): 1.0}


def test_only_a_refused_load_can_be_let_in(world: SilverWorld) -> None:
    good = world.receive([row("a", 0, 1.0)])
    bad = world.receive(b"<html>", day=1)
    world.update()
    for load in (good.load, "nonsense"):
        with pytest.raises(UnknownChoiceError, match="unknown refused load") as caught:
            world.update(accept=[load])
        assert bad.load in str(caught.value)


def test_a_changed_contract_makes_the_table_again(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0, note="x"), row("a", 1, 500.0)])
    world.receive([row("b", 0, 2.0)], day=1)
    world.update()
    assert world.rows()["_extra"].to_list() == ['{"note":"x"}', None]
    world.contract = contract("readings", Column("note", Type("string"), "a note"), digest="2")
    result = world.update()
    assert result.rebuilt == "its contract changed"
    assert (result.inserted, result.updated, result.loads) == (0, 1, 2)
    assert world.rows().select("note", "_extra").rows() == [("x", None), (None, None)]
    assert world.table.has_shape(arrow_schema(world.contract, metadata=True), world.contract.partition)
    assert world.update().loads == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"partition": Partition("at", "year")},
        {"partition": None},
        {"key": ("place",)},
        {"history": True},
    ],
)
def test_a_change_of_key_or_partition_is_a_change_of_contract(world: SilverWorld, changed: dict[str, Any]) -> None:
    loads = [[row("a", 0, 1.0), row("b", 60, 2.0)], [row("a", 1, 3.0)]]
    received = [(world.receive(rows, day), rows) for day, rows in enumerate(loads)]
    world.update()
    world.contract = contract(**changed, digest="2")
    world.update()
    assert world.content() == expected(world.contract, received)
    fresh = SilverWorld(world.folder, world.contract)
    assert fresh.update(rebuild=True).unchanged


def test_a_contract_change_without_effect_writes_no_version(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    world.contract = contract(digest="better described")
    assert world.update().unchanged
    assert world.table.version() == 0


def test_changed_code_takes_all_loads_in_again(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update(code="one")
    assert world.update(code="one").loads == 0
    assert world.update().loads == 0
    result = world.update(code="two")
    assert (result.rebuilt, result.loads, result.version) == ("our code changed", 1, 0)
    assert world.update(code="two").loads == 0


def test_force_takes_all_in_again_and_writes_nothing_for_the_same(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    result = world.update(force=True)
    assert (result.loads, result.unchanged, result.version) == (1, True, 0)


def test_a_table_or_ledger_that_was_deleted_is_made_again(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)])
    world.update()
    world.table.drop("test")
    assert world.update().rebuilt == "it is not there any more"
    world.objects.delete([layout.silver_ledger("readings")], "test")
    assert world.update().unchanged
    assert values(world) == {("a", 0): 1.0}


def test_replay_after_a_fix_of_the_code_is_as_if_it_had_come_good(world: SilverWorld) -> None:
    """The gate is mended: what it wrongly rejected and refused comes in, and what it wrongly let in goes."""
    loads = [
        world.receive([row("a", 0, 50.0), row("a", 1, 2.0), row("a", 2, 3.0)]),
        world.receive([row("b", 0, 60.0)], day=1),
    ]
    world.receive([row("c", 0, 4.0)], day=2)

    def too_strict(contract: Contract, raw: pl.DataFrame, **more: Any) -> Any:
        return gate(contract, raw.with_columns(value=pl.col("value") * 10), **more)

    world.update(gate=too_strict)
    assert values(world) == {("a", 1): 20.0, ("a", 2): 30.0, ("c", 0): 40.0}
    world.update(again=[ref.load for ref in loads])
    assert values(world) == {("a", 0): 50.0, ("a", 1): 2.0, ("a", 2): 3.0, ("b", 0): 60.0, ("c", 0): 40.0}
    assert quarantine.rows(world.objects, "readings").is_empty()

    def without_a(contract: Contract, raw: pl.DataFrame, **more: Any) -> Any:
        return gate(contract, raw.filter(pl.col("place") != "a"), **more)

    result = world.update(again=[loads[0].load], gate=without_a)
    assert result.rebuilt == "a load gives other rows than before"
    assert values(world) == {("b", 0): 60.0, ("c", 0): 4.0}


def test_snapshots_replace_and_refuse_to_shrink(tmp_path: Path) -> None:
    world = SilverWorld(tmp_path, contract(load="snapshot", shrink_threshold=0.5))
    world.receive([row("a", hour, 1.0) for hour in range(4)], day=0)
    world.update()
    world.receive([row("a", hour, 2.0) for hour in range(1, 4)], day=1)
    result = world.update()
    assert (result.updated, result.removed, result.rows_out) == (3, 1, 3)
    small = world.receive([row("a", 1, 3.0)], day=2)
    refused = world.update()
    assert refused.refused_loads == {small.load: "the snapshot has 1 rows, the one before 3: more than 50% are missing"}
    assert refused.unchanged
    assert world.update().refused_loads == {}
    accepted = world.update(accept_shrink=True)
    assert (accepted.removed, accepted.rows_out) == (2, 1)
    assert values(world) == {("a", 1): 3.0}
    assert world.update(rebuild=True).unchanged


def test_a_shrunk_snapshot_can_be_accepted_by_its_load(tmp_path: Path) -> None:
    world = SilverWorld(tmp_path, contract(load="snapshot"))
    world.receive([row("a", hour, 1.0) for hour in range(4)], day=0)
    small = world.receive([row("a", 1, 3.0)], day=1)
    assert set(world.update().refused_loads) == {small.load}
    world.update(accept=[small.load])
    assert values(world) == {("a", 1): 3.0}


def test_a_row_without_the_partitions_date_is_an_error_of_ours(tmp_path: Path) -> None:
    columns = (Column("seen", Type("timestamp"), "may be null"),)
    world = SilverWorld(tmp_path, contract("readings", *columns, partition=Partition("seen", "month")))
    world.receive([row("a", 0, 1.0)])
    with pytest.raises(TableError, match="make the column required"):
        world.update()
    assert not world.table.exists()


def test_parse_gets_each_load_with_what_bronze_knows(world: SilverWorld) -> None:
    world.receive([row("a", 0, 1.0)], day=3, slice_key="x")
    seen: list[Any] = []

    def spy(loads: Any) -> Any:
        seen.extend(loads)
        return parse(loads)

    from lake.silver import update

    update(world.objects, world.contract, world.bronze, spy, loads=world.loads())
    (load,) = seen
    assert (load.request.run_date, load.request.slice_key, load.number) == (date(2013, 7, 4), "x", 1)
    assert load.fetched_at == datetime(2013, 8, 4, 12, tzinfo=UTC)
