"""Every question that the data pages ask: SELECTs on published marts, nothing else. ``?`` are parameters."""

from __future__ import annotations

from collections.abc import Sequence

PLACES = (
    "SELECT location_id, location_name, station_code, time_zone FROM mart_locations ORDER BY location_name, location_id"
)

STATUS = """
SELECT location_id, location_name, first_date, last_date, newest_observed_at, day_count, observed_hours, gap_hours,
       gap_share, days_behind_newest, is_stale
FROM mart_data_status
ORDER BY location_name, location_id
"""

PUBLICATION = "SELECT run_id, published_at, snapshot_number, code_version FROM _publication"


def daily(places: Sequence[str]) -> str:
    """One row per place and day; parameters: places, first and last date."""
    return f"""
SELECT weather_date, location_id, location_name, temperature_mean_c, temperature_min_c, temperature_max_c,
       temperature_mean_7d_c, precipitation_total_mm, wet_hours, observed_hours, gap_hours, wind_speed_mean_kmh,
       wind_speed_max_kmh, heating_degree_days_c, cooling_degree_days_c
FROM mart_weather_daily
WHERE location_id IN ({marks(places)}) AND weather_date BETWEEN ? AND ?
ORDER BY weather_date, location_name, location_id
"""  # noqa: S608 (only question marks are put in)


def hourly_temperature(places: Sequence[str]) -> str:
    """One row per place and hour; parameters: places, first and last date."""
    return f"""
SELECT observed_at, location_id, temperature_c
FROM mart_weather_hourly
WHERE location_id IN ({marks(places)}) AND observed_date BETWEEN ? AND ?
ORDER BY observed_at, location_id
"""  # noqa: S608


def wind_rose(places: Sequence[str]) -> str:
    """Hours by sector and speed class; parameters: places, first and last month."""
    return f"""
SELECT sector_number, sector, speed_class_number, speed_class_kmh, CAST(sum(hours) AS BIGINT) AS hours
FROM mart_wind_rose
WHERE location_id IN ({marks(places)}) AND month_start_date BETWEEN ? AND ?
GROUP BY sector_number, sector, speed_class_number, speed_class_kmh
ORDER BY sector_number, speed_class_number
"""  # noqa: S608


def places_with_totals(places: Sequence[str]) -> str:
    """Where each place lies and what its days came to; parameters: first and last date, places."""
    return f"""
SELECT p.location_id, p.location_name, p.station_code, p.latitude, p.longitude, p.elevation_m, p.time_zone,
       avg(d.temperature_mean_c) AS temperature_mean_c, sum(d.precipitation_total_mm) AS precipitation_total_mm
FROM mart_locations AS p
LEFT JOIN mart_weather_daily AS d ON d.location_id = p.location_id AND d.weather_date BETWEEN ? AND ?
WHERE p.location_id IN ({marks(places)})
GROUP BY p.location_id, p.location_name, p.station_code, p.latitude, p.longitude, p.elevation_m, p.time_zone
ORDER BY p.location_name, p.location_id
"""  # noqa: S608


def marks(values: Sequence[str]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" * len(values))
