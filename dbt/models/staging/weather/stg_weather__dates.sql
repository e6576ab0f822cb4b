select
    date_key,
    calendar_date,
    year_number,
    quarter_number,
    month_number,
    month_name,
    day_of_month,
    day_of_week,
    day_name,
    is_weekend,
    iso_year,
    iso_week,
    cast(date_trunc('month', calendar_date) as date) as month_start_date
from {{ source('raw', 'dim_date') }}
