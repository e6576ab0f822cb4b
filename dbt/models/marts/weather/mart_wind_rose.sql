select
    location_id,
    month_start_date,
    sector_number,
    sector,
    speed_class_number,
    speed_class_kmh,
    count(*) as hours
from {{ ref('int_weather__wind_classified') }}
group by location_id, month_start_date, sector_number, sector, speed_class_number, speed_class_kmh
