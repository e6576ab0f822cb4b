"""Rows for the gate's benchmark: a contract of 15 columns, 14 rules and a key, and Parquet files that fit it mostly.

Made with a seed, so that every run and every rival reads the same bytes: one row in a hundred breaks a rule, one in a
thousand repeats an earlier key.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from lake.contract.model import Column, Contract, Rule, Type

CONDITIONS = ("snow", "rain", "fog", "windy", "fair")
FLOATS = {  # name: (lowest, highest, the bound that a bad value breaks)
    "temperature_c": (-90.0, 60.0),
    "dew_point_c": (-100.0, 45.0),
    "relative_humidity_percent": (0.0, 100.0),
    "precipitation_mm": (0.0, 500.0),
    "wind_speed_kmh": (0.0, 400.0),
    "wind_gust_kmh": (0.0, 450.0),
    "pressure_hpa": (850.0, 1100.0),
    "visibility_m": (0.0, 200_000.0),
}
ROWS_PER_FILE = 2_500_000


def contract() -> Contract:
    """15 columns; rules: 3 required, 8 bounds, 1 enum, 1 pattern, 1 expression; key of station and time."""
    columns = [
        Column("station_id", Type("string"), "station", required=True),
        Column("observed_at", Type("timestamp"), "time", required=True),
        *(Column(name, Type("float"), name) for name in FLOATS),
        Column("condition", Type("string"), "condition", enum=CONDITIONS),
        Column("sequence", Type("integer"), "sequence", required=True),
        Column("sensor", Type("string"), "sensor"),
        Column("is_automatic", Type("boolean"), "automatic"),
        Column("observed_date", Type("date"), "date"),
    ]
    rules = [Rule(f"{name}.required", "required", (name,)) for name in ("station_id", "observed_at", "sequence")]
    rules += [Rule(f"{name}.minimum", "minimum", (name,), argument=low) for name, (low, _) in list(FLOATS.items())[:4]]
    rules += [Rule(f"{name}.maximum", "maximum", (name,), argument=top) for name, (_, top) in list(FLOATS.items())[4:]]
    rules += [
        Rule("condition.enum", "enum", ("condition",), argument=CONDITIONS),
        Rule("station_id.pattern", "pattern", ("station_id",), argument="^[a-z]{2}[0-9]{4}$"),
        Rule(
            "dew_point_not_above_temperature",
            "expression",
            ("dew_point_c", "temperature_c"),
            expression="dew_point_c <= temperature_c + 0.5",
        ),
    ]
    return Contract(
        "benchmark", "silver", "1.0.0", "made", "nobody", tuple(columns), ("station_id", "observed_at"), tuple(rules)
    )


def write(folder: Path, rows: int, seed: int = 2013) -> list[Path]:
    """Parquet files of ``rows`` rows in all; returns their paths."""
    paths = []
    for number, first in enumerate(range(0, rows, ROWS_PER_FILE)):
        path = folder / f"part-{number:03d}.parquet"
        _part(first, min(ROWS_PER_FILE, rows - first), np.random.default_rng([seed, number])).write_parquet(path)
        paths.append(path)
    return paths


def _part(first: int, rows: int, chance: np.random.Generator) -> pl.DataFrame:
    place = np.arange(first, first + rows)
    repeats = np.flatnonzero(chance.random(rows) < 0.001)
    place[repeats] = np.maximum(place[repeats] - chance.integers(1, 1000, repeats.size), 0)
    temperature = np.round(chance.normal(12, 9, rows), 1)
    values = {
        "temperature_c": temperature,
        "dew_point_c": np.round(temperature - chance.gamma(2, 3, rows), 1),
        "relative_humidity_percent": np.round(chance.uniform(20, 100, rows), 1),
        "precipitation_mm": np.round(np.maximum(chance.normal(-2, 2, rows), 0), 1),
        "wind_speed_kmh": np.round(chance.gamma(2, 8, rows), 1),
        "wind_gust_kmh": np.round(chance.gamma(3, 12, rows), 1),
        "pressure_hpa": np.round(chance.normal(1013, 8, rows), 1),
        "visibility_m": np.round(chance.uniform(100, 16_093, rows), 0),
    }
    for number, (name, (low, top)) in enumerate(FLOATS.items()):
        broken = chance.random(rows) < 0.0012
        values[name][broken] = low - 1 if number < 4 else top + 1
    start = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
    frame = pl.DataFrame({"place": place, **values, "code": chance.integers(0, len(CONDITIONS), rows)})
    station, hour = pl.col("place") % 1000, pl.col("place") // 1000
    moment = ((start + hour * 3600) * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return frame.select(
        ("st" + station.cast(pl.String).str.zfill(4)).alias("station_id"),
        moment.alias("observed_at"),
        *FLOATS,
        pl.col("code").replace_strict(dict(enumerate(CONDITIONS))).alias("condition"),
        pl.col("place").alias("sequence"),
        ("sensor-" + (pl.col("place") % 7).cast(pl.String)).alias("sensor"),
        (pl.col("place") % 3 == 0).alias("is_automatic"),
        moment.dt.date().alias("observed_date"),
    )
