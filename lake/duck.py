"""How every DuckDB connection of ours is set, be it an engine's, the warehouse's or that of the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def configure(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """UTC, no progress bar (it prints into piped output), no names of Python variables, no download of extensions."""
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    return connection
