{#-
  dbt's own macros, asked one thing more each, and the two halves of an incremental mart that equals a full refresh:
  `changed_rows` brings what is new or different, `remove_vanished` takes away what the source no longer has.
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

{#- Rows of `relation` that are not in this mart as they are: all of them in a full build. Nulls equal nulls. -#}
{% macro changed_rows(relation, columns) -%}
    select
        {{ columns | join(',\n        ') }}
    from {{ relation }}
    {%- if is_incremental() %}
    except
    select
        {{ columns | join(',\n        ') }}
    from {{ this }}
    {%- endif %}
{%- endmacro %}

{#- Delete from `target` the keys that `relation` no longer has; says nothing in a full build. -#}
{% macro remove_vanished(target, relation, key) -%}
    {%- if is_incremental() -%}
    delete from {{ target }}
    where not exists (
        select 1
        from {{ relation }} as source_rows
        where
            {%- for column in key %}
            {% if not loop.first %}and {% endif %}source_rows.{{ column }} = {{ target }}.{{ column }}
            {%- endfor %}
    )
    {%- endif -%}
{%- endmacro %}
