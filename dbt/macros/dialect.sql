{#-
  Every difference between DuckDB and Snowflake that models and tests meet. Anything else is written in the SQL that
  both understand; a new warehouse is one more set of `<adapter>__` macros in this file.
-#}

{#- The instant as a timestamp without zone, in UTC, whatever the column's type or the session's zone. -#}
{% macro utc_timestamp(column) -%}
    {{ adapter.dispatch('utc_timestamp')(column) }}
{%- endmacro %}

{% macro duckdb__utc_timestamp(column) -%}
    cast(cast({{ column }} as timestamptz) at time zone 'UTC' as timestamp)
{%- endmacro %}

{% macro snowflake__utc_timestamp(column) -%}
    cast(convert_timezone('UTC', cast({{ column }} as timestamp_tz)) as timestamp_ntz)
{%- endmacro %}

{#- Boundaries of `part` (day, hour) crossed from `first` to `second`; negative when `second` is earlier. -#}
{% macro boundaries_between(part, first, second) -%}
    {{ adapter.dispatch('boundaries_between')(part, first, second) }}
{%- endmacro %}

{% macro duckdb__boundaries_between(part, first, second) -%}
    date_diff('{{ part }}', {{ first }}, {{ second }})
{%- endmacro %}

{% macro snowflake__boundaries_between(part, first, second) -%}
    datediff('{{ part }}', {{ first }}, {{ second }})
{%- endmacro %}

{#- True where the pattern is found anywhere in the text; null where the text is null. -#}
{% macro pattern_found(column, pattern) -%}
    {{ adapter.dispatch('pattern_found')(column, pattern) }}
{%- endmacro %}

{% macro duckdb__pattern_found(column, pattern) -%}
    regexp_matches({{ column }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern)) }})
{%- endmacro %}

{#- A backslash is an escape in Snowflake's string literals, so it is doubled. -#}
{% macro snowflake__pattern_found(column, pattern) -%}
    regexp_instr({{ column }}, {{ dbt.string_literal(dbt.escape_single_quotes(pattern | replace('\\', '\\\\'))) }}) > 0
{%- endmacro %}
