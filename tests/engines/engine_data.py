"""Observations for the suite: generated worlds, each with something that engines like to differ on, and real ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from engine_oracle import MEASURES

Row = dict[str, Any]
World = tuple[list[Row], list[Row]]  # observations, locations
REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAYLOAD_NAMES = {
    "temperature_2m": "temperature_c",
    "dew_point_2m": "dew_point_c",
    "relative_humidity_2m": "relative_humidity_percent",
    "precipitation": "precipitation_mm",
    "wind_speed_10m": "wind_speed_kmh",
    "wind_direction_10m": "wind_direction_degrees",
    "wind_gusts_10m": "wind_gust_kmh",
    "pressure_msl": "pressure_hpa",
    "visibility": "visibility_m",
}


def location(name: str) -> Row:
    return {
        "location_id": name,
        "location_name": name.upper(),
        "station_code": None,
        "latitude": 40.5,
        "longitude": -73.75,
        "elevation_m": None,
        "time_zone": "America/New_York",
        "country_code": "US",
    }


def observation(place: str, at: datetime, **values: float | None) -> Row:
    return {"location_id": place, "observed_at": at, **dict.fromkeys(MEASURES), **values}


def _weather(chance: random.Random) -> dict[str, float | None]:
    """Plausible values with ties, zeros, thresholds hit exactly, and nulls."""
    warm = round(chance.uniform(-15, 35), 1)
    wind = chance.choice([0.0, 3.6, 38.88, round(chance.uniform(0, 90), 2)])
    values: dict[str, float | None] = {
        "temperature_c": chance.choice([warm, 1.0, 18.0]),
        "dew_point_c": round(warm - chance.uniform(0, 12), 1),
        "relative_humidity_percent": float(chance.randint(0, 100)),
        "precipitation_mm": chance.choice([0.0, 0.0, 0.0, 0.1, 0.05, round(chance.expovariate(0.5), 2)]),
        "wind_speed_kmh": wind,
        "wind_direction_degrees": float(chance.randrange(0, 361, 10)),
        "wind_gust_kmh": wind + 10,
        "pressure_hpa": round(chance.gauss(1015, 8), 1),
        "visibility_m": chance.choice([999.0, 1000.0, 16_093.44]),
    }
    return {name: None if chance.random() < 0.1 else value for name, value in values.items()}


def _hours(place: str, first: datetime, hours: int, seed: int, present: float = 0.9) -> list[Row]:
    chance = random.Random(seed)
    return [
        observation(place, first + timedelta(hours=hour), **_weather(chance))
        for hour in range(hours)
        if chance.random() < present
    ]


def several_places() -> World:
    """Different first and last days, many gaps, a leap day, a year's end, a place without observations."""
    rows = _hours("jfk", datetime(2012, 2, 27, 5, tzinfo=UTC), 24 * 12, 1)
    rows += _hours("lga", datetime(2012, 12, 27, 0, tzinfo=UTC), 24 * 10, 2, present=0.5)
    rows += _hours("ewr", datetime(2012, 12, 30, 23, tzinfo=UTC), 30, 3)
    random.Random(4).shuffle(rows)
    return rows, [location(name) for name in ("jfk", "lga", "ewr", "nowhere")]


def clock_changes() -> World:
    """UTC hours around New York's clock changes of 2013, where local hours are missing or doubled."""
    rows = _hours("jfk", datetime(2013, 3, 9, 20, tzinfo=UTC), 30, 5, present=1)
    rows += _hours("lga", datetime(2013, 11, 2, 20, tzinfo=UTC), 30, 6, present=1)
    return rows, [location("jfk"), location("lga")]


def only_nulls() -> World:
    """Two weeks in which nothing was measured but once: sums, means and minima of nulls."""
    first = datetime(2013, 5, 1, tzinfo=UTC)
    rows = [observation("jfk", first + timedelta(hours=hour)) for hour in range(24 * 14)]
    rows[24 * 10]["temperature_c"] = -0.5
    return rows, [location("jfk")]


