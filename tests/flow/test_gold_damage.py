"""A gold build that fails, is killed, loses a race or meets a damaged file: the old snapshot stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from gold_world import GoldWorld, at, two_places
from killed import Killed

from lake import layout, writes
from lake.errors import DamagedError, EngineError, TableError
from lake.gold import latest_snapshot
from lake.transforms import Frame, collect, discover, transformation


@pytest.fixture
def world(tmp_path: Path) -> GoldWorld:
    return two_places(tmp_path / "lake")


def test_a_build_that_fails_leaves_the_old_snapshot(world: GoldWorld) -> None:
    before = world.build()
    old = {name: world.rows(name, version).height for name, version in before.snapshot.tables.items()}

    @transformation
    def weather_daily(weather_hourly: Frame) -> Frame:
        return weather_hourly.select("location_id")

    world.transformations = {**discover(), **collect([weather_daily])}
    world.add("lga", at("2013-08-01"), hours=2)
    world.write()
    with pytest.raises(EngineError, match="does not give the column"):
        world.build()
    after = latest_snapshot(world.objects)
    assert after == before.snapshot
    assert {name: world.rows(name, version).height for name, version in after.tables.items()} == old


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", range(7))
def test_killed_at_any_write_the_next_build_repairs(world: GoldWorld, moment: str, nth: int, tmp_path: Path) -> None:
    world.build()
    world.add("lga", at("2013-09-02"), hours=2)
    world.write()
    _killed(world, moment, nth)
    # What had widened the spine is gone again: what the dead build wrote of September must go, too.
    del world.observed["lga", at("2013-09-02 00:00")], world.observed["lga", at("2013-09-02 01:00")]
    world.add("jfk", at("2013-06-30"), temperature_c=50.0)
    world.write()
    world.build()
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def _killed(world: GoldWorld, moment: str, nth: int) -> None:
    seen = iter(range(1000))

    def observer(now: str, site: str, path: str) -> None:
        if site.startswith("gold.") and now == moment and next(seen) == nth:
            raise Killed

    stop = writes.observe(observer)
    try:
        world.build()
    except Killed:
        pass
    finally:
        stop()


def test_a_lost_race_for_the_snapshot_says_so(world: GoldWorld) -> None:
    world.build()
    world.add("lga", at("2013-07-03"), temperature_c=9.5)
    world.write()

    def other_build(now: str, site: str, path: str) -> None:
        if site == "gold.table" and now == "before" and not world.objects.exists(layout.gold_snapshot(2)):
            world.objects.put_new(layout.gold_snapshot(2), b"{}", "test")

    stop = writes.observe(other_build)
    try:
        with pytest.raises(TableError, match="another build committed gold snapshot 2"):
            world.build()
    finally:
        stop()


def test_a_damaged_snapshot_is_named(world: GoldWorld) -> None:
    world.build()
    world.objects.put(layout.gold_snapshot(1), b'{"number": 1', "test")
    with pytest.raises(DamagedError) as caught:
        latest_snapshot(world.objects)
    assert str(caught.value.where).endswith(layout.gold_snapshot(1))


@pytest.mark.parametrize("engine_name", ["polars", "duckdb"])
@pytest.mark.parametrize("table", ["weather_observations", "weather_locations", "weather_hourly"])
@pytest.mark.parametrize("damage", ["cut", "gone", "overwritten"])
def test_a_damaged_file_is_named(world: GoldWorld, table: str, damage: str, engine_name: str) -> None:
    world.build()
    path = Path(world.table(table).files()[0])
    data = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data[:100] if damage == "cut" else data[:20] + bytes(300) + data[320:])
    with pytest.raises(DamagedError) as caught:
        world.build(engine_name, full=True, only=["weather_daily"] if table == "weather_hourly" else None)
    assert caught.value.where == str(path)
    assert table in caught.value.what
    assert "mirrorlake" in str(caught.value.fix)
