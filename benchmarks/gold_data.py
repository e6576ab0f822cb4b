"""Rows for the gold benchmark: hourly weather as received, in Parquet files with Open-Meteo's field names.

Made with a seed. Hours are text, as an API gives them. Of a hundred hours two are missing (gaps) and of a hundred
values five are null; one row in a hundred breaks a rule, one in a thousand repeats the row before it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

HOURS_PER_PLACE = 8760 * 5
ROWS_PER_FILE = 2_500_000
START = datetime(2008, 1, 1, tzinfo=UTC)
FIELDS = (
    "temperature_2m",
    "dew_point_2m",
    "relative_humidity_2m",
    "precipitation",
    "wind_speed_10m",
    "wind_direction_10m",
    "wind_gusts_10m",
    "pressure_msl",
    "visibility",
)


def write(folder: Path, rows: int, seed: int = 2013) -> list[Path]:
    """Parquet files of ``rows`` rows in all, place after place, each in the order of time; returns their paths."""
    paths = []
    for number, first in enumerate(range(0, rows, ROWS_PER_FILE)):
        path = folder / f"part-{number:03d}.parquet"
        _part(first, min(ROWS_PER_FILE, rows - first), np.random.default_rng([seed, number])).write_parquet(path)
        paths.append(path)
    return paths


def _part(first: int, rows: int, chance: np.random.Generator) -> pl.DataFrame:
    kept = np.sort(chance.choice(int(rows / 0.98) + 1, rows, replace=False))  # two hours in a hundred are gaps
    slot = kept + int(first / 0.98)
    repeats = np.flatnonzero(chance.random(rows) < 0.001)
    slot[repeats] = slot[np.maximum(repeats - 1, 0)]
    temperature = np.round(chance.normal(12, 9, rows), 1)
    wind = np.round(chance.gamma(2, 8, rows), 1)
    values = {
        "temperature_2m": temperature,
        "dew_point_2m": np.round(temperature - chance.gamma(2, 3, rows), 1),
        "relative_humidity_2m": np.round(chance.uniform(20, 100, rows), 1),
        "precipitation": np.round(np.maximum(chance.normal(-2, 2, rows), 0), 1),
        "wind_speed_10m": wind,
        "wind_direction_10m": chance.integers(0, 37, rows) * 10.0,
        "wind_gusts_10m": np.round(wind * 1.4, 1),
        "pressure_msl": np.round(chance.normal(1013, 8, rows), 1),
        "visibility": np.round(chance.uniform(100, 16_093, rows), 0),
    }
    for name in ("temperature_2m", "relative_humidity_2m", "precipitation", "wind_speed_10m"):
        values[name][chance.random(rows) < 0.0025] = 999.0
    frame = pl.DataFrame({"slot": slot, **values})
    hour = pl.lit(START) + pl.duration(hours=pl.col("slot") % HOURS_PER_PLACE)
    place = (pl.col("slot") // HOURS_PER_PLACE).cast(pl.String).str.zfill(5)
    missing = [
        pl.when(pl.Series(chance.random(rows) >= 0.05)).then(pl.col(name)).alias(name)
        for name in FIELDS
        if name != "pressure_msl"
    ]
    return frame.with_columns(*missing).select(
        (pl.lit("station-") + place).alias("location_id"), hour.dt.to_string("%Y-%m-%dT%H:%M").alias("time"), *FIELDS
    )
