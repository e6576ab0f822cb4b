-- Generated from the contracts by `python -m pipeline.generate`; do not edit. Safe to run again.
-- Foreign keys from facts to dimensions, indexes for the joins, and comments.

COMMENT ON TABLE staging.dim_date IS 'The UTC days that the facts speak of, with what one groups days by.';
COMMENT ON COLUMN staging.dim_date.date_key IS 'The UTC day as a number, yyyymmdd.';
COMMENT ON COLUMN staging.dim_date.calendar_date IS 'The day.';
COMMENT ON COLUMN staging.dim_date.year_number IS 'Year.';
COMMENT ON COLUMN staging.dim_date.quarter_number IS 'Quarter of the year.';
COMMENT ON COLUMN staging.dim_date.month_number IS 'Month of the year.';
COMMENT ON COLUMN staging.dim_date.month_name IS 'English name of the month.';
COMMENT ON COLUMN staging.dim_date.day_of_month IS 'Day of the month.';
COMMENT ON COLUMN staging.dim_date.day_of_week IS 'Day of the week, 1 is Monday.';
COMMENT ON COLUMN staging.dim_date.day_name IS 'English name of the day.';
COMMENT ON COLUMN staging.dim_date.is_weekend IS 'True on Saturday and Sunday.';
COMMENT ON COLUMN staging.dim_date.iso_year IS 'Year that the ISO week belongs to.';
COMMENT ON COLUMN staging.dim_date.iso_week IS 'ISO week.';

COMMENT ON TABLE staging.dim_location IS 'The places, as the star schema joins them.';
COMMENT ON COLUMN staging.dim_location.location_id IS 'Short name of the place; also the slice under which it is fetched.';
COMMENT ON COLUMN staging.dim_location.location_name IS 'Name of the place, or of the station that stands for it.';
COMMENT ON COLUMN staging.dim_location.station_code IS 'Code of the station, where there is one.';
COMMENT ON COLUMN staging.dim_location.latitude IS 'Latitude, WGS 84. Unit: degrees.';
COMMENT ON COLUMN staging.dim_location.longitude IS 'Longitude, WGS 84. Unit: degrees.';
COMMENT ON COLUMN staging.dim_location.elevation_m IS 'Height above sea level. Unit: m.';
COMMENT ON COLUMN staging.dim_location.time_zone IS 'IANA name of the local time zone; stored times are UTC.';
COMMENT ON COLUMN staging.dim_location.country_code IS 'ISO 3166-1 code of the country.';

ALTER TABLE staging.fact_weather_hourly
    DROP CONSTRAINT IF EXISTS location_id__reference,
    ADD CONSTRAINT location_id__reference FOREIGN KEY (location_id) REFERENCES staging.dim_location (location_id);

ALTER TABLE staging.fact_weather_hourly
    DROP CONSTRAINT IF EXISTS date_key__reference,
    ADD CONSTRAINT date_key__reference FOREIGN KEY (date_key) REFERENCES staging.dim_date (date_key);

CREATE INDEX IF NOT EXISTS fact_weather_hourly__date_key ON staging.fact_weather_hourly (date_key);

