-- Generated from the contracts by `python -m pipeline.generate`; do not edit.
-- What a load runs, per table that has changed since the last one. Definitions first, since each of them
-- commits; then COPY of exactly the files of gold's committed snapshot (up to 1,000 a statement; one stands here for
-- them); then the checks of 04_validation.sql; then, for all tables in one transaction, the merge and the removal of
-- keys that the landing no longer has, among the touched partitions (all of them in a first load, as here).

-- dim_date

CREATE TABLE IF NOT EXISTS ${database}.raw.dim_date (
    date_key BIGINT,
    calendar_date DATE,
    year_number BIGINT,
    quarter_number BIGINT,
    month_number BIGINT,
    month_name VARCHAR,
    day_of_month BIGINT,
    day_of_week BIGINT,
    day_name VARCHAR,
    is_weekend BOOLEAN,
    iso_year BIGINT,
    iso_week BIGINT
);

CREATE OR REPLACE TRANSIENT TABLE ${database}.landing.dim_date (
    date_key BIGINT,
    calendar_date DATE,
    year_number BIGINT,
    quarter_number BIGINT,
    month_number BIGINT,
    month_name VARCHAR,
    day_of_month BIGINT,
    day_of_week BIGINT,
    day_name VARCHAR,
    is_weekend BOOLEAN,
    iso_year BIGINT,
    iso_week BIGINT
);

COPY INTO ${database}.landing.dim_date
    FROM @${database}.landing.lake/
    FILES = (
        'gold/dim_date/part-00000.snappy.parquet'
    )
    FILE_FORMAT = (FORMAT_NAME = '${database}.landing.lake_parquet')
    MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
    ON_ERROR = ABORT_STATEMENT;

-- dim_location

CREATE TABLE IF NOT EXISTS ${database}.raw.dim_location (
    location_id VARCHAR(64),
    location_name VARCHAR(120),
    station_code VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE,
    elevation_m DOUBLE,
    time_zone VARCHAR(64),
    country_code VARCHAR
);

CREATE OR REPLACE TRANSIENT TABLE ${database}.landing.dim_location (
    location_id VARCHAR,
    location_name VARCHAR,
    station_code VARCHAR,
    latitude DOUBLE,
    longitude DOUBLE,
    elevation_m DOUBLE,
    time_zone VARCHAR,
    country_code VARCHAR
);

COPY INTO ${database}.landing.dim_location
    FROM @${database}.landing.lake/
    FILES = (
        'gold/dim_location/part-00000.snappy.parquet'
    )
    FILE_FORMAT = (FORMAT_NAME = '${database}.landing.lake_parquet')
    MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
    ON_ERROR = ABORT_STATEMENT;

-- fact_weather_hourly

CREATE TABLE IF NOT EXISTS ${database}.raw.fact_weather_hourly (
    location_id VARCHAR(64),
    observed_at TIMESTAMP_TZ(6),
    date_key BIGINT,
    hour_of_day BIGINT,
    temperature_c DOUBLE,
    apparent_temperature_c DOUBLE,
    dew_point_c DOUBLE,
    dew_point_spread_c DOUBLE,
    relative_humidity_percent DOUBLE,
    precipitation_mm DOUBLE,
    wind_speed_kmh DOUBLE,
    wind_direction_degrees DOUBLE,
    wind_gust_kmh DOUBLE,
    pressure_hpa DOUBLE,
    visibility_m DOUBLE,
    condition VARCHAR,
    temperature_mean_7d_c DOUBLE,
    precipitation_sum_7d_mm DOUBLE
);

CREATE OR REPLACE TRANSIENT TABLE ${database}.landing.fact_weather_hourly (
    location_id VARCHAR,
    observed_at TIMESTAMP_TZ(6),
    date_key BIGINT,
    hour_of_day BIGINT,
    temperature_c DOUBLE,
    apparent_temperature_c DOUBLE,
    dew_point_c DOUBLE,
    dew_point_spread_c DOUBLE,
    relative_humidity_percent DOUBLE,
    precipitation_mm DOUBLE,
    wind_speed_kmh DOUBLE,
    wind_direction_degrees DOUBLE,
    wind_gust_kmh DOUBLE,
    pressure_hpa DOUBLE,
    visibility_m DOUBLE,
    condition VARCHAR,
    temperature_mean_7d_c DOUBLE,
    precipitation_sum_7d_mm DOUBLE
);

