select
    daily.*,
    locations.location_name,
    locations.station_code,
    dates.month_start_date,
    dates.is_weekend
from {{ ref('stg_weather__daily') }} as daily
inner join {{ ref('stg_weather__dates') }} as dates on daily.date_key = dates.date_key
inner join {{ ref('stg_weather__locations') }} as locations on daily.location_id = locations.location_id
