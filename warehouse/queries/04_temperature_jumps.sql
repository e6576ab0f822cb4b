-- question: Where did the temperature change most from one day to the next, and did the day after undo it?
with days as (
    select
        location_id,
        weather_date,
        round(cast(temperature_mean_c as decimal(18, 6)), 2) as temperature_mean_c
    from weather_daily
),

neighbours as (
    select
        location_id,
        weather_date,
        temperature_mean_c,
        lag(weather_date) over (partition by location_id order by weather_date asc nulls last) as date_before,
        lag(temperature_mean_c) over (
            partition by location_id order by weather_date asc nulls last
        ) as temperature_before_c,
        lead(weather_date) over (partition by location_id order by weather_date asc nulls last) as date_after,
        lead(temperature_mean_c) over (
            partition by location_id order by weather_date asc nulls last
        ) as temperature_after_c
    from days
)

select
    l.location_name,
    n.weather_date,
    n.temperature_before_c,
    n.temperature_mean_c,
    n.temperature_mean_c - n.temperature_before_c as change_c,
    case when n.date_after - n.weather_date = 1 then n.temperature_after_c - n.temperature_mean_c end
        as change_next_day_c
from neighbours as n
inner join dim_location as l on n.location_id = l.location_id
where
    n.weather_date - n.date_before = 1
    and n.temperature_before_c is not null
    and n.temperature_mean_c is not null
order by
    abs(n.temperature_mean_c - n.temperature_before_c) desc nulls last,
    n.weather_date asc nulls last,
    n.location_id asc nulls last
limit 10
