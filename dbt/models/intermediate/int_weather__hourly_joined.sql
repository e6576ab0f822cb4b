select
    hourly.*,
    locations.location_name,
    locations.station_code,
    dates.calendar_date as observed_date,
    dates.month_start_date,
    dates.is_weekend
from {{ ref('stg_weather__hourly') }} as hourly
inner join {{ ref('stg_weather__dates') }} as dates on hourly.date_key = dates.date_key
inner join {{ ref('stg_weather__locations') }} as locations on hourly.location_id = locations.location_id
