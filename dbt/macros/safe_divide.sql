{#- The quotient as a double; null, never an error and never infinity, where the divisor is zero. -#}
{% macro safe_divide(dividend, divisor) -%}
    cast({{ dividend }} as double) / nullif(cast({{ divisor }} as double), 0)
{%- endmacro %}