COPY INTO ${database}.landing.fact_weather_hourly
    FROM @${database}.landing.lake/
    FILES = (
        'gold/fact_weather_hourly/part-00000.snappy.parquet'
    )
    FILE_FORMAT = (FORMAT_NAME = '${database}.landing.lake_parquet')
    MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
    ON_ERROR = ABORT_STATEMENT;

-- weather_daily

CREATE TABLE IF NOT EXISTS ${database}.raw.weather_daily (
    location_id VARCHAR(64),
    weather_date DATE,
    date_key BIGINT,
    temperature_mean_c DOUBLE,
    temperature_min_c DOUBLE,
    temperature_max_c DOUBLE,
    temperature_mean_7d_c DOUBLE,
    precipitation_total_mm DOUBLE,
    wet_hours BIGINT,
    observed_hours BIGINT,
    gap_hours BIGINT,
    wind_speed_mean_kmh DOUBLE,
    wind_speed_max_kmh DOUBLE,
    pressure_mean_hpa DOUBLE,
    heating_degree_days_c DOUBLE,
    cooling_degree_days_c DOUBLE
);

CREATE OR REPLACE TRANSIENT TABLE ${database}.landing.weather_daily (
    location_id VARCHAR,
    weather_date DATE,
    date_key BIGINT,
    temperature_mean_c DOUBLE,
    temperature_min_c DOUBLE,
    temperature_max_c DOUBLE,
    temperature_mean_7d_c DOUBLE,
    precipitation_total_mm DOUBLE,
    wet_hours BIGINT,
    observed_hours BIGINT,
    gap_hours BIGINT,
    wind_speed_mean_kmh DOUBLE,
    wind_speed_max_kmh DOUBLE,
    pressure_mean_hpa DOUBLE,
    heating_degree_days_c DOUBLE,
    cooling_degree_days_c DOUBLE
);

COPY INTO ${database}.landing.weather_daily
    FROM @${database}.landing.lake/
    FILES = (
        'gold/weather_daily/part-00000.snappy.parquet'
    )
    FILE_FORMAT = (FORMAT_NAME = '${database}.landing.lake_parquet')
    MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE
    ON_ERROR = ABORT_STATEMENT;

BEGIN TRANSACTION;

MERGE INTO ${database}.raw.dim_date AS t
    USING ${database}.landing.dim_date AS l
    ON t.date_key = l.date_key
    WHEN MATCHED AND (
        t.calendar_date IS DISTINCT FROM l.calendar_date
        OR t.year_number IS DISTINCT FROM l.year_number
        OR t.quarter_number IS DISTINCT FROM l.quarter_number
        OR t.month_number IS DISTINCT FROM l.month_number
        OR t.month_name IS DISTINCT FROM l.month_name
        OR t.day_of_month IS DISTINCT FROM l.day_of_month
        OR t.day_of_week IS DISTINCT FROM l.day_of_week
        OR t.day_name IS DISTINCT FROM l.day_name
        OR t.is_weekend IS DISTINCT FROM l.is_weekend
        OR t.iso_year IS DISTINCT FROM l.iso_year
        OR t.iso_week IS DISTINCT FROM l.iso_week
    ) THEN UPDATE SET
        t.calendar_date = l.calendar_date,
        t.year_number = l.year_number,
        t.quarter_number = l.quarter_number,
        t.month_number = l.month_number,
        t.month_name = l.month_name,
        t.day_of_month = l.day_of_month,
        t.day_of_week = l.day_of_week,
        t.day_name = l.day_name,
        t.is_weekend = l.is_weekend,
        t.iso_year = l.iso_year,
        t.iso_week = l.iso_week
    WHEN NOT MATCHED THEN INSERT (date_key, calendar_date, year_number, quarter_number, month_number, month_name, day_of_month, day_of_week, day_name, is_weekend, iso_year, iso_week)
    VALUES (l.date_key, l.calendar_date, l.year_number, l.quarter_number, l.month_number, l.month_name, l.day_of_month, l.day_of_week, l.day_name, l.is_weekend, l.iso_year, l.iso_week);

DELETE FROM ${database}.raw.dim_date
WHERE TRUE
    AND NOT EXISTS (
        SELECT 1
        FROM ${database}.landing.dim_date AS l
        WHERE dim_date.date_key = l.date_key
    );

