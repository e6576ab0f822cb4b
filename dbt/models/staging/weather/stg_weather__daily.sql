select
    location_id,
    weather_date,
    date_key,
    temperature_mean_c,
    temperature_min_c,
    temperature_max_c,
    temperature_mean_7d_c,
    precipitation_total_mm,
    wet_hours,
    observed_hours,
    gap_hours,
    wind_speed_mean_kmh,
    wind_speed_max_kmh,
    pressure_mean_hpa,
    heating_degree_days_c,
    cooling_degree_days_c
from {{ source('raw', 'weather_daily') }}
