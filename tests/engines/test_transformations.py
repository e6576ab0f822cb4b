"""Every engine gives the rows of the oracle for every transformation, and so do all engines among each other."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from engine_data import WORLDS
from engine_oracle import gold
from engine_tables import frame_of, given, run
from engines_under_test import ENGINES

from lake.compare import differences
from lake.contract.load import load_contracts
from lake.contract.model import Contracts
from lake.transforms import discover

ORDER = ("weather_hourly", "weather_hourly_rolling", "weather_daily", "dim_date", "dim_location", "fact_weather_hourly")


@pytest.fixture(scope="module")
def contracts() -> Contracts:
    return load_contracts()


def silver(world: str, contracts: Contracts) -> dict[str, pl.DataFrame]:
    observations, locations = WORLDS[world]()
    return {
        "weather_observations": frame_of(contracts["weather_observations"], observations),
        "weather_locations": frame_of(contracts["weather_locations"], locations),
    }


def build(engine_name: str, frames: dict[str, pl.DataFrame], contracts: Contracts, folder: Path) -> None:
    """Every transformation in turn, each on what the same engine made before."""
    transformations = discover()
    for name in ORDER:
        made = transformations[name]
        inputs = {read: given(contracts[read], frames[read], folder) for read in made.reads}
        frames[name] = run(engine_name, made, inputs, contracts[name], frames)


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_rows_are_those_of_the_oracle(engine_name: str, world: str, contracts: Contracts, tmp_path: Path) -> None:
    frames = silver(world, contracts)
    expected = gold(*WORLDS[world]())
    build(engine_name, frames, contracts, tmp_path)
    for name in ORDER:
        wanted = frame_of(contracts[name], expected[name])
        assert differences(frames[name], wanted, contracts[name]) == [], name


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("engine_name", ENGINES[1:])
def test_engines_agree_with_each_other(engine_name: str, world: str, contracts: Contracts, tmp_path: Path) -> None:
    made = {}
    for name in (ENGINES[0], engine_name):
        folder = tmp_path / name
        folder.mkdir()
        made[name] = silver(world, contracts)
        build(name, made[name], contracts, folder)
    for table in ORDER:
        assert differences(made[ENGINES[0]][table], made[engine_name][table], contracts[table]) == [], table


def test_the_suite_covers_every_transformation() -> None:
    assert sorted(ORDER) == sorted(discover())
