-- Generated from the contracts by `python -m pipeline.generate`; do not edit.
-- What a load asks before it merges (rows of the landing; rows that break a rule: there may be none) and
-- after it, before it commits (rows of the touched partitions equal rows that landed).

-- dim_date

SELECT 'rows' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_date
UNION ALL
SELECT 'key (date_key) is null' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_date AS t
WHERE t.date_key IS NULL
UNION ALL
SELECT 'key (date_key) stands more than once' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_date AS t
WHERE EXISTS (SELECT 1 FROM (SELECT date_key FROM ${database}.landing.dim_date GROUP BY date_key HAVING COUNT(*) > 1) AS l WHERE t.date_key = l.date_key);

SELECT
    COUNT_IF(TRUE) AS touched_rows,
    (SELECT COUNT(*) FROM ${database}.landing.dim_date) AS landed_rows,
    COUNT(*) AS all_rows
FROM ${database}.raw.dim_date;

-- dim_location

SELECT 'rows' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location
UNION ALL
SELECT 'key (location_id) is null' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location AS t
WHERE t.location_id IS NULL
UNION ALL
SELECT 'key (location_id) stands more than once' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location AS t
WHERE EXISTS (SELECT 1 FROM (SELECT location_id FROM ${database}.landing.dim_location GROUP BY location_id HAVING COUNT(*) > 1) AS l WHERE t.location_id = l.location_id)
UNION ALL
SELECT 'location_id is longer than 64' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location AS t
WHERE LENGTH(t.location_id) > 64
UNION ALL
SELECT 'location_name is longer than 120' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location AS t
WHERE LENGTH(t.location_name) > 120
UNION ALL
SELECT 'time_zone is longer than 64' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.dim_location AS t
WHERE LENGTH(t.time_zone) > 64;

SELECT
    COUNT_IF(TRUE) AS touched_rows,
    (SELECT COUNT(*) FROM ${database}.landing.dim_location) AS landed_rows,
    COUNT(*) AS all_rows
FROM ${database}.raw.dim_location;

-- fact_weather_hourly

SELECT 'rows' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.fact_weather_hourly
UNION ALL
SELECT 'key (location_id, observed_at) is null' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.fact_weather_hourly AS t
WHERE t.location_id IS NULL OR t.observed_at IS NULL
UNION ALL
SELECT 'key (location_id, observed_at) stands more than once' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.fact_weather_hourly AS t
WHERE EXISTS (SELECT 1 FROM (SELECT location_id, observed_at FROM ${database}.landing.fact_weather_hourly GROUP BY location_id, observed_at HAVING COUNT(*) > 1) AS l WHERE t.location_id = l.location_id AND t.observed_at = l.observed_at)
UNION ALL
SELECT 'location_id is longer than 64' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.fact_weather_hourly AS t
WHERE LENGTH(t.location_id) > 64;

SELECT
    COUNT_IF(TRUE) AS touched_rows,
    (SELECT COUNT(*) FROM ${database}.landing.fact_weather_hourly) AS landed_rows,
    COUNT(*) AS all_rows
FROM ${database}.raw.fact_weather_hourly;

-- weather_daily

SELECT 'rows' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.weather_daily
UNION ALL
SELECT 'key (location_id, weather_date) is null' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.weather_daily AS t
WHERE t.location_id IS NULL OR t.weather_date IS NULL
UNION ALL
SELECT 'key (location_id, weather_date) stands more than once' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.weather_daily AS t
WHERE EXISTS (SELECT 1 FROM (SELECT location_id, weather_date FROM ${database}.landing.weather_daily GROUP BY location_id, weather_date HAVING COUNT(*) > 1) AS l WHERE t.location_id = l.location_id AND t.weather_date = l.weather_date)
UNION ALL
SELECT 'location_id is longer than 64' AS rule, COUNT(*) AS row_count
FROM ${database}.landing.weather_daily AS t
WHERE LENGTH(t.location_id) > 64;

SELECT
    COUNT_IF(TRUE) AS touched_rows,
    (SELECT COUNT(*) FROM ${database}.landing.weather_daily) AS landed_rows,
    COUNT(*) AS all_rows
FROM ${database}.raw.weather_daily;
