with locations as (
    select * from {{ ref('mart_locations') }}
),

daily as (
    select * from {{ ref('mart_weather_daily') }}
),

hourly as (
    select * from {{ ref('mart_weather_hourly') }}
),

newest as (
    select max(weather_date) as newest_date
    from daily
),

days_by_location as (
    select
        location_id,
        cast(sum(gap_hours) as bigint) as gap_hours,
        count(*) as day_count,
        min(weather_date) as first_date,
        max(weather_date) as last_date
    from daily
    group by location_id
),

hours_by_location as (
    select
        location_id,
        count(*) as observed_hours,
        max(observed_at) as newest_observed_at
    from hourly
    group by location_id
),

final as (
    select
        locations.location_id,
        locations.location_name,
        locations.station_code,
        days_by_location.first_date,
        days_by_location.last_date,
        hours_by_location.newest_observed_at,
        newest.newest_date,
        coalesce(days_by_location.day_count, 0) as day_count,
        coalesce(hours_by_location.observed_hours, 0) as observed_hours,
        coalesce(days_by_location.gap_hours, 0) as gap_hours,
        {{ safe_divide(
            'days_by_location.gap_hours', 'days_by_location.gap_hours + hours_by_location.observed_hours'
        ) }} as gap_share,
        {{ boundaries_between('day', 'days_by_location.last_date', 'newest.newest_date') }} as days_behind_newest,
        coalesce(days_by_location.last_date < newest.newest_date, true) as is_stale
    from locations
    cross join newest
    left join days_by_location on locations.location_id = days_by_location.location_id
    left join hours_by_location on locations.location_id = hours_by_location.location_id
)

select * from final
