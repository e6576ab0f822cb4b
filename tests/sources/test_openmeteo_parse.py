"""Parsing many loads at once, and what the gate makes of it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from test_openmeteo_body import data, hourly, units

from lake.contract.load import load_contracts
from lake.gate import gate
from lake.raw import MIXED
from pipeline.sources.base import LoadedPayload, Request
from pipeline.sources.openmeteo_parse import issued_at, parse

RECORDINGS = Path(__file__).resolve().parents[2] / "samples" / "openmeteo" / "archive"
PLACE = {
    "location_name": "Kennedy",
    "station_code": "JFK",
    "latitude": 40.6,
    "longitude": -73.8,
    "elevation_m": None,
    "time_zone": "America/New_York",
    "country_code": "US",
}
FETCHED = datetime(2026, 7, 15, 22, 41, 7, tzinfo=UTC)


def load(
    name: str, body: bytes, *, dataset: str = "archive", place: Mapping[str, Any] = PLACE, day: date = date(2013, 7, 1)
) -> LoadedPayload:
    request = Request("openmeteo", dataset, day, "jfk", place)
    return LoadedPayload(request, name, 3, FETCHED, (body,))


def test_rows_keep_their_load_and_place_in_it() -> None:
    frames, refused = parse([load("one", data()), load("two", data(hourly=hourly(temperature_2m=[1.5, 2])))])
    rows = frames["weather_observations"]
    assert not refused
    assert rows["_payload"].to_list() == ["one", "one", "two", "two"]
    assert rows["_position"].to_list() == [0, 1, 0, 1]
    assert rows["temperature_2m"].to_list() == [20.5, None, 1.5, 2.0]
    assert rows["time"].to_list() == ["2013-07-01T00:00", "2013-07-01T01:00"] * 2
    assert set(rows["_load"]) == {3}
    assert set(rows["_run_date"]) == {date(2013, 7, 1)}
    assert set(rows["location_id"]) == {"jfk"}


def test_fields_of_some_loads_are_null_in_the_others() -> None:
    extra = hourly(snow=[1, 2])
    frames, _ = parse([load("one", data()), load("two", data(hourly=extra)), load("three", data())])
    assert frames["weather_observations"]["snow"].to_list() == [None, None, 1, 2, None, None]


def test_a_refused_load_takes_no_other_along() -> None:
    several_pages = replace(load("pages", data()), pages=(data(), data()))
    loads = [load("good", data()), load("torn", data()[:50]), load("error", b'{"error":true,"reason":"no"}')]
    frames, refused = parse([*loads, several_pages])
    assert set(frames["weather_observations"]["_payload"]) == {"good"}
    assert set(frames["weather_locations"]["_payload"]) == {"good"}
    assert refused["error"] == "the API says: no"
    assert "truncated" in refused["torn"]
    assert "one page, not 2" in refused["pages"]


def test_nothing_gives_nothing() -> None:
    assert parse([]) == ({}, {})
    assert parse([load("bad", b"")])[0] == {}


def test_forecasts_never_stand_among_observations() -> None:
    frames, _ = parse([load("seen", data()), load("foreseen", data(), dataset="forecast")])
    assert set(frames["weather_observations"]["_payload"]) == {"seen"}
    forecasts = frames["weather_forecasts"]
    assert set(forecasts["_payload"]) == {"foreseen"}
    assert set(forecasts["issued_at"]) == {datetime(2026, 7, 15, 22, tzinfo=UTC)}
    assert frames["weather_locations"]["_payload"].to_list() == ["seen", "foreseen"]


def test_issued_at_is_the_full_hour_in_utc() -> None:
    half_past = datetime(2026, 7, 16, 8, 45, tzinfo=UTC).astimezone(None)
    assert issued_at(half_past) == datetime(2026, 7, 16, 8, tzinfo=UTC)


def test_a_place_is_as_asked_for_and_else_as_answered() -> None:
    frames, _ = parse([load("one", data())])
    place = frames["weather_locations"].row(0, named=True)
    assert {name: place[name] for name in PLACE} == {**PLACE, "elevation_m": 4.0}
    frames, _ = parse([load("bare", data(), place={})])
    bare = frames["weather_locations"].row(0, named=True)
    assert (bare["latitude"], bare["longitude"], bare["location_name"]) == (40.6, -73.8, None)


def test_values_of_several_kinds_are_marked_and_never_coerced() -> None:
    frames, _ = parse([load("one", data(hourly=hourly(temperature_2m=["hot", True])))])
    column = frames["weather_observations"]["temperature_2m"]
    assert column.dtype == MIXED
    contract = load_contracts()["weather_observations"]
    gated = gate(contract, frames["weather_observations"], accept=["one"])
    assert gated.rejected["rules"].to_list() == [["temperature_c.type"], ["temperature_c.type"]]


def recorded(places: tuple[str, ...] = ("jfk", "lga", "ewr")) -> list[LoadedPayload]:
    return [
        replace(
            load(f"{place}/{path.stem}", path.read_bytes(), place={"location_name": place, "time_zone": "UTC"}),
            request=Request("openmeteo", "archive", date.fromisoformat(path.stem), place, {"location_name": place}),
        )
        for place in places
        for path in sorted((RECORDINGS / place).glob("*.json"))
    ]


def test_the_year_loses_one_row_to_the_gate() -> None:
    frames, refused = parse(recorded())
    rows = frames["weather_observations"]
    assert not refused
    assert rows.height == 26_115
    gated = gate(load_contracts()["weather_observations"], rows)
    assert gated.valid.height == 26_114
    assert gated.rejected["_payload"].to_list() == ["ewr/2013-02-12"]
    assert gated.rejected["rules"].to_list() == [["wind_speed_kmh.maximum"]]


def test_the_year_is_parsed_columnar() -> None:
    """40 to 60 ms on two quiet cores; the limit only catches work per row or a frame per load."""
    loads = recorded()
    parse(loads[:3])
    best = min(_seconds(loads) for _ in range(3))
    assert best < 0.5


def _seconds(loads: list[LoadedPayload]) -> float:
    started = time.perf_counter()
    parse(loads)
    return time.perf_counter() - started


@pytest.mark.parametrize(("name", "dataset"), [("archive", "archive"), ("forecast", "forecast")])
def test_real_bodies_of_another_zone_and_unit(shared_data: Path, name: str, dataset: str) -> None:
    body = (shared_data / "openmeteo" / f"open_meteo_{name}.json").read_bytes()
    told = json.loads(body)["hourly"]
    adelaide = {"location_name": "Adelaide", "latitude": -34.93, "longitude": 138.6, "time_zone": "Australia/Adelaide"}
    frames, refused = parse([load("real", body, dataset=dataset, place=adelaide, day=date(2025, 1, 10))])
    table = "weather_forecasts" if dataset == "forecast" else "weather_observations"
    assert not refused
    gated = gate(load_contracts()[table], frames[table])
    assert (gated.valid.height, gated.rejected.height) == (72, 0)
    moment = "valid_at" if dataset == "forecast" else "observed_at"
    first = datetime.fromisoformat(told["time"][0]).replace(tzinfo=UTC) - timedelta(hours=9, minutes=30)
    assert gated.valid[moment].to_list() == [first + timedelta(hours=hour) for hour in range(72)]
    assert gated.valid["temperature_c"].to_list() == told["temperature_2m"]
    speeds = [round(speed * 3.6, 6) for speed in told["wind_speed_10m"]]
    assert gated.valid["wind_speed_kmh"].round(6).to_list() == speeds
    assert set(gated.unknown_columns) == {"et0_fao_evapotranspiration", "wet_bulb_temperature_2m"}
    assert gated.valid["dew_point_c"].null_count() == 72


def test_an_answer_about_another_day_is_refused() -> None:
    _, refused = parse([load("late", data(), day=date(2013, 7, 2)), load("right", data())])
    assert refused == {"late": "the body is about 2013-07-01, not about the day that was asked for, 2013-07-02"}


def test_recorded_exchanges_with_other_blocks(shared_data: Path) -> None:
    """The general exchange asks for current, minutely and daily values too; only the hourly ones are ours."""
    import yaml

    text = (shared_data / "openmeteo" / "cassettes" / "forecast__general.yml").read_text()
    body = yaml.safe_load(text)["http_interactions"][0]["response"]["body"]["string"].encode()
    hours = json.loads(body)["hourly"]
    frames, refused = parse([load("general", body, dataset="forecast", place={"location_name": "Berlin"})])
    assert not refused
    assert frames["weather_forecasts"].height == len(hours["time"])
    assert frames["weather_forecasts"]["weather_code"].to_list() == hours["weather_code"]


def test_a_field_with_the_name_of_our_column_is_an_unknown_field() -> None:
    frames, _ = parse([load("one", data(hourly=hourly(temperature_c=[99, 99]), hourly_units=units()))])
    gated = gate(load_contracts()["weather_observations"], frames["weather_observations"])
    assert gated.valid["temperature_c"].to_list() == [20.5, None]
    assert gated.valid.schema["temperature_c"] == pl.Float64
    assert set(gated.unknown_columns) == {"temperature_c"}
