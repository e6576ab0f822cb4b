-- question: Which three days were the warmest at each place?
with days as (
    select
        location_id,
        weather_date,
        -- Means that are equal may differ in their last bit: as decimals they tie.
        cast(temperature_mean_c as decimal(18, 6)) as temperature_mean_c,
        cast(temperature_max_c as decimal(18, 6)) as temperature_max_c
    from weather_daily
    where temperature_mean_c is not null
),

ranked as (
    select
        d.*,
        row_number() over (
            partition by d.location_id
            order by d.temperature_mean_c desc nulls last, d.weather_date asc nulls last
        ) as place_in_order
    from days as d
)

select
    l.location_name,
    r.place_in_order,
    r.weather_date,
    round(r.temperature_mean_c, 1) as temperature_mean_c,
    round(r.temperature_max_c, 1) as temperature_max_c
from ranked as r
inner join dim_location as l on r.location_id = l.location_id
where r.place_in_order <= 3
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    r.place_in_order asc nulls last
