"""The gold tables in plain Python: loops, dictionaries and the standard library, nothing of the platform.

Rows are dictionaries. Written from the description of the tables, not from the transformations.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

Row = dict[str, Any]
MEASURES = [
    "temperature_c",
    "dew_point_c",
    "relative_humidity_percent",
    "precipitation_mm",
    "wind_speed_kmh",
    "wind_direction_degrees",
    "wind_gust_kmh",
    "pressure_hpa",
    "visibility_m",
]
MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def feels_like(temperature: float | None, humidity: float | None, wind_kmh: float | None) -> float | None:
    if temperature is None or humidity is None or wind_kmh is None:
        return None
    vapour = humidity / 100 * 6.105 * math.exp(17.27 * temperature / (237.7 + temperature))
    return temperature + 0.33 * vapour - 0.70 * (wind_kmh / 3.6) - 4.00


def word(row: Row) -> str:
    rain, temperature, sight, wind = (
        row[name] for name in ("precipitation_mm", "temperature_c", "visibility_m", "wind_speed_kmh")
    )
    if rain is not None and rain >= 0.1:
        return "snow" if temperature is not None and temperature <= 1.0 else "rain"
    if sight is not None and sight < 1000:
        return "fog"
    if wind is not None and wind >= 38.88:
        return "windy"
    return "unknown" if rain is None and sight is None and wind is None else "fair"


def hourly(observations: list[Row], locations: list[Row]) -> list[Row]:
    known = {row["location_id"] for row in locations}
    by_place: dict[str, list[Row]] = defaultdict(list)
    for row in observations:
        if row["location_id"] in known:
            by_place[row["location_id"]].append(row)
    made = []
    for place, rows in by_place.items():
        stands_for: dict[datetime, Row] = {}
        for row in sorted(rows, key=lambda row: row["observed_at"]):
            hour = row["observed_at"].replace(minute=0, second=0, microsecond=0)
            on_the_hour = stands_for.get(hour, {}).get("observed_at") == hour
            if not on_the_hour:
                stands_for[hour] = row
        days = sorted(row["observed_at"].date() for row in rows)
        at = datetime.combine(days[0], time(), tzinfo=UTC)
        while at.date() <= days[-1]:
            row = stands_for.get(at)
            values = {name: row[name] if row else None for name in MEASURES}
            warm, dew = values["temperature_c"], values["dew_point_c"]
            made.append(
                {
                    "location_id": place,
                    "observed_at": at,
                    "observed_date": at.date(),
                    "is_gap": row is None,
                    **values,
                    "apparent_temperature_c": feels_like(
                        warm, values["relative_humidity_percent"], values["wind_speed_kmh"]
                    ),
                    "dew_point_spread_c": None if warm is None or dew is None else warm - dew,
                    "condition": word(values),
                }
            )
            at += timedelta(hours=1)
    return made


def _by_place(rows: list[Row]) -> dict[str, list[Row]]:
    places: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        places[row["location_id"]].append(row)
    return places


def _mean(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def rolling(hours: list[Row]) -> list[Row]:
    made = []
    for place, rows in _by_place(hours).items():
        at = {row["observed_at"]: row for row in rows}
        for row in rows:
            week = [at[moment] for back in range(168) if (moment := row["observed_at"] - timedelta(hours=back)) in at]

            def seen(name: str, week: list[Row] = week) -> list[float]:
                return [row[name] for row in week if row[name] is not None]

            made.append(
                {
                    "location_id": place,
                    "observed_at": row["observed_at"],
                    "temperature_mean_7d_c": _mean(seen("temperature_c")),
                    "relative_humidity_mean_7d_percent": _mean(seen("relative_humidity_percent")),
                    "wind_speed_mean_7d_kmh": _mean(seen("wind_speed_kmh")),
                    "precipitation_sum_7d_mm": math.fsum(rain) if (rain := seen("precipitation_mm")) else None,
                    "observed_hours_7d": sum(not row["is_gap"] for row in week),
                }
            )
    return made


def key_of(day: date) -> int:
    return int(day.strftime("%Y%m%d"))


def daily(hours: list[Row]) -> list[Row]:
    made = []
    for place, rows in _by_place(hours).items():
        by_day: dict[date, list[Row]] = defaultdict(list)
        for row in rows:
            by_day[row["observed_date"]].append(row)
        for day, of_day in by_day.items():

            def seen(name: str, of_day: list[Row] = of_day) -> list[float]:
                return [row[name] for row in of_day if row[name] is not None]

            week = [row for back in range(7) for row in by_day.get(day - timedelta(days=back), [])]
            warm, rain, wind = seen("temperature_c"), seen("precipitation_mm"), seen("wind_speed_kmh")
            mean = _mean(warm)
            made.append(
                {
                    "location_id": place,
                    "weather_date": day,
                    "date_key": key_of(day),
                    "temperature_mean_c": mean,
                    "temperature_min_c": min(warm, default=None),
                    "temperature_max_c": max(warm, default=None),
                    "temperature_mean_7d_c": _mean(
                        [row["temperature_c"] for row in week if row["temperature_c"] is not None]
                    ),
                    "precipitation_total_mm": math.fsum(rain) if rain else None,
                    "wet_hours": sum(amount >= 0.1 for amount in rain),
                    "observed_hours": sum(not row["is_gap"] for row in of_day),
                    "gap_hours": sum(row["is_gap"] for row in of_day),
                    "wind_speed_mean_kmh": _mean(wind),
                    "wind_speed_max_kmh": max(wind, default=None),
                    "pressure_mean_hpa": _mean(seen("pressure_hpa")),
                    "heating_degree_days_c": None if mean is None else max(0.0, 18.0 - mean),
                    "cooling_degree_days_c": None if mean is None else max(0.0, mean - 18.0),
                }
            )
    return made


def dates(hours: list[Row]) -> list[Row]:
    return [
        {
            "date_key": key_of(day),
            "calendar_date": day,
            "year_number": day.year,
            "quarter_number": (day.month + 2) // 3,
            "month_number": day.month,
            "month_name": MONTHS[day.month - 1],
            "day_of_month": day.day,
            "day_of_week": day.isoweekday(),
            "day_name": DAYS[day.isoweekday() - 1],
            "is_weekend": day.isoweekday() > 5,
            "iso_year": day.isocalendar().year,
            "iso_week": day.isocalendar().week,
        }
        for day in sorted({row["observed_date"] for row in hours})
    ]


def fact(hours: list[Row], weeks: list[Row]) -> list[Row]:
    week_at = {(row["location_id"], row["observed_at"]): row for row in weeks}
    return [
        {
            **row,
            "date_key": key_of(row["observed_date"]),
            "hour_of_day": row["observed_at"].hour,
            "temperature_mean_7d_c": week_at[row["location_id"], row["observed_at"]]["temperature_mean_7d_c"],
            "precipitation_sum_7d_mm": week_at[row["location_id"], row["observed_at"]]["precipitation_sum_7d_mm"],
        }
        for row in hours
        if not row["is_gap"]
    ]


def gold(observations: list[Row], locations: list[Row]) -> dict[str, list[Row]]:
    """Every gold table of the weather."""
    hours = hourly(observations, locations)
    weeks = rolling(hours)
    return {
        "weather_hourly": hours,
        "weather_hourly_rolling": weeks,
        "weather_daily": daily(hours),
        "dim_date": dates(hours),
        "dim_location": locations,
        "fact_weather_hourly": fact(hours, weeks),
    }
