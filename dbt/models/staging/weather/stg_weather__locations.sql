select
    location_id,
    location_name,
    station_code,
    latitude,
    longitude,
    elevation_m,
    time_zone,
    country_code
from {{ source('raw', 'dim_location') }}
