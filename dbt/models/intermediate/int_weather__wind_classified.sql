-- One row per hour whose wind speed was measured, with its place in the wind rose: one of 16 sectors of 22.5 degrees,
-- each centred on its name's direction, or calm, or variable (moving air without a direction). Speed classes group
-- the Beaufort scale's bounds in km/h (WMO, Manual on Codes, table 1100).
with hourly as (
    select
        location_id,
        month_start_date,
        observed_at,
        wind_speed_kmh,
        wind_direction_degrees,
        wind_speed_kmh < 2 as is_calm
    from {{ ref('int_weather__hourly_joined') }}
    where wind_speed_kmh is not null
),

numbered as (
    select
        location_id,
        month_start_date,
        observed_at,
        wind_speed_kmh,
        case
            when is_calm then 16
            when wind_direction_degrees is null then 17
            else mod(cast(floor((wind_direction_degrees + 11.25) / 22.5) as integer), 16)
        end as sector_number,
        case
            when is_calm then 0
            when wind_speed_kmh < 12 then 1
            when wind_speed_kmh < 20 then 2
            when wind_speed_kmh < 29 then 3
            when wind_speed_kmh < 39 then 4
            else 5
        end as speed_class_number
    from hourly
),

final as (
    select
        location_id,
        month_start_date,
        observed_at,
        wind_speed_kmh,
        sector_number,
        speed_class_number,
        case sector_number
            when 0 then 'N'
            when 1 then 'NNE'
            when 2 then 'NE'
            when 3 then 'ENE'
            when 4 then 'E'
            when 5 then 'ESE'
            when 6 then 'SE'
            when 7 then 'SSE'
            when 8 then 'S'
            when 9 then 'SSW'
            when 10 then 'SW'
            when 11 then 'WSW'
            when 12 then 'W'
            when 13 then 'WNW'
            when 14 then 'NW'
            when 15 then 'NNW'
            when 16 then 'calm'
            else 'variable'
        end as sector,
        case speed_class_number
            when 0 then '0-2'
            when 1 then '2-12'
            when 2 then '12-20'
            when 3 then '20-29'
            when 4 then '29-39'
            else '39+'
        end as speed_class_kmh
    from numbered
)

select * from final
