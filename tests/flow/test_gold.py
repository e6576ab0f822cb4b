"""The gold build: what it rewrites, what it leaves alone, and what it holds back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from deltalake import write_deltalake
from gold_world import GOLD, GoldWorld, at, two_places

from lake.contract.model import Contract
from lake.errors import GraphError, TableError, UnknownChoiceError
from lake.gold import latest_snapshot
from lake.transforms import Frame, collect, discover, transformation


@pytest.fixture
def world(tmp_path: Path) -> GoldWorld:
    return two_places(tmp_path / "lake")


def months(*numbers: int) -> frozenset[date]:
    return frozenset(date(2013, number, 1) for number in numbers)


def test_first_build_writes_every_table_and_one_snapshot(world: GoldWorld) -> None:
    result = world.build(run_id="run-1")
    assert result.number == 1
    assert sorted(result.tables) == GOLD
    assert not result.unchanged
    assert all(table.reason == "never built" for table in result.tables.values())
    snapshot = latest_snapshot(world.objects)
    assert snapshot is not None
    assert snapshot == result.snapshot
    assert snapshot.created_by == "run-1"
    assert snapshot.inputs == {"weather_locations": 0, "weather_observations": 0}
    assert snapshot.tables == {name: world.table(name).version() for name in GOLD}
    assert world.rows("weather_hourly").height == result.tables["weather_hourly"].rows_out == 24 * (6 + 3)
    assert result.tables["weather_hourly"].rows_in == 24 * (6 + 3) + 2


def test_nothing_changed_commits_nothing(world: GoldWorld) -> None:
    first = world.build()
    again = world.build()
    assert again.unchanged
    assert again.number == first.number
    assert again.snapshot == first.snapshot
    assert [table.version for table in again.tables.values()] == [table.version for table in first.tables.values()]


def test_a_changed_month_is_rewritten_with_its_reach(world: GoldWorld) -> None:
    world.build()
    world.add("jfk", at("2013-06-29 05:00"), temperature_c=-5.0)
    world.write()
    result = world.build()
    changed = {name: table.changed_partitions for name, table in result.tables.items()}
    assert changed["weather_hourly"] == months(6)
    assert changed["weather_hourly_rolling"] == months(6, 7)
    assert changed["fact_weather_hourly"] == months(6, 7)
    assert changed["weather_daily"] == {date(2013, 1, 1)}
    assert result.tables["dim_location"].unchanged
    assert result.tables["dim_date"].unchanged  # made anew, and the same rows: nobody needs another version
    assert result.tables["dim_date"].reason == "same rows"
    assert result.number == 2


def test_rewriting_a_month_reads_the_week_before_it(world: GoldWorld, tmp_path: Path) -> None:
    world.add("jfk", at("2013-06-20"), hours=24 * 20)
    world.write()
    world.build()
    world.add("jfk", at("2013-07-08 03:00"), temperature_c=-40.0)
    world.write()
    result = world.build()
    assert result.tables["weather_hourly_rolling"].changed_partitions == months(7, 8)
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_days_between_an_old_and_a_new_last_day_become_gaps(world: GoldWorld, tmp_path: Path) -> None:
    world.build()
    world.add("lga", at("2013-10-02 12:00"))
    world.write()
    result = world.build()
    assert result.tables["weather_hourly"].changed_partitions == months(7, 8, 9, 10)
    august = world.rows("weather_hourly").filter(pl.col("observed_at").dt.month() == 8)
    assert august.height == 31 * 24
    assert august["is_gap"].all()
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_a_span_that_shrinks_takes_its_gaps_along(world: GoldWorld, tmp_path: Path) -> None:
    world.add("lga", at("2013-10-02 12:00"))
    world.write()
    world.build()
    del world.observed["lga", at("2013-10-02 12:00")]
    world.write()
    world.build()
    assert world.rows("weather_hourly")["observed_at"].max() == at("2013-07-03 23:00")
    assert world.rows("dim_date").height == 6
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_rows_without_a_parent_are_held_until_it_arrives(world: GoldWorld, tmp_path: Path) -> None:
    world.add("ewr", at("2013-03-05"), hours=5)
    world.write()
    result = world.build()
    assert result.held == {"weather_locations": 0, "weather_observations": 5}
    assert "ewr" not in world.rows("weather_hourly")["location_id"].to_list()
    world.arrive("ewr")
    world.write()
    arrived = world.build()
    assert arrived.held["weather_observations"] == 0
    assert arrived.tables["weather_hourly"].changed_partitions == months(3)
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_a_parent_that_leaves_holds_its_rows_again(world: GoldWorld, tmp_path: Path) -> None:
    world.build()
    del world.places["lga"]
    world.write()
    result = world.build()
    assert result.held["weather_observations"] == 72
    assert set(world.rows("fact_weather_hourly")["location_id"]) == {"jfk"}
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_a_changed_parent_touches_the_partitions_of_its_rows(world: GoldWorld) -> None:
    world.build()
    world.arrive("lga", elevation_m=3.0)
    world.write()
    result = world.build()
    assert result.tables["weather_hourly"].changed_partitions == months(7)  # jfk has rows in June, too


def test_a_parent_without_children_changes_no_hour(world: GoldWorld) -> None:
    world.build()
    world.arrive("nowhere")
    world.write()
    result = world.build()
    assert result.tables["weather_hourly"].unchanged
    assert world.rows("dim_location").height == 3
    assert result.number == 2  # the versions that were read moved


def test_full_rebuilds_everything(world: GoldWorld) -> None:
    world.build()
    result = world.build(full=True)
    assert all(table.changed_partitions is None for table in result.tables.values())
    assert result.number == 2


def test_only_builds_the_named_tables(world: GoldWorld) -> None:
    world.build(only=["dim_location"])
    snapshot = latest_snapshot(world.objects)
    assert snapshot is not None
    assert set(snapshot.tables) == {"dim_location"}
    with pytest.raises(TableError, match="weather_hourly, which was never built"):
        world.build(only=["weather_daily"])
    with pytest.raises(UnknownChoiceError, match="weather_dayly") as caught:
        world.build(only=["weather_dayly"])
    assert "weather_daily" in str(caught.value)
    world.build()
    result = world.build(only=["weather_daily"])
    assert list(result.tables) == ["weather_daily"]
    assert set(result.snapshot.tables) == set(GOLD)


def test_missing_silver_is_read_as_empty(tmp_path: Path) -> None:
    world = GoldWorld(tmp_path)
    result = world.build()
    assert {name: world.rows(name).height for name in GOLD} == dict.fromkeys(GOLD, 0)
    assert result.snapshot.inputs == {"weather_locations": -1, "weather_observations": -1}
    assert world.build().unchanged
    world.arrive("jfk")
    world.add("jfk", at("2013-07-01"), hours=3)
    world.write()
    world.build()
    assert world.rows("fact_weather_hourly").height == 3


def test_a_changed_contract_rebuilds_its_table_and_what_reads_it(world: GoldWorld) -> None:
    world.build()
    changed: Contract = world.contracts["weather_hourly_rolling"]
    world.contracts = {**world.contracts, changed.table: _with(changed, digest="another")}
    result = world.build()
    assert {name for name, table in result.tables.items() if not table.unchanged} == {
        "weather_hourly_rolling",
        "fact_weather_hourly",
    }
    assert result.tables["weather_hourly_rolling"].changed_partitions is None
    assert result.tables["fact_weather_hourly"].changed_partitions is None


def test_changed_code_rebuilds_its_table(world: GoldWorld) -> None:
    world.build()

    @transformation
    def dim_location(weather_locations: Frame) -> Frame:
        return weather_locations.filter(nw.col("location_id") != "lga")

    world.transformations = {**discover(), **collect([dim_location])}
    result = world.build()
    assert result.tables["dim_location"].reason == "the transformation or a contract changed"
    assert world.rows("dim_location")["location_id"].to_list() == ["jfk"]
    assert result.tables["weather_hourly"].unchanged


def test_a_version_that_only_moved_rows_changes_nothing(world: GoldWorld) -> None:
    world.add("lga", at("2013-07-04"))
    rows = world.rows("weather_observations").filter(pl.col("observed_at") < at("2013-06-30"))
    appended = rows.with_columns(pl.col("observed_at") - pl.duration(days=20)).to_arrow()
    write_deltalake(world.table("weather_observations").url, appended, mode="append")
    world.build()
    before = world.table("weather_observations").version()
    world.table("weather_observations").optimize()
    assert world.table("weather_observations").version() != before
    result = world.build()
    assert result.unchanged
    assert result.snapshot.inputs["weather_observations"] == before + 1  # so that old commits may be cleaned away


def test_a_vacuumed_parent_means_a_full_rebuild(world: GoldWorld) -> None:
    world.build()
    world.arrive("jfk", elevation_m=4.0)
    world.write()
    world.table("weather_locations").vacuum(retention_hours=0, dry_run=False)
    result = world.build()
    assert result.tables["weather_hourly"].changed_partitions is None
    assert result.tables["weather_hourly"].reason == "it cannot be told which partitions changed"


def test_a_silver_table_is_not_read_without_its_parent(world: GoldWorld) -> None:
    @transformation
    def weather_hourly(weather_observations: Frame) -> Frame:
        return weather_observations

    world.transformations = {**discover(), **collect([weather_hourly])}
    with pytest.raises(GraphError, match="without its parent weather_locations"):
        world.build()


def test_cycles_and_unknown_tables_are_refused(world: GoldWorld) -> None:
    @transformation
    def weather_hourly(fact_weather_hourly: Frame) -> Frame:
        return fact_weather_hourly

    world.transformations = {**discover(), **collect([weather_hourly])}
    with pytest.raises(GraphError, match="form a cycle"):
        world.build()

    @transformation
    def dim_location(weather_place: Frame) -> Frame:
        return weather_place

    world.transformations = {**discover(), **collect([dim_location])}
    with pytest.raises(GraphError, match="'weather_place' of the transformation 'dim_location' has no contract"):
        world.build()


def _with(contract: Contract, **changes: Any) -> Contract:
    return replace(contract, _by_name={}, **changes)
