{#- Schemas are called exactly what the models say: staging, intermediate, marts; no target's prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
