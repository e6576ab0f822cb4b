{#-
  The metrics' columns, as aggregates over days of mart_weather_daily: what the metric marts hold. The MetricFlow
  definitions in models/marts/weather/_weather__metrics.yml say the same; a test holds the two equal.
-#}
{% macro weather_metrics() -%}
    avg(temperature_mean_c) as average_temperature_c,
    avg(temperature_mean_7d_c) as average_temperature_7d_c,
    sum(precipitation_total_mm) as precipitation_total_mm,
    cast(sum(wet_hours) as bigint) as wet_hours,
    cast(sum(observed_hours) as bigint) as observed_hours,
    {{ safe_divide('sum(wet_hours)', 'sum(observed_hours)') }} as wet_hour_share,
    sum(heating_degree_days_c) as heating_degree_days_c,
    sum(cooling_degree_days_c) as cooling_degree_days_c
{%- endmacro %}
