"""A table that was deleted and made again counts its versions from 0 again: gold must not take it for the old one.

And spines: known by what they are, not by the word that a transformation has for them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest
from gold_world import GoldWorld, at

from lake import layout
from lake.errors import DamagedError
from lake.gold import latest_snapshot
from lake.gold.build import _summaries
from lake.gold.state import Tables
from lake.tables import delta_write
from lake.transforms import Frame, HourSpine, Transformation, collect, discover, transformation
from lake.transforms.weather import weather_hourly as made_by_weather
from pipeline import fingerprint
from pipeline.context import RunContext
from pipeline.stages import audit, gold
from pipeline.workspace import open_workspace


@pytest.fixture
def world(tmp_path: Path) -> GoldWorld:
    """One place over one day, built."""
    made = GoldWorld(tmp_path / "lake")
    made.arrive("jfk")
    made.add("jfk", at("2013-07-01"), hours=24)
    made.write()
    made.build()
    return made


def make_again(world: GoldWorld, table: str) -> None:
    """Delete a silver table and write what it shall hold now, as version 0 again."""
    world.table(table).drop("test")
    world.write()
    assert world.table(table).version() == 0


@pytest.mark.parametrize("kept", ["weather_observations", "weather_locations"])
def test_silver_made_again_at_the_same_version_is_built_anew(world: GoldWorld, kept: str, tmp_path: Path) -> None:
    world.add("jfk", at("2013-07-02"), hours=24)
    world.arrive("jfk", elevation_m=4.0)
    for table in ("weather_observations", "weather_locations"):
        if table != kept:
            make_again(world, table)
    result = world.build()
    assert result.tables["weather_hourly"].changed_partitions is None
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}
    assert world.build().unchanged


def test_a_build_of_one_table_does_not_hide_it_from_the_others(world: GoldWorld, tmp_path: Path) -> None:
    world.add("jfk", at("2013-07-02"), hours=24)
    world.arrive("jfk", elevation_m=4.0)
    make_again(world, "weather_locations")
    make_again(world, "weather_observations")
    world.build(only=["dim_location"])
    world.build()
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_gold_made_again_at_the_same_version_is_noticed(world: GoldWorld, tmp_path: Path) -> None:
    world.table("weather_hourly").drop("test")
    world.add("jfk", at("2013-07-02"), hours=24)
    before = {key: dict(values) for key, values in world.observed.items()}
    world.write()
    world.build(only=["weather_hourly"])
    world.objects.delete([layout.gold_snapshot(2)], "test")  # as if that build had died before its snapshot
    world.observed = {key: values for key, values in before.items() if key[1] < at("2013-07-02")}
    make_again(world, "weather_observations")
    world.build()
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_a_snapshot_of_before_ids_were_kept_means_one_full_build(world: GoldWorld) -> None:
    key = layout.gold_snapshot(1)
    told = json.loads(world.objects.get(key))
    for made in told["built"].values():
        del made["table"]
        made["inputs"] = {name: stand["version"] for name, stand in made["inputs"].items()}
    for summary in told["summaries"].values():
        summary["versions"] = {name: stand["version"] for name, stand in summary["versions"].items()}
    world.objects.put(key, json.dumps(told).encode(), "test")
    result = world.build()
    assert result.tables["weather_hourly"].changed_partitions is None
    assert world.build().unchanged


@pytest.mark.parametrize(
    "damage",
    [
        {"summaries": []},
        {"built": []},
        {"tables": []},
        {"inputs": {"weather_locations": "x"}},
        {"number": None},
        {"summaries": {"weather_locations": {"versions": {}, "held": 0, "spans": {"a": [["jfk"]]}}}},
    ],
)
def test_a_snapshot_of_another_shape_is_damaged(world: GoldWorld, damage: dict[str, Any]) -> None:
    key = layout.gold_snapshot(1)
    world.objects.put(key, json.dumps(json.loads(world.objects.get(key)) | damage).encode(), "test")
    with pytest.raises(DamagedError) as caught:
        latest_snapshot(world.objects)
    assert str(caught.value.where).endswith(key)
    assert "delete this object" in str(caught.value.fix)


def test_the_stages_notice_silver_made_again(project: Path) -> None:
    workspace = open_workspace()
    world = GoldWorld(workspace.settings.data / "lake")
    world.arrive("jfk")
    world.add("jfk", at("2013-07-01"))
    world.write()
    none: Any = None
    seen = []
    for _ in range(2):
        context = RunContext(open_workspace(), none, "run", none, none, none)
        seen.append([fingerprint.parts(module.inputs(context, none)) for module in (gold, audit)])
        make_again(world, "weather_observations")
    assert seen[0][0]["silver"] != seen[1][0]["silver"]
    assert seen[0][1]["silver"] != seen[1][1]["silver"]


Locations = Annotated[Frame, HourSpine("weather_observations", ("location_id",), "observed_at")]


def renamed() -> dict[str, Transformation]:
    """The real transformations; the spine of ``weather_hourly`` has another parameter."""

    @transformation
    def weather_hourly(weather_observations: Frame, weather_locations: Frame, *, hours: Locations) -> Frame:
        return made_by_weather(weather_observations, weather_locations, hour_spine=hours)

    return {**discover(), **collect([weather_hourly])}


def test_a_renamed_spine_is_the_same_spine(world: GoldWorld, tmp_path: Path) -> None:
    world.transformations = renamed()
    world.build()
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def test_spines_of_one_name_are_told_apart(world: GoldWorld) -> None:
    by_place = HourSpine("weather_observations", ("location_id",), "observed_at")
    by_more = HourSpine("weather_observations", ("location_id", "temperature_c"), "observed_at")
    made = discover()["weather_hourly"]
    both = [replace(made, spines={"hour_spine": spine}) for spine in (by_place, by_more)]
    tables = Tables(world.objects, world.contracts, {"weather_observations": 0, "weather_locations": 0})
    silver = ["weather_locations", "weather_observations"]
    found = _summaries(both, tables, silver, latest_snapshot(world.objects))["weather_observations"].spans
    assert len(found[by_place.key]) == 1
    assert len(found[by_more.key]) == 24


def test_a_gold_commit_whose_answer_was_lost_is_found(world: GoldWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("jfk", at("2013-07-02"), hours=24)
    world.write()
    write = delta_write.write

    def answer_lost(*given: Any) -> int:
        write(*given)
        raise RuntimeError("the connection was closed")

    monkeypatch.setattr(delta_write, "write", answer_lost)
    result = world.build()
    assert result.snapshot.tables == {name: world.table(name).version() for name in result.tables}
    assert world.rows("weather_hourly").height == 48
