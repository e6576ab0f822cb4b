"""MetricFlow's way to a database, on a reader of published tables that is open already.

MetricFlow's own client goes through dbt and its profiles; this one needs neither, so that metrics are asked of what is
published and answer in half a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from metricflow.data_table.mf_table import MetricFlowDataTable
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
from metricflow.sql.render.snowflake import SnowflakeSqlPlanRenderer
from metricflow_semantics.sql.sql_bind_parameters import SqlBindParameterSet

if TYPE_CHECKING:
    from warehouse.warehouses.base import Reader

NO_PARAMETERS = SqlBindParameterSet()
_ENGINES: dict[str, Any] = {
    "duckdb": (SqlEngine.DUCKDB, DuckDbSqlPlanRenderer),
    "snowflake": (SqlEngine.SNOWFLAKE, SnowflakeSqlPlanRenderer),
}


class ReaderClient:
    """``metricflow.protocols.sql_client.SqlClient`` for one reader, which stays its owner's to close."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.sql_engine_type, renderer = _ENGINES[reader.dialect]
        self.sql_plan_renderer = renderer()

    def query(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> MetricFlowDataTable:
        """Run a query; its rows."""
        answer = self._reader.query(stmt)
        rows: list[Any] = list(answer.rows)
        return MetricFlowDataTable.create_from_rows(column_names=list(answer.columns), rows=rows)

    def execute(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> None:
        """Run a statement without rows."""
        self._reader.query(stmt)

    def dry_run(self, stmt: str, sql_bind_parameter_set: SqlBindParameterSet = NO_PARAMETERS) -> None:
        """Let the database plan a query without running it."""
        self._reader.query(f"EXPLAIN {stmt}")

    def close(self) -> None:
        """Nothing: the reader is its owner's."""

    def render_bind_parameter_key(self, bind_parameter_key: str) -> str:
        """MetricFlow binds no parameters on these databases; this is the form that they would read."""
        return f"${bind_parameter_key}" if self._reader.dialect == "duckdb" else f":{bind_parameter_key}"
