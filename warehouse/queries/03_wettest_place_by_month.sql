-- question: How do the places rank by rain in each month?
with monthly as (
    select
        w.location_id,
        d.year_number,
        d.month_number,
        round(cast(sum(w.precipitation_total_mm) as decimal(18, 6)), 1) as precipitation_total_mm,
        cast(sum(w.wet_hours) as bigint) as wet_hours
    from weather_daily as w
    inner join dim_date as d on w.date_key = d.date_key
    group by w.location_id, d.year_number, d.month_number
)

select
    m.year_number,
    m.month_number,
    rank() over (
        partition by m.year_number, m.month_number
        order by m.precipitation_total_mm desc nulls last
    ) as rain_rank,
    l.location_name,
    m.precipitation_total_mm,
    m.wet_hours
from monthly as m
inner join dim_location as l on m.location_id = l.location_id
order by
    m.year_number asc nulls last,
    m.month_number asc nulls last,
    rain_rank asc nulls last,
    m.location_id asc nulls last
