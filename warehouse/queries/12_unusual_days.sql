-- question: Which days were least like their month, by the z-score of the daily mean temperature?
with compared as (
    select
        w.location_id,
        w.weather_date,
        w.temperature_mean_c,
        avg(w.temperature_mean_c) over (partition by w.location_id, d.year_number, d.month_number) as month_mean_c,
        stddev_samp(w.temperature_mean_c) over (
            partition by w.location_id, d.year_number, d.month_number
        ) as month_deviation_c
    from weather_daily as w
    inner join dim_date as d on w.date_key = d.date_key
    where w.temperature_mean_c is not null
),

scored as (
    select
        location_id,
        weather_date,
        round(cast(temperature_mean_c as decimal(18, 6)), 1) as temperature_mean_c,
        round(cast(month_mean_c as decimal(18, 6)), 1) as month_mean_c,
        -- A month whose days are all alike has no score.
        round(
            cast(
                case
                    when month_deviation_c > 0.000001
                        then (temperature_mean_c - month_mean_c) / nullif(month_deviation_c, 0)
                end as decimal(18, 6)
            ), 2
        ) as z_score
    from compared
)

select
    l.location_name,
    s.weather_date,
    s.temperature_mean_c,
    s.month_mean_c,
    s.z_score
from scored as s
inner join dim_location as l on s.location_id = l.location_id
where s.z_score is not null
order by
    abs(s.z_score) desc nulls last,
    s.weather_date asc nulls last,
    s.location_id asc nulls last
limit 15
