-- question: How did each month end: the rain of its last seven days, the mean temperature of its last thirty?
with rolling as (
    select
        location_id,
        date_key,
        weather_date,
        sum(precipitation_total_mm) over (
            partition by location_id order by weather_date asc nulls last
            rows between 6 preceding and current row
        ) as precipitation_sum_7d_mm,
        avg(temperature_mean_c) over (
            partition by location_id order by weather_date asc nulls last
            rows between 29 preceding and current row
        ) as temperature_mean_30d_c,
        count(*) over (
            partition by location_id order by weather_date asc nulls last
            rows between 29 preceding and current row
        ) as days_in_window
    from weather_daily
),

numbered as (
    select
        r.*,
        d.year_number,
        d.month_number,
        row_number() over (
            partition by r.location_id, d.year_number, d.month_number
            order by r.weather_date desc nulls last
        ) as from_the_end
    from rolling as r
    inner join dim_date as d on r.date_key = d.date_key
)

select
    l.location_name,
    n.year_number,
    n.month_number,
    n.weather_date as last_date,
    round(cast(n.precipitation_sum_7d_mm as decimal(18, 6)), 1) as precipitation_sum_7d_mm,
    round(cast(n.temperature_mean_30d_c as decimal(18, 6)), 1) as temperature_mean_30d_c,
    n.days_in_window
from numbered as n
inner join dim_location as l on n.location_id = l.location_id
where n.from_the_end = 1
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    n.weather_date asc nulls last
