-- question: Which three days were the warmest at each place?
with ranked as (
    select
        location_id,
        weather_date,
        temperature_mean_c,
        temperature_max_c,
        row_number() over (
            partition by location_id
            order by temperature_mean_c desc nulls last, weather_date asc nulls last
        ) as place_in_order
    from weather_daily
    where temperature_mean_c is not null
)

select
    l.location_name,
    r.place_in_order,
    r.weather_date,
    round(cast(r.temperature_mean_c as decimal(18, 6)), 1) as temperature_mean_c,
    round(cast(r.temperature_max_c as decimal(18, 6)), 1) as temperature_max_c
from ranked as r
inner join dim_location as l on r.location_id = l.location_id
where r.place_in_order <= 3
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    r.place_in_order asc nulls last
