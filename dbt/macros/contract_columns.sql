{#-
  The columns of this model's contract, in its order, so that a mart's list of columns stands in its YAML alone.
  For marts that only select: in a dbt unit test a model does not know its columns.
-#}
{% macro contract_columns() -%}
    {{ model.columns.keys() | join(',\n    ') }}
{%- endmacro %}
