{#- The columns of this model's contract, in its order: a mart's list of columns stands in its YAML alone. -#}
{% macro contract_columns() -%}
    {{ model.columns.keys() | join(',\n    ') }}
{%- endmacro %}
