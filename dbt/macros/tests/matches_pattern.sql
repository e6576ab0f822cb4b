{#- Texts in which the regular expression is not found; null passes. Anchor it to match the whole text. -#}
{% test matches_pattern(model, column_name, pattern) %}
select *
from {{ model }}
where not ({{ pattern_found(column_name, pattern) }})
{% endtest %}
