"""What fakesnow lacks, or gets wrong, of Snowflake: one file for each kind. docs/rehearsal.md lists every emulation.

A statement comes as Snowflake's SQL, is judged and rewritten here, and then goes fakesnow's own way to DuckDB.
"""
