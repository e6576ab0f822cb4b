"""Gate, hours, days and 7-day windows as a careful hand would write them in pandas: a rival in benchmarks/gold.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gold_duckdb

NAMES = {
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
KEY = ["location_id", "observed_at"]


def run(source: list[Path], folder: Path) -> dict[str, int]:
    """Write valid, rejected, hourly, rolling and daily as Parquet; returns the counts."""
    import pandas as pd

    raw = pd.concat([pd.read_parquet(path) for path in source], ignore_index=True)
    valid, rejected, duplicates = _gate(raw)
    hourly = _hourly(valid)
    frames = {
        "valid": valid,
        "rejected": rejected,
        "hourly": hourly,
        "rolling": _rolling(hourly),
        "daily": _daily(hourly),
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet", compression="zstd", index=False)
    return {name: len(frame) for name, frame in frames.items()} | {"duplicates": duplicates}


def _gate(raw: Any) -> tuple[Any, Any, int]:
    import numpy as np
    import pandas as pd

    frame = raw.rename(columns=NAMES)
    frame["observed_at"] = pd.to_datetime(frame["time"], format="%Y-%m-%dT%H:%M", utc=True, errors="coerce")
    checks = {
        "location_id.required": frame["location_id"].isna(),
        "observed_at.required": frame["time"].isna(),
        "observed_at.type": frame["observed_at"].isna() & frame["time"].notna(),
        "observed_at.minimum": frame["observed_at"] < pd.Timestamp("1900-01-01", tz="UTC"),
        "observed_at.maximum": frame["observed_at"] > pd.Timestamp("2199-12-31 23:59:59", tz="UTC"),
        "location_id.max_length": frame["location_id"].str.len() > 64,
        "location_id.pattern": ~frame["location_id"].str.fullmatch("[a-z0-9][a-z0-9_.-]*", na=True),
    }
    for name, (low, top) in gold_duckdb.MEASURES.items():
        checks[f"{name}.type"] = ~np.isfinite(frame[name]) & frame[name].notna()
        checks[f"{name}.minimum"] = frame[name] < low
        checks[f"{name}.maximum"] = frame[name] > top
        frame[name] = frame[name].where(frame[name] != 0, 0.0)
    checks["dew_point_not_above_temperature"] = frame["dew_point_c"] > frame["temperature_c"] + 0.5
    broken = pd.Series(False, index=frame.index)
    for flags in checks.values():
        broken |= flags
    good = frame[~broken]
    valid = good.drop_duplicates(KEY, keep="last")[[*KEY, *gold_duckdb.MEASURES]]
    rules = pd.Series("", index=frame.index[broken])
    for name, flags in checks.items():
        rules = rules.where(~flags[broken], rules + name + ";")
    rows = raw[broken].to_json(orient="records", lines=True).splitlines()
    return valid, pd.DataFrame({"rules": rules, "row": rows}), len(good) - len(valid)


def _hourly(valid: Any) -> Any:
    import numpy as np
    import pandas as pd

    days = valid.groupby("location_id")["observed_at"].agg(["min", "max"])
    to_last_hour = pd.Timedelta(hours=23)
    hours = {
        place: pd.date_range(low.floor("D"), top.floor("D") + to_last_hour, freq="h")
        for place, low, top in days.itertuples()
    }
    spine = pd.concat(
        [pd.DataFrame({"observed_at": span}).assign(location_id=place) for place, span in hours.items()],
        ignore_index=True,
    )
    spine["observed_at"] = spine["observed_at"].astype(valid["observed_at"].dtype)
    frame = spine.merge(valid.assign(seen=True), on=KEY, how="left")
    warm, rain, wind = frame["temperature_c"], frame["precipitation_mm"], frame["wind_speed_kmh"]
    vapour = frame["relative_humidity_percent"] / 100 * 6.105 * np.exp(17.27 * warm / (237.7 + warm))
    unknown = rain.isna() & frame["visibility_m"].isna() & wind.isna()
    frame["observed_date"] = frame["observed_at"].dt.floor("D")
    frame["is_gap"] = frame.pop("seen").isna()
    frame["apparent_temperature_c"] = warm + 0.33 * vapour - 0.70 * (wind / 3.6) - 4.00
    frame["dew_point_spread_c"] = warm - frame["dew_point_c"]
    frame["condition"] = np.select(
        [(rain >= 0.1) & (warm <= 1), rain >= 0.1, frame["visibility_m"] < 1000, wind >= 38.88, unknown],
        ["snow", "rain", "fog", "windy", "unknown"],
        "fair",
    )
    return frame


def _rolling(hourly: Any) -> Any:
    import pandas as pd

    ordered = hourly.sort_values(KEY)
    seen = ordered.assign(observed=(~ordered["is_gap"]).astype(float))
    means = ["temperature_c", "relative_humidity_percent", "wind_speed_kmh"]
    windows = seen.groupby("location_id", sort=False)[[*means, "precipitation_mm", "observed"]].rolling(
        168, min_periods=1
    )
    mean = windows[means].mean().reset_index(drop=True)
    total = windows[["precipitation_mm", "observed"]].sum().reset_index(drop=True)
    return pd.DataFrame(
        {
            "location_id": ordered["location_id"].to_numpy(),
            "observed_at": ordered["observed_at"].array,
            "temperature_mean_7d_c": mean["temperature_c"],
            "relative_humidity_mean_7d_percent": mean["relative_humidity_percent"],
            "wind_speed_mean_7d_kmh": mean["wind_speed_kmh"],
            "precipitation_sum_7d_mm": total["precipitation_mm"].clip(lower=0),
            "observed_hours_7d": total["observed"].round().astype("int64"),
        }
    )


def _daily(hourly: Any) -> Any:
    seen = hourly.assign(
        wet=(hourly["precipitation_mm"] >= 0.1).astype("int64"), observed=(~hourly["is_gap"]).astype("int64"),
        gap=hourly["is_gap"].astype("int64"), warmth=hourly["temperature_c"], measured=hourly["temperature_c"],
    )  # fmt: skip
    days = (
        seen.groupby(["location_id", "observed_date"])
        .agg(
            temperature_mean_c=("temperature_c", "mean"),
            temperature_min_c=("temperature_c", "min"),
            temperature_max_c=("temperature_c", "max"),
            warmth=("warmth", "sum"),
            measured=("measured", "count"),
            wet_hours=("wet", "sum"),
            observed_hours=("observed", "sum"),
            gap_hours=("gap", "sum"),
            wind_speed_mean_kmh=("wind_speed_kmh", "mean"),
            wind_speed_max_kmh=("wind_speed_kmh", "max"),
            pressure_mean_hpa=("pressure_hpa", "mean"),
        )
        .reset_index()
    )
    rain = seen.groupby(["location_id", "observed_date"])["precipitation_mm"].sum(min_count=1)
    days["precipitation_total_mm"] = rain.to_numpy()
    week = days.groupby("location_id", sort=False)[["warmth", "measured"]].rolling(7, min_periods=1).sum()
    days["temperature_mean_7d_c"] = (week["warmth"] / week["measured"].where(week["measured"] > 0)).to_numpy()
    days["date_key"] = days["observed_date"].dt.strftime("%Y%m%d").astype("int64")
    days["heating_degree_days_c"] = (18 - days["temperature_mean_c"]).clip(lower=0)
    days["cooling_degree_days_c"] = (days["temperature_mean_c"] - 18).clip(lower=0)
    days["weather_date"] = days.pop("observed_date").dt.date
    return days.drop(columns=["warmth", "measured"])
