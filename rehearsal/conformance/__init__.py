"""How far the stand-in for Snowflake is one: dbt's own tests of an adapter, run on it."""
