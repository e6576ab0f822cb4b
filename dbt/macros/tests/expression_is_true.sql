{#- Rows for which `expression` is false; null passes, as in a check constraint. -#}
{% test expression_is_true(model, expression, column_name=none) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}
