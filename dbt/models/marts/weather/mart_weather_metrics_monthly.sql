select
    location_id,
    location_name,
    month_start_date,
    count(*) as day_count,
    {{ weather_metrics() }}
from {{ ref('mart_weather_daily') }}
group by location_id, location_name, month_start_date
