-- question: Where does the record have holes, and how long are they?
with hours as (
    select
        f.location_id,
        d.calendar_date,
        f.hour_of_day,
        -- A running number of the hour: neighbours differ by one, whatever the day, month or time zone.
        (d.calendar_date - date '2000-01-01') * 24 + f.hour_of_day as hour_number
    from fact_weather_hourly as f
    inner join dim_date as d on f.date_key = d.date_key
),

followed as (
    select
        location_id,
        calendar_date,
        hour_of_day,
        lead(hour_number) over (partition by location_id order by hour_number asc nulls last)
        - hour_number - 1 as missing_hours
    from hours
)

select
    l.location_name,
    f.calendar_date as last_date_before,
    f.hour_of_day as last_hour_before,
    f.missing_hours
from followed as f
inner join dim_location as l on f.location_id = l.location_id
where f.missing_hours > 0
order by
    f.missing_hours desc nulls last,
    f.calendar_date asc nulls last,
    f.hour_of_day asc nulls last,
    f.location_id asc nulls last
limit 15