MERGE INTO ${database}.raw.dim_location AS t
    USING ${database}.landing.dim_location AS l
    ON t.location_id = l.location_id
    WHEN MATCHED AND (
        t.location_name IS DISTINCT FROM l.location_name
        OR t.station_code IS DISTINCT FROM l.station_code
        OR t.latitude IS DISTINCT FROM l.latitude
        OR t.longitude IS DISTINCT FROM l.longitude
        OR t.elevation_m IS DISTINCT FROM l.elevation_m
        OR t.time_zone IS DISTINCT FROM l.time_zone
        OR t.country_code IS DISTINCT FROM l.country_code
    ) THEN UPDATE SET
        t.location_name = l.location_name,
        t.station_code = l.station_code,
        t.latitude = l.latitude,
        t.longitude = l.longitude,
        t.elevation_m = l.elevation_m,
        t.time_zone = l.time_zone,
        t.country_code = l.country_code
    WHEN NOT MATCHED THEN INSERT (location_id, location_name, station_code, latitude, longitude, elevation_m, time_zone, country_code)
    VALUES (l.location_id, l.location_name, l.station_code, l.latitude, l.longitude, l.elevation_m, l.time_zone, l.country_code);

DELETE FROM ${database}.raw.dim_location
WHERE TRUE
    AND NOT EXISTS (
        SELECT 1
        FROM ${database}.landing.dim_location AS l
        WHERE dim_location.location_id = l.location_id
    );

MERGE INTO ${database}.raw.fact_weather_hourly AS t
    USING ${database}.landing.fact_weather_hourly AS l
    ON t.location_id = l.location_id AND t.observed_at = l.observed_at
    WHEN MATCHED AND (
        t.date_key IS DISTINCT FROM l.date_key
        OR t.hour_of_day IS DISTINCT FROM l.hour_of_day
        OR t.temperature_c IS DISTINCT FROM l.temperature_c
        OR t.apparent_temperature_c IS DISTINCT FROM l.apparent_temperature_c
        OR t.dew_point_c IS DISTINCT FROM l.dew_point_c
        OR t.dew_point_spread_c IS DISTINCT FROM l.dew_point_spread_c
        OR t.relative_humidity_percent IS DISTINCT FROM l.relative_humidity_percent
        OR t.precipitation_mm IS DISTINCT FROM l.precipitation_mm
        OR t.wind_speed_kmh IS DISTINCT FROM l.wind_speed_kmh
        OR t.wind_direction_degrees IS DISTINCT FROM l.wind_direction_degrees
        OR t.wind_gust_kmh IS DISTINCT FROM l.wind_gust_kmh
        OR t.pressure_hpa IS DISTINCT FROM l.pressure_hpa
        OR t.visibility_m IS DISTINCT FROM l.visibility_m
        OR t.condition IS DISTINCT FROM l.condition
        OR t.temperature_mean_7d_c IS DISTINCT FROM l.temperature_mean_7d_c
        OR t.precipitation_sum_7d_mm IS DISTINCT FROM l.precipitation_sum_7d_mm
    ) THEN UPDATE SET
        t.date_key = l.date_key,
        t.hour_of_day = l.hour_of_day,
        t.temperature_c = l.temperature_c,
        t.apparent_temperature_c = l.apparent_temperature_c,
        t.dew_point_c = l.dew_point_c,
        t.dew_point_spread_c = l.dew_point_spread_c,
        t.relative_humidity_percent = l.relative_humidity_percent,
        t.precipitation_mm = l.precipitation_mm,
        t.wind_speed_kmh = l.wind_speed_kmh,
        t.wind_direction_degrees = l.wind_direction_degrees,
        t.wind_gust_kmh = l.wind_gust_kmh,
        t.pressure_hpa = l.pressure_hpa,
        t.visibility_m = l.visibility_m,
        t.condition = l.condition,
        t.temperature_mean_7d_c = l.temperature_mean_7d_c,
        t.precipitation_sum_7d_mm = l.precipitation_sum_7d_mm
    WHEN NOT MATCHED THEN INSERT (location_id, observed_at, date_key, hour_of_day, temperature_c, apparent_temperature_c, dew_point_c, dew_point_spread_c, relative_humidity_percent, precipitation_mm, wind_speed_kmh, wind_direction_degrees, wind_gust_kmh, pressure_hpa, visibility_m, condition, temperature_mean_7d_c, precipitation_sum_7d_mm)
    VALUES (l.location_id, l.observed_at, l.date_key, l.hour_of_day, l.temperature_c, l.apparent_temperature_c, l.dew_point_c, l.dew_point_spread_c, l.relative_humidity_percent, l.precipitation_mm, l.wind_speed_kmh, l.wind_direction_degrees, l.wind_gust_kmh, l.pressure_hpa, l.visibility_m, l.condition, l.temperature_mean_7d_c, l.precipitation_sum_7d_mm);

