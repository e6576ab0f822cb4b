-- question: When did the pressure fall fastest within six hours, and how strong was the wind in the six hours after?
with hours as (
    select
        f.location_id,
        d.calendar_date,
        f.hour_of_day,
        f.pressure_hpa,
        f.wind_speed_kmh,
        (d.calendar_date - date '2000-01-01') * 24 + f.hour_of_day as hour_number
    from fact_weather_hourly as f
    inner join dim_date as d on f.date_key = d.date_key
),

winds as (
    select
        h.*,
        -- By value, not by rows: hours may be missing.
        max(h.wind_speed_kmh) over (
            partition by h.location_id order by h.hour_number asc
            range between current row and 6 following
        ) as wind_after_kmh
    from hours as h
),

falls as (
    select
        this_hour.location_id,
        this_hour.calendar_date,
        this_hour.hour_of_day,
        round(cast(this_hour.pressure_hpa as decimal(18, 6)), 1)
        - round(cast(before.pressure_hpa as decimal(18, 6)), 1) as pressure_change_hpa,
        this_hour.wind_after_kmh
    from winds as this_hour
    inner join hours as before
        on this_hour.location_id = before.location_id and this_hour.hour_number = before.hour_number + 6
    where this_hour.pressure_hpa < before.pressure_hpa
),

-- One storm is met in many hours: the fastest fall of each day stands for it.
by_day as (
    select
        f.*,
        row_number() over (
            partition by f.location_id, f.calendar_date
            order by f.pressure_change_hpa asc nulls last, f.hour_of_day asc nulls last
        ) as place_in_day
    from falls as f
),

ranked as (
    select
        b.*,
        row_number() over (
            partition by b.location_id
            order by b.pressure_change_hpa asc nulls last, b.calendar_date asc nulls last
        ) as place_in_order
    from by_day as b
    where b.place_in_day = 1
)

select
    l.location_name,
    r.place_in_order,
    r.calendar_date,
    r.hour_of_day,
    r.pressure_change_hpa,
    round(cast(r.wind_after_kmh as decimal(18, 6)), 1) as wind_after_kmh
from ranked as r
inner join dim_location as l on r.location_id = l.location_id
where r.place_in_order <= 3
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    r.place_in_order asc nulls last
