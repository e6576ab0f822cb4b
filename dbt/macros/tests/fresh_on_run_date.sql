{#-
  Data that ends more than `hours` before the end of the run date. Silent without the variable `run_date`, and on a
  table without rows. Warns: stale is not failed.
-#}
{% test fresh_on_run_date(model, column_name, hours) %}
{{ config(severity='warn') }}
{%- set run_date_start = "cast('" ~ (var('run_date') or '1970-01-01') ~ "' as timestamp)" %}
select newest
from (
    select cast(max({{ column_name }}) as timestamp) as newest
    from {{ model }}
) as ends
where {{ boundaries_between('hour', 'newest', run_date_start) }} + 24 > {{ hours }}
{% endtest %}
