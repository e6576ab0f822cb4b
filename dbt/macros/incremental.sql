{#-
  What an incremental mart needs to equal a full build always: dbt's own two macros, asked one thing more each, and the
  removal of what vanished from the source.
-#}

{#- `compile --no-introspect` cannot ask the warehouse, so there the variable chooses the branch. -#}
{% macro is_incremental() -%}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- if not flags.INTROSPECT -%}
        {{ return(var('compile_incremental') and model.config.materialized == 'incremental') }}
    {%- endif -%}
    {{ return(dbt.is_incremental()) }}
{%- endmacro %}

{#- A mart whose contract names other columns than its table has is built anew, not refused. -#}
{% macro should_full_refresh() -%}
    {%- if dbt.should_full_refresh() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- if not execute or model.config.materialized != 'incremental' -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set relation = load_cached_relation(this) -%}
    {%- if relation is none or not relation.is_table -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set there = [] -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do there.append(column.name | lower) -%}
    {%- endfor -%}
    {{ return(there != (model.columns.keys() | map('lower') | list)) }}
{%- endmacro %}

{#- Delete from `target` the keys that `relation` no longer has; after a full build there are none. -#}
{% macro remove_vanished(target, relation, key) -%}
    delete from {{ target }}
    where not exists (
        select 1
        from {{ relation }} as source_rows
        where
            {%- for column in key %}
            {% if not loop.first %}and {% endif %}source_rows.{{ column }} = {{ target.identifier }}.{{ column }}
            {%- endfor %}
    )
{%- endmacro %}
