-- question: How does the need for heating add up over the year, month by month?
with monthly as (
    select
        w.location_id,
        d.year_number,
        d.month_number,
        sum(cast(w.heating_degree_days_c as decimal(18, 6))) as heating_degree_days_c
    from weather_daily as w
    inner join dim_date as d on w.date_key = d.date_key
    group by w.location_id, d.year_number, d.month_number
)

select
    l.location_name,
    m.year_number,
    m.month_number,
    round(m.heating_degree_days_c, 1) as heating_degree_days_c,
    round(
        sum(m.heating_degree_days_c) over (
            partition by m.location_id, m.year_number order by m.month_number asc nulls last
            rows between unbounded preceding and current row
        ), 1
    ) as cumulative_c,
    round(
        cast(
            100.0 * m.heating_degree_days_c
            / nullif(sum(m.heating_degree_days_c) over (partition by m.location_id, m.year_number), 0)
            as decimal(18, 6)
        ), 1
    ) as share_of_year_percent
from monthly as m
inner join dim_location as l on m.location_id = l.location_id
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    m.year_number asc nulls last,
    m.month_number asc nulls last
