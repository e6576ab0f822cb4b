select
    location_id,
    location_name,
    weather_date,
    {{ weather_metrics() }}
from {{ ref('mart_weather_daily') }}
group by location_id, location_name, weather_date
