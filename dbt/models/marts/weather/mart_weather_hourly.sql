{%- set key = ['location_id', 'observed_at'] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=key,
        on_schema_change='fail',
        post_hook="{{ remove_vanished(this, ref('int_weather__hourly_joined'), ['location_id', 'observed_at']) }}",
    )
}}

{{ changed_rows(ref('int_weather__hourly_joined'), model.columns.keys() | list) }}
