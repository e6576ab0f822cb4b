"""Every engine gives the rows of the oracle for every transformation, and so do all engines among each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

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

Built = Callable[[str, str], dict[str, pl.DataFrame]]
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


@pytest.fixture(scope="module")
def built(contracts: Contracts, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """``built(engine, world)``: every transformation in turn, each on what the same engine made before; made once."""

    @cache
    def build(engine_name: str, world: str) -> dict[str, pl.DataFrame]:
        transformations, folder = discover(), tmp_path_factory.mktemp(f"{engine_name}-{world}")
        frames = silver(world, contracts)
        for name in ORDER:
            made = transformations[name]
            inputs = {read: given(contracts[read], frames[read], folder) for read in made.reads}
            frames[name] = run(engine_name, made, inputs, contracts[name], frames)
        return frames

    return build


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("engine_name", ENGINES)
def test_rows_are_those_of_the_oracle(engine_name: str, world: str, contracts: Contracts, built: Built) -> None:
    expected = gold(*WORLDS[world]())
    frames = built(engine_name, world)
    for name in ORDER:
        wanted = frame_of(contracts[name], expected[name])
        assert differences(frames[name], wanted, contracts[name]) == [], name


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("engine_name", ENGINES[1:])
def test_engines_agree_with_each_other(engine_name: str, world: str, contracts: Contracts, built: Built) -> None:
    made = {name: built(name, world) for name in (ENGINES[0], engine_name)}
    for table in ORDER:
        assert differences(made[ENGINES[0]][table], made[engine_name][table], contracts[table]) == [], table


def test_the_suite_covers_every_transformation() -> None:
    assert sorted(ORDER) == sorted(discover())
