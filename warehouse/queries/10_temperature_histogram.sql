-- question: How are the hours spread over temperature, in steps of five degrees?
with binned as (
    select
        cast(floor(temperature_c / 5) * 5 as integer) as from_c,
        count(*) as hours
    from fact_weather_hourly
    where temperature_c is not null
    group by cast(floor(temperature_c / 5) * 5 as integer)
)

select
    from_c,
    from_c + 5 as to_c,
    hours,
    round(cast(100.0 * hours / nullif(sum(hours) over (), 0) as decimal(18, 6)), 2) as share_percent,
    round(
        cast(
            100.0 * sum(hours) over (order by from_c asc nulls last rows between unbounded preceding and current row)
            / nullif(sum(hours) over (), 0) as decimal(18, 6)
        ), 2
    ) as cumulative_percent
from binned
order by from_c asc nulls last
