-- question: How windy are ordinary and extreme hours of each month: median, 90th and 99th percentile?
select
    l.location_name,
    d.year_number,
    d.month_number,
    count(f.wind_speed_kmh) as hours,
    round(
        cast(percentile_cont(0.5) within group (order by f.wind_speed_kmh) as decimal(18, 6)), 1
    ) as wind_speed_median_kmh,
    round(
        cast(percentile_cont(0.9) within group (order by f.wind_speed_kmh) as decimal(18, 6)), 1
    ) as wind_speed_p90_kmh,
    round(
        cast(percentile_cont(0.99) within group (order by f.wind_speed_kmh) as decimal(18, 6)), 1
    ) as wind_speed_p99_kmh,
    round(cast(max(f.wind_speed_kmh) as decimal(18, 6)), 1) as wind_speed_max_kmh
from fact_weather_hourly as f
inner join dim_location as l on f.location_id = l.location_id
inner join dim_date as d on f.date_key = d.date_key
where f.wind_speed_kmh is not null
group by l.location_id, l.location_name, d.year_number, d.month_number
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    d.year_number asc nulls last,
    d.month_number asc nulls last
