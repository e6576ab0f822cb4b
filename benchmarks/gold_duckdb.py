"""Gate, hours, days and 7-day windows as a careful hand would write them in DuckDB: a rival in benchmarks/gold.py."""

from __future__ import annotations

from pathlib import Path

RAW = """
SELECT filename, file_row_number AS place, location_id, time,
  (try_cast(time AS TIMESTAMP) AT TIME ZONE 'UTC') AS observed_at, temperature_2m AS temperature_c,
  dew_point_2m AS dew_point_c, relative_humidity_2m AS relative_humidity_percent, precipitation AS precipitation_mm,
  wind_speed_10m AS wind_speed_kmh, wind_direction_10m AS wind_direction_degrees, wind_gusts_10m AS wind_gust_kmh,
  pressure_msl AS pressure_hpa, visibility AS visibility_m
FROM read_parquet({files}, filename = true)
"""
MEASURES = {
    "temperature_c": (-90, 60),
    "dew_point_c": (-100, 45),
    "relative_humidity_percent": (0, 100),
    "precipitation_mm": (0, 500),
    "wind_speed_kmh": (0, 400),
    "wind_direction_degrees": (0, 360),
    "wind_gust_kmh": (0, 450),
    "pressure_hpa": (850, 1100),
    "visibility_m": (0, 200_000),
}
HOURLY = """
WITH days AS (
  SELECT location_id, min(observed_at)::DATE AS first_day, max(observed_at)::DATE AS last_day FROM valid GROUP BY 1
), spine AS (
  SELECT location_id, unnest(generate_series(first_day::TIMESTAMPTZ, last_day::TIMESTAMPTZ + INTERVAL 23 HOUR,
    INTERVAL 1 HOUR)) AS observed_at
  FROM days
)
SELECT s.location_id, s.observed_at, s.observed_at::DATE AS observed_date, v.location_id IS NULL AS is_gap,
  temperature_c,
  temperature_c
    + 0.33 * (relative_humidity_percent / 100 * 6.105 * exp(17.27 * temperature_c / (237.7 + temperature_c)))
    - 0.70 * (wind_speed_kmh / 3.6) - 4.00 AS apparent_temperature_c,
  dew_point_c, temperature_c - dew_point_c AS dew_point_spread_c, relative_humidity_percent, precipitation_mm,
  wind_speed_kmh, wind_direction_degrees, wind_gust_kmh, pressure_hpa, visibility_m,
  CASE WHEN precipitation_mm >= 0.1 AND temperature_c <= 1 THEN 'snow' WHEN precipitation_mm >= 0.1 THEN 'rain'
    WHEN visibility_m < 1000 THEN 'fog' WHEN wind_speed_kmh >= 38.88 THEN 'windy'
    WHEN precipitation_mm IS NULL AND visibility_m IS NULL AND wind_speed_kmh IS NULL THEN 'unknown' ELSE 'fair'
  END AS condition
FROM spine s LEFT JOIN valid v ON s.location_id = v.location_id AND s.observed_at = v.observed_at
"""
ROLLING = """
SELECT location_id, observed_at, avg(temperature_c) OVER week AS temperature_mean_7d_c,
  avg(relative_humidity_percent) OVER week AS relative_humidity_mean_7d_percent,
  avg(wind_speed_kmh) OVER week AS wind_speed_mean_7d_kmh, sum(precipitation_mm) OVER week AS precipitation_sum_7d_mm,
  count(*) FILTER (NOT is_gap) OVER week AS observed_hours_7d
FROM hourly
WINDOW week AS (PARTITION BY location_id ORDER BY observed_at ROWS 167 PRECEDING)
"""
DAILY = """
WITH days AS (
  SELECT location_id, observed_date AS weather_date, avg(temperature_c) AS temperature_mean_c,
    min(temperature_c) AS temperature_min_c, max(temperature_c) AS temperature_max_c,
    sum(temperature_c) AS warmth, count(temperature_c) AS measured, sum(precipitation_mm) AS precipitation_total_mm,
    count(*) FILTER (precipitation_mm >= 0.1) AS wet_hours, count(*) FILTER (NOT is_gap) AS observed_hours,
    count(*) FILTER (is_gap) AS gap_hours, avg(wind_speed_kmh) AS wind_speed_mean_kmh,
    max(wind_speed_kmh) AS wind_speed_max_kmh, avg(pressure_hpa) AS pressure_mean_hpa
  FROM hourly GROUP BY 1, 2
)
SELECT location_id, weather_date,
  year(weather_date) * 10000 + month(weather_date) * 100 + day(weather_date) AS date_key, temperature_mean_c,
  temperature_min_c, temperature_max_c, sum(warmth) OVER week / nullif(sum(measured) OVER week, 0)
    AS temperature_mean_7d_c,
  precipitation_total_mm, wet_hours, observed_hours, gap_hours, wind_speed_mean_kmh, wind_speed_max_kmh,
  pressure_mean_hpa,
  CASE WHEN temperature_mean_c IS NOT NULL THEN greatest(18 - temperature_mean_c, 0) END AS heating_degree_days_c,
  CASE WHEN temperature_mean_c IS NOT NULL THEN greatest(temperature_mean_c - 18, 0) END AS cooling_degree_days_c
FROM days
WINDOW week AS (PARTITION BY location_id ORDER BY weather_date ROWS 6 PRECEDING)
"""