def one_row() -> World:
    return [observation("jfk", datetime(2013, 7, 4, 12, tzinfo=UTC), temperature_c=30.0)], [location("jfk")]


def empty() -> World:
    return [], []


def no_parent() -> World:
    """Rows of a place that has not arrived are held; the others come in."""
    rows = _hours("jfk", datetime(2013, 7, 1, tzinfo=UTC), 48, 7) + _hours(
        "lga", datetime(2013, 6, 1, tzinfo=UTC), 9, 8
    )
    return rows, [location("jfk")]


def between_hours() -> World:
    """A zone off by half an hour, and one place that reports every twenty minutes."""
    rows = _hours("broken-hill", datetime(2013, 7, 1, 14, 30, tzinfo=UTC), 60, 9)
    chance = random.Random(10)
    for minute in range(0, 60 * 24, 20):
        if minute % 60 or chance.random() < 0.5:
            at = datetime(2013, 7, 2, tzinfo=UTC) + timedelta(minutes=minute)
            rows.append(observation("jfk", at, **_weather(chance)))
    return rows, [location("broken-hill"), location("jfk")]


def long_gap() -> World:
    """Two days half a year apart: the hours between are gaps, their windows are empty."""
    rows = _hours("jfk", datetime(2013, 1, 31, tzinfo=UTC), 24, 11) + _hours(
        "jfk", datetime(2013, 6, 30, tzinfo=UTC), 24, 12
    )
    return rows, [location("jfk")]


def drifting() -> World:
    """Great and tiny values in turn: running sums that only add and subtract lose what is small."""
    first = datetime(2013, 8, 1, tzinfo=UTC)
    rows = []
    for hour in range(24 * 20):
        rain = 400.0 if hour % 90 == 0 else 0.1
        rows.append(observation("jfk", first + timedelta(hours=hour), precipitation_mm=rain, temperature_c=0.1))
    return rows, [location("jfk")]


def recorded() -> World:
    """Real hours: three airports in the first days of July 2013, as recorded (NOAA)."""
    folder = REPOSITORY / "samples" / "openmeteo" / "archive"
    rows: dict[tuple[str, datetime], Row] = {}
    for place in ("ewr", "jfk", "lga"):
        paths = sorted(folder.glob(f"{place}/2013-07-0*.json"))
        if not paths:
            pytest.skip("no recordings under samples/openmeteo/archive")
        for path in paths:
            for row in _payload_rows(place, orjson.loads(path.read_bytes())):
                rows[place, row["observed_at"]] = row
    return list(rows.values()), [location(name) for name in ("ewr", "jfk", "lga")]


def other_zone() -> World:
    """A real Open-Meteo archive body whose zone is off by nine and a half hours."""
    path = REPOSITORY.parent / "shared" / "data" / "openmeteo" / "open_meteo_archive.json"
    if not path.exists():
        pytest.skip("the shared real data is not beside this repository (../shared/data/openmeteo)")
    rows = _payload_rows("hobart", orjson.loads(path.read_bytes()))
    assert all(later["observed_at"] > earlier["observed_at"] for earlier, later in pairwise(rows))
    return rows, [location("hobart")]


def _payload_rows(place: str, body: dict[str, Any]) -> list[Row]:
    offset = timedelta(seconds=body.get("utc_offset_seconds", 0))
    rows = []
    for position, text in enumerate(body["hourly"]["time"]):
        at = datetime.fromisoformat(text).replace(tzinfo=UTC) - offset
        values = {
            ours: body["hourly"][theirs][position] for theirs, ours in PAYLOAD_NAMES.items() if theirs in body["hourly"]
        }
        rows.append(observation(place, at, **{name: None if v is None else float(v) for name, v in values.items()}))
    return rows


WORLDS: dict[str, Callable[[], World]] = {
    made.__name__: made
    for made in (
        several_places,
        clock_changes,
        only_nulls,
        one_row,
        empty,
        no_parent,
        between_hours,
        long_gap,
        drifting,
        recorded,
        other_zone,
    )
}
