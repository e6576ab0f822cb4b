-- question: Is the weather worse at weekends: the share of hours in each condition?
select
    l.location_name,
    d.is_weekend,
    count(*) as hours,
    round(
        cast(100.0 * count(case when f.condition = 'snow' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as snow_percent,
    round(
        cast(100.0 * count(case when f.condition = 'rain' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as rain_percent,
    round(
        cast(100.0 * count(case when f.condition = 'fog' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as fog_percent,
    round(
        cast(100.0 * count(case when f.condition = 'windy' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as windy_percent,
    round(
        cast(100.0 * count(case when f.condition = 'fair' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as fair_percent,
    round(
        cast(100.0 * count(case when f.condition = 'unknown' then 1 end) / nullif(count(*), 0) as decimal(18, 6)), 1
    ) as unknown_percent
from fact_weather_hourly as f
inner join dim_location as l on f.location_id = l.location_id
inner join dim_date as d on f.date_key = d.date_key
group by l.location_id, l.location_name, d.is_weekend
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    d.is_weekend asc nulls last