def rules() -> dict[str, tuple[str, str]]:
    """Rule name to ``(condition that breaks it, reason)``, in SQL."""
    found = {
        "location_id.required": ("location_id IS NULL", "'location_id: a value is required'"),
        "observed_at.type": ("time IS NOT NULL AND observed_at IS NULL", "'observed_at: ' || time || ' is no time'"),
        "observed_at.required": ("time IS NULL", "'observed_at: a value is required'"),
        "observed_at.minimum": ("observed_at < '1900-01-01 00:00:00+00'", "'observed_at: ' || time || ' is too early'"),
        "observed_at.maximum": ("observed_at > '2199-12-31 23:59:59+00'", "'observed_at: ' || time || ' is too late'"),
    }
    for name, (low, top) in MEASURES.items():
        found[f"{name}.type"] = (f"NOT isfinite({name})", f"'{name}: ' || {name} || ' is not a finite number'")
        found[f"{name}.minimum"] = (f"{name} < {low}", f"'{name}: ' || {name} || ' is below the minimum {low}'")
        found[f"{name}.maximum"] = (f"{name} > {top}", f"'{name}: ' || {name} || ' is above the maximum {top}'")
    found["location_id.max_length"] = ("length(location_id) > 64", "'location_id: ' || location_id || ' is too long'")
    pattern = "NOT regexp_full_match(location_id, '[a-z0-9][a-z0-9_.-]*')"
    found["location_id.pattern"] = (pattern, "'location_id: ' || location_id || ' does not match'")
    expression = "dew_point_c > temperature_c + 0.5"
    shown = "'dew_point_c <= temperature_c + 0.5 does not hold for ' || dew_point_c || ', ' || temperature_c"
    return found | {"dew_point_not_above_temperature": (expression, shown)}


def run(source: list[Path], folder: Path) -> dict[str, int]:
    """Write valid, rejected, hourly, rolling and daily as Parquet; returns the counts."""
    import duckdb

    checks = rules()
    broken = "coalesce(" + " OR ".join(f"({condition})" for condition, _ in checks.values()) + ", false)"
    names = ", ".join(f"CASE WHEN {condition} THEN '{name}' END" for name, (condition, _) in checks.items())
    reasons = ", ".join(f"CASE WHEN {condition} THEN {reason} END" for condition, reason in checks.values())
    columns = "location_id, observed_at, " + ", ".join(
        f"CASE WHEN {name} = 0 THEN 0 ELSE {name} END AS {name}" for name in MEASURES
    )
    raw = "(" + RAW.format(files="[" + ", ".join(f"'{path}'" for path in source) + "]") + ")"
    con = duckdb.connect(":memory:")
    con.execute("SET enable_progress_bar = false; SET preserve_insertion_order = false; SET TimeZone = 'UTC'")
    con.execute(f"SET temp_directory = '{folder}'")
    key = "location_id, observed_at"
    con.execute(f"CREATE TABLE twice AS SELECT {key} FROM {raw} GROUP BY ALL HAVING count(*) > 1")
    con.execute(
        f"CREATE TABLE losers AS SELECT filename, place FROM (SELECT filename, place, row_number() OVER "
        f"(PARTITION BY {key} ORDER BY filename DESC, place DESC) AS latest FROM {raw} SEMI JOIN twice USING ({key}) "
        f"WHERE NOT {broken}) WHERE latest > 1"
    )
    outputs = {
        "valid": f"SELECT {columns} FROM {raw} ANTI JOIN losers USING (filename, place) WHERE NOT {broken}",
        "rejected": (
            f"SELECT list_filter([{names}], lambda x: x IS NOT NULL) AS rules, "
            f"list_filter([{reasons}], lambda x: x IS NOT NULL) AS reasons, to_json(r) AS row "
            f"FROM (SELECT * EXCLUDE (filename, place) FROM {raw} WHERE {broken}) AS r"
        ),
        "hourly": HOURLY,
        "rolling": ROLLING,
        "daily": DAILY,
    }
    counts = {}
    for name, query in outputs.items():
        target = f"'{folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        counts[name] = con.execute(f"COPY ({query}) TO {target}").fetchall()[0][0]
        con.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")
    return counts | {"duplicates": con.execute("SELECT count(*) FROM losers").fetchall()[0][0]}
