"""MetricFlow's way to a database, on a DuckDB connection that is open already.

MetricFlow's own client goes through dbt and its profiles; this one needs neither, so that metrics are asked of the
published file and answer in half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from metricflow.data_table.mf_table import MetricFlowDataTable
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow_semantics.sql.sql_bind_parameters import SqlBindParameterSet

if TYPE_CHECKING:
    import duckdb

NO_PARAMETERS = SqlBindParameterSet()


class DuckDbClient:
    """``metricflow.protocols.sql_client.SqlClient`` for one connection, which stays its owner's to close."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.sql_engine_type = SqlEngine.DUCKDB
        self.sql_plan_renderer = DuckDbSqlPlanRenderer()

    def query(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> MetricFlowDataTable:
        """Run a query; its rows."""
        cursor = self._connection.execute(stmt)
        columns = [column[0] for column in cursor.description or ()]
        return MetricFlowDataTable.create_from_rows(column_names=columns, rows=cursor.fetchall())

    def execute(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> None:
        """Run a statement without rows."""
        self._connection.execute(stmt)

    def dry_run(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> None:
        """Let the database plan a query without running it."""
        self._connection.execute(f"EXPLAIN {stmt}")

    def close(self) -> None:
        """Nothing: the connection is its owner's."""

    def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
        """MetricFlow binds no parameters on DuckDB; this is the form that DuckDB would read."""
        return f"${bind_parameter_key}"
