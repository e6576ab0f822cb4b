{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['location_id', 'observed_at'],
        on_schema_change='fail',
        post_hook="{{ remove_vanished(this, ref('int_weather__hourly_joined'), config.get('unique_key')) }}",
    )
}}

-- Rows that are new or different; in a full build all of them. Nulls equal nulls. What vanished goes by the hook.
select
    {{ contract_columns() }}
from {{ ref('int_weather__hourly_joined') }}
{% if is_incremental() %}
except
select
    {{ contract_columns() }}
from {{ this }}
{% endif %}
