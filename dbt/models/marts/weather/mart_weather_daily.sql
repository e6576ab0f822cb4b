select
    {{ contract_columns() }}
from {{ ref('int_weather__daily_joined') }}