COMMENT ON TABLE staging.fact_weather_hourly IS 'Every observed hour with its derived columns and rolling values, ready to join to the dimensions.';
COMMENT ON COLUMN staging.fact_weather_hourly.location_id IS 'Short name of the place; also the slice under which it is fetched.';
COMMENT ON COLUMN staging.fact_weather_hourly.observed_at IS 'Hour of the observation, UTC.';
COMMENT ON COLUMN staging.fact_weather_hourly.date_key IS 'The UTC day as a number, yyyymmdd.';
COMMENT ON COLUMN staging.fact_weather_hourly.hour_of_day IS 'Hour of the UTC day. Unit: hours.';
COMMENT ON COLUMN staging.fact_weather_hourly.temperature_c IS 'Air temperature two metres above ground. Unit: degC.';
COMMENT ON COLUMN staging.fact_weather_hourly.apparent_temperature_c IS 'What the air feels like in the shade, from temperature, humidity and wind. Unit: degC.';
COMMENT ON COLUMN staging.fact_weather_hourly.dew_point_c IS 'Temperature at which the air would be saturated. Unit: degC.';
COMMENT ON COLUMN staging.fact_weather_hourly.dew_point_spread_c IS 'Temperature minus dew point; near zero means fog or cloud on the ground. Unit: degC.';
COMMENT ON COLUMN staging.fact_weather_hourly.relative_humidity_percent IS 'Relative humidity two metres above ground. Unit: percent.';
COMMENT ON COLUMN staging.fact_weather_hourly.precipitation_mm IS 'Rain and melted snow of the preceding hour. Unit: mm.';
COMMENT ON COLUMN staging.fact_weather_hourly.wind_speed_kmh IS 'Wind speed ten metres above ground. Unit: km/h.';
COMMENT ON COLUMN staging.fact_weather_hourly.wind_direction_degrees IS 'Direction from which the wind blows, clockwise from north; 0 where it is calm, 360 is north. Unit: degrees.';
COMMENT ON COLUMN staging.fact_weather_hourly.wind_gust_kmh IS 'Strongest gust of the preceding hour; null where none was reported. Unit: km/h.';
COMMENT ON COLUMN staging.fact_weather_hourly.pressure_hpa IS 'Air pressure reduced to sea level. Unit: hPa.';
COMMENT ON COLUMN staging.fact_weather_hourly.visibility_m IS 'Horizontal visibility; the stations report at most ten miles (16093 m). Unit: m.';
COMMENT ON COLUMN staging.fact_weather_hourly.condition IS 'One word for the hour''s weather; unknown where nothing was observed.';
COMMENT ON COLUMN staging.fact_weather_hourly.temperature_mean_7d_c IS 'Mean temperature of the 168 hours that end here. Unit: degC.';
COMMENT ON COLUMN staging.fact_weather_hourly.precipitation_sum_7d_mm IS 'Precipitation of the 168 hours that end here. Unit: mm.';

ALTER TABLE staging.weather_daily
    DROP CONSTRAINT IF EXISTS location_id__reference,
    ADD CONSTRAINT location_id__reference FOREIGN KEY (location_id) REFERENCES staging.dim_location (location_id);

ALTER TABLE staging.weather_daily
    DROP CONSTRAINT IF EXISTS date_key__reference,
    ADD CONSTRAINT date_key__reference FOREIGN KEY (date_key) REFERENCES staging.dim_date (date_key);

CREATE INDEX IF NOT EXISTS weather_daily__date_key ON staging.weather_daily (date_key);

COMMENT ON TABLE staging.weather_daily IS 'Weather per place and UTC day, with the mean of seven days and degree days.';
COMMENT ON COLUMN staging.weather_daily.location_id IS 'Short name of the place; also the slice under which it is fetched.';
COMMENT ON COLUMN staging.weather_daily.weather_date IS 'UTC day.';
COMMENT ON COLUMN staging.weather_daily.date_key IS 'The UTC day as a number, yyyymmdd.';
COMMENT ON COLUMN staging.weather_daily.temperature_mean_c IS 'Mean of the observed hours. Unit: degC.';
COMMENT ON COLUMN staging.weather_daily.temperature_min_c IS 'Coldest observed hour. Unit: degC.';
COMMENT ON COLUMN staging.weather_daily.temperature_max_c IS 'Warmest observed hour. Unit: degC.';
COMMENT ON COLUMN staging.weather_daily.temperature_mean_7d_c IS 'Mean of the observed hours of this day and the six before. Unit: degC.';
COMMENT ON COLUMN staging.weather_daily.precipitation_total_mm IS 'Precipitation of the day. Unit: mm.';
COMMENT ON COLUMN staging.weather_daily.wet_hours IS 'Hours with measurable precipitation. Unit: hours.';
COMMENT ON COLUMN staging.weather_daily.observed_hours IS 'Hours with an observation. Unit: hours.';
COMMENT ON COLUMN staging.weather_daily.gap_hours IS 'Hours without an observation. Unit: hours.';
COMMENT ON COLUMN staging.weather_daily.wind_speed_mean_kmh IS 'Mean wind speed of the observed hours. Unit: km/h.';
COMMENT ON COLUMN staging.weather_daily.wind_speed_max_kmh IS 'Strongest hourly wind speed. Unit: km/h.';
COMMENT ON COLUMN staging.weather_daily.pressure_mean_hpa IS 'Mean pressure of the observed hours. Unit: hPa.';
COMMENT ON COLUMN staging.weather_daily.heating_degree_days_c IS 'Degrees by which the mean lies below 18 degC. Unit: degC.';
COMMENT ON COLUMN staging.weather_daily.cooling_degree_days_c IS 'Degrees by which the mean lies above 18 degC. Unit: degC.';
