"""A lake with a generated star schema: gaps, nulls, ties and names that languages sort differently."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa

from lake import layout
from lake.contract.load import load_contracts
from lake.contract.model import Contract
from lake.contract.types import arrow_schema, polars_schema
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable

STAR = ("dim_date", "dim_location", "weather_daily", "fact_weather_hourly")
PLACES = [("newark", "Newark"), ("new-york", "New York"), ("alesund", "Ålesund"), ("zurich", "zürich")]
FIRST_DAY = date(2013, 1, 20)


@dataclass(frozen=True)
class Snapshot:
    number: int
    tables: dict[str, int]


@dataclass
class StarLake:
    """Gold tables in a folder; ``snapshot`` says what is there now, under the next number."""

    root: Path
    contracts: dict[str, Contract] = field(default_factory=lambda: {name: load_contracts()[name] for name in STAR})
    number: int = 0

    def table(self, name: str) -> LakeTable:
        return LakeTable(Objects(str(self.root)), layout.table("gold", name))

    def put(self, name: str, rows: pl.DataFrame, partitions: Collection[date] | None = None) -> int:
        contract = self.contracts[name]
        typed = rows.select(pl.col(column).cast(kind) for column, kind in polars_schema(contract).items())
        # Not the lake's own refusal of nulls is under test here, but the database's.
        loose = pa.schema([column.with_nullable(True) for column in arrow_schema(contract)])
        return self.table(name).replace(
            typed, loose, partition=contract.partition, partitions=partitions, site="test.gold"
        )

    def rows(self, name: str) -> list[tuple[object, ...]]:
        """All rows of a table in the contract's columns, by key."""
        contract = self.contracts[name]
        frame = self.table(name).scan().select(contract.column_names).collect()
        return frame.sort(contract.primary_key).rows()

    def snapshot(self) -> Snapshot:
        self.number += 1
        versions = {name: self.table(name).version() for name in self.contracts}
        return Snapshot(self.number, {name: version for name, version in versions.items() if version is not None})

    def fill(self, frames: dict[str, pl.DataFrame]) -> Snapshot:
        for name, rows in frames.items():
            self.put(name, rows)
        return self.snapshot()


def star(days: int = 70, places: int = len(PLACES), seed: int = 7) -> dict[str, pl.DataFrame]:
    """The four tables, consistent with one another and with their contracts."""
    chance = random.Random(seed)
    dates = [FIRST_DAY + timedelta(days=number) for number in range(days)]
    hours = [
        _hour(chance, place, day, hour)
        for place, _ in PLACES[:places]
        for day in dates
        for hour in range(24)
        if chance.random() > 0.04
    ]
    return {
        "dim_date": pl.DataFrame([_date(day) for day in dates]),
        "dim_location": pl.DataFrame([_location(place, name) for place, name in PLACES[:places]]),
        "weather_daily": _daily(hours, dates, places),
        "fact_weather_hourly": pl.DataFrame(hours, infer_schema_length=None),
    }


def key_of(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day


def _date(day: date) -> dict[str, object]:
    iso = day.isocalendar()
    return {
        "date_key": key_of(day),
        "calendar_date": day,
        "year_number": day.year,
        "quarter_number": (day.month + 2) // 3,
        "month_number": day.month,
        "month_name": f"{day:%B}",
        "day_of_month": day.day,
        "day_of_week": day.isoweekday(),
        "day_name": f"{day:%A}",
        "is_weekend": day.isoweekday() >= 6,
        "iso_year": iso.year,
        "iso_week": iso.week,
    }


def _location(place: str, name: str) -> dict[str, object]:
    return {
        "location_id": place,
        "location_name": name,
        "station_code": None if place == "zurich" else "KJFK",
        "latitude": 40.5,
        "longitude": -73.25,
        "elevation_m": None,
        "time_zone": "America/New_York",
        "country_code": "US",
    }


def _hour(chance: random.Random, place: str, day: date, hour: int) -> dict[str, object]:
    def maybe(value: float) -> float | None:
        return None if chance.random() < 0.05 else round(value, 1)

    temperature = maybe(chance.gauss(2, 8))
    wind = maybe(chance.choice([0, 5, 10, 20, chance.uniform(0, 70)]))
    rain = maybe(chance.choice([0, 0, 0, 0, chance.uniform(0, 5)]) if day.day % 5 else 0)
    return {
        "location_id": place,
        "observed_at": datetime(day.year, day.month, day.day, hour, tzinfo=UTC),
        "date_key": key_of(day),
        "hour_of_day": hour,
        "temperature_c": temperature,
        "apparent_temperature_c": temperature,
        "dew_point_c": None if temperature is None else round(temperature - 2, 1),
        "dew_point_spread_c": None if temperature is None else 2.0,
        "relative_humidity_percent": maybe(chance.uniform(20, 100)),
        "precipitation_mm": rain,
        "wind_speed_kmh": wind,
        "wind_direction_degrees": maybe(chance.uniform(0, 360)),
        "wind_gust_kmh": None,
        "pressure_hpa": maybe(chance.gauss(1013, 9)),
        "visibility_m": 16093.4,
        "condition": "rain" if rain else chance.choice(["fair", "fair", "windy", "fog", "snow", "unknown"]),
        "temperature_mean_7d_c": temperature,
        "precipitation_sum_7d_mm": rain,
    }


def _daily(hours: list[dict[str, object]], dates: list[date], places: int) -> pl.DataFrame:
    days: dict[tuple[str, int], list[dict[str, object]]] = {}
    for hour in hours:
        days.setdefault((str(hour["location_id"]), int(str(hour["date_key"]))), []).append(hour)
    return pl.DataFrame(
        [_day(place, day, days.get((place, key_of(day)), [])) for place, _ in PLACES[:places] for day in dates],
        infer_schema_length=None,
    )


def _day(place: str, day: date, hours: list[dict[str, object]]) -> dict[str, object]:
    def known(column: str) -> list[float]:
        return [float(str(hour[column])) for hour in hours if hour[column] is not None]

    def mean(column: str) -> float | None:
        values = known(column)
        return sum(values) / len(values) if values else None

    temperatures, rain, wind = known("temperature_c"), known("precipitation_mm"), known("wind_speed_kmh")
    average = mean("temperature_c")
    return {
        "location_id": place,
        "weather_date": day,
        "date_key": key_of(day),
        "temperature_mean_c": average,
        "temperature_min_c": min(temperatures, default=None),
        "temperature_max_c": max(temperatures, default=None),
        "temperature_mean_7d_c": average,
        "precipitation_total_mm": sum(rain) if rain else None,
        "wet_hours": sum(value > 0 for value in rain),
        "observed_hours": len(hours),
        "gap_hours": 24 - len(hours),
        "wind_speed_mean_kmh": mean("wind_speed_kmh"),
        "wind_speed_max_kmh": max(wind, default=None),
        "pressure_mean_hpa": mean("pressure_hpa"),
        "heating_degree_days_c": None if average is None else max(18 - average, 0.0),
        "cooling_degree_days_c": None if average is None else max(average - 18, 0.0),
    }
