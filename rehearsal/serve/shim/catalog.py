"""The information schema lists views among the tables, as Snowflake's does: dbt's catalogue is made of it."""

from __future__ import annotations

from string import Template

from fakesnow import info_schema

_BOTH = """(
    SELECT database_name, schema_name, table_name, estimated_size, 'BASE TABLE' AS kind FROM duckdb_tables()
    UNION ALL
    SELECT database_name, schema_name, view_name, NULL, 'VIEW' FROM duckdb_views() WHERE NOT internal
) tables"""


def install() -> None:
    """Put this in place of fakesnow's, for databases that are made from now on."""
    text = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template
    text = text.replace("'BASE TABLE' AS", "tables.kind AS").replace("duckdb_tables tables", _BOTH)
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW = Template(text)
