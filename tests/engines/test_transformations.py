"""Every engine gives the same rows for every transformation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
from engine_tables import contract, frame_of, given, spans_of

from lake.compare import differences
from lake.contract.model import Contract, Reference
from lake.engines import engine
from lake.transforms import discover

FLOATS = (
    "temperature_c:float dew_point_c:float relative_humidity_percent:float precipitation_mm:float "
    "wind_speed_kmh:float wind_direction_degrees:float wind_gust_kmh:float pressure_hpa:float visibility_m:float"
)
PLACES = contract("weather_locations", "location_id", "location_id:string location_name:string", layer="silver")
OBSERVATIONS = contract(
    "weather_observations",
    "location_id observed_at",
    f"location_id:string observed_at:timestamp {FLOATS}",
    layer="silver",
    references=(Reference(("location_id",), "weather_locations", ("location_id",)),),
)
HOURLY = contract(
    "weather_hourly",
    "location_id observed_at",
    f"location_id:string observed_at:timestamp observed_date:date is_gap:boolean {FLOATS} "
    "apparent_temperature_c:float dew_point_spread_c:float condition:string",
)


def hourly(name: str, folder: Path, frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    made = discover()["weather_hourly"]
    contracts: dict[str, Contract] = {"weather_observations": OBSERVATIONS, "weather_locations": PLACES}
    inputs = {table: given(contracts[table], frames[table], folder) for table in made.reads}
    table = engine(name).run(made, inputs, HOURLY, spans_of(made, frames)).read_all()
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def test_engines_give_the_same_hours(tmp_path: Path) -> None:
    start = datetime(2013, 3, 9, 20, tzinfo=UTC)
    rows = [
        {"location_id": "jfk", "observed_at": start + timedelta(hours=hour), "temperature_c": hour - 3.5}
        for hour in range(40)
        if hour != 7
    ]
    frames = {
        "weather_observations": frame_of(OBSERVATIONS, [*rows]),
        "weather_locations": frame_of(PLACES, [{"location_id": "jfk", "location_name": "JFK"}]),
    }
    polars, duckdb = (hourly(name, tmp_path, frames) for name in ("polars", "duckdb"))
    assert differences(polars, duckdb, HOURLY) == []
    assert polars.height == 72  # three whole UTC days
    assert polars["is_gap"].sum() == 72 - 39
