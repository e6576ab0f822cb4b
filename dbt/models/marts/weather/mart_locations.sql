select
    {{ contract_columns() }}
from {{ ref('stg_weather__locations') }}
