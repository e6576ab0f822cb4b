-- question: Which were the three longest dry spells at each place?
with dry_days as (
    select
        location_id,
        weather_date,
        temperature_mean_c,
        -- Days that follow one another have the same difference of day number and place in order.
        (weather_date - date '2000-01-01')
        - row_number() over (partition by location_id order by weather_date asc nulls last) as island
    from weather_daily
    where precipitation_total_mm = 0
),

spells as (
    select
        location_id,
        min(weather_date) as first_date,
        max(weather_date) as last_date,
        count(*) as days,
        avg(temperature_mean_c) as temperature_mean_c
    from dry_days
    group by location_id, island
),

ranked as (
    select
        s.*,
        row_number() over (
            partition by s.location_id
            order by s.days desc nulls last, s.first_date asc nulls last
        ) as place_in_order
    from spells as s
)

select
    l.location_name,
    r.place_in_order,
    r.first_date,
    r.last_date,
    r.days,
    round(cast(r.temperature_mean_c as decimal(18, 6)), 1) as temperature_mean_c
from ranked as r
inner join dim_location as l on r.location_id = l.location_id
where r.place_in_order <= 3
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    r.place_in_order asc nulls last