DELETE FROM ${database}.raw.fact_weather_hourly
WHERE TRUE
    AND NOT EXISTS (
        SELECT 1
        FROM ${database}.landing.fact_weather_hourly AS l
        WHERE fact_weather_hourly.location_id = l.location_id AND fact_weather_hourly.observed_at = l.observed_at
    );

MERGE INTO ${database}.raw.weather_daily AS t
    USING ${database}.landing.weather_daily AS l
    ON t.location_id = l.location_id AND t.weather_date = l.weather_date
    WHEN MATCHED AND (
        t.date_key IS DISTINCT FROM l.date_key
        OR t.temperature_mean_c IS DISTINCT FROM l.temperature_mean_c
        OR t.temperature_min_c IS DISTINCT FROM l.temperature_min_c
        OR t.temperature_max_c IS DISTINCT FROM l.temperature_max_c
        OR t.temperature_mean_7d_c IS DISTINCT FROM l.temperature_mean_7d_c
        OR t.precipitation_total_mm IS DISTINCT FROM l.precipitation_total_mm
        OR t.wet_hours IS DISTINCT FROM l.wet_hours
        OR t.observed_hours IS DISTINCT FROM l.observed_hours
        OR t.gap_hours IS DISTINCT FROM l.gap_hours
        OR t.wind_speed_mean_kmh IS DISTINCT FROM l.wind_speed_mean_kmh
        OR t.wind_speed_max_kmh IS DISTINCT FROM l.wind_speed_max_kmh
        OR t.pressure_mean_hpa IS DISTINCT FROM l.pressure_mean_hpa
        OR t.heating_degree_days_c IS DISTINCT FROM l.heating_degree_days_c
        OR t.cooling_degree_days_c IS DISTINCT FROM l.cooling_degree_days_c
    ) THEN UPDATE SET
        t.date_key = l.date_key,
        t.temperature_mean_c = l.temperature_mean_c,
        t.temperature_min_c = l.temperature_min_c,
        t.temperature_max_c = l.temperature_max_c,
        t.temperature_mean_7d_c = l.temperature_mean_7d_c,
        t.precipitation_total_mm = l.precipitation_total_mm,
        t.wet_hours = l.wet_hours,
        t.observed_hours = l.observed_hours,
        t.gap_hours = l.gap_hours,
        t.wind_speed_mean_kmh = l.wind_speed_mean_kmh,
        t.wind_speed_max_kmh = l.wind_speed_max_kmh,
        t.pressure_mean_hpa = l.pressure_mean_hpa,
        t.heating_degree_days_c = l.heating_degree_days_c,
        t.cooling_degree_days_c = l.cooling_degree_days_c
    WHEN NOT MATCHED THEN INSERT (location_id, weather_date, date_key, temperature_mean_c, temperature_min_c, temperature_max_c, temperature_mean_7d_c, precipitation_total_mm, wet_hours, observed_hours, gap_hours, wind_speed_mean_kmh, wind_speed_max_kmh, pressure_mean_hpa, heating_degree_days_c, cooling_degree_days_c)
    VALUES (l.location_id, l.weather_date, l.date_key, l.temperature_mean_c, l.temperature_min_c, l.temperature_max_c, l.temperature_mean_7d_c, l.precipitation_total_mm, l.wet_hours, l.observed_hours, l.gap_hours, l.wind_speed_mean_kmh, l.wind_speed_max_kmh, l.pressure_mean_hpa, l.heating_degree_days_c, l.cooling_degree_days_c);

DELETE FROM ${database}.raw.weather_daily
WHERE TRUE
    AND NOT EXISTS (
        SELECT 1
        FROM ${database}.landing.weather_daily AS l
        WHERE weather_daily.location_id = l.location_id AND weather_daily.weather_date = l.weather_date
    );

COMMIT;

DROP TABLE IF EXISTS ${database}.landing.dim_date;

DROP TABLE IF EXISTS ${database}.landing.dim_location;

DROP TABLE IF EXISTS ${database}.landing.fact_weather_hourly;

DROP TABLE IF EXISTS ${database}.landing.weather_daily;
