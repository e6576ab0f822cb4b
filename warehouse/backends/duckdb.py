"""DuckDB as staging: each time a fresh file with all constraints, made current by an atomically replaced pointer.

A fresh file, because under foreign keys DuckDB can neither delete and insert the same keys in one transaction nor
rename. Readers of the file before are not disturbed (see ``warehouse.pointer``).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from lake.errors import StorageError
from warehouse import pointer
from warehouse.backends.base import SCHEMA, Backend, Dialect, Rows
from warehouse.batch import Batch, select
from warehouse.ddl import create_table
from warehouse.duck import opened, quoted
from warehouse.exports import Days, Export, duckdb_export, duckdb_tables
from warehouse.violations import refused


class DuckDBBackend(Backend):
    """Files in ``folder``: ``<run_id>.duckdb``, the current one and the one before, and ``current.json``."""

    name: ClassVar[str] = "duckdb"
    dialect: ClassVar[Dialect] = "duckdb"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def target(self) -> str:
        """The current file, or the folder where there is none yet."""
        return str(pointer.current(self.folder) or self.folder)

    def stage(self, batches: Sequence[Batch], run_id: str, snapshot: int) -> dict[str, int]:
        """See ``Backend.stage``."""
        with pointer.building(self.folder, run_id) as path:
            rows = _fill(path, batches)
            pointer.finish(self.folder, path, run_id, site="staging", snapshot=snapshot, rows=rows)
        return rows

    def query(self, sql: str) -> Rows:
        """See ``Backend.query``."""
        with opened(self._current(), read_only=True) as connection:
            connection.execute(f"SET search_path = '{SCHEMA}'")
            cursor = connection.execute(sql)
            columns = tuple(str(column[0]) for column in cursor.description or ())
            return Rows(columns, cursor.fetchall())

    def tables(self) -> list[str]:
        """See ``Backend.tables``."""
        path = pointer.current(self.folder)
        return duckdb_tables(path, SCHEMA) if path is not None and path.exists() else []

    def export(self, table: str, to: Path, days: Days | None = None) -> Export:
        """See ``Backend.export``."""
        return duckdb_export(self._current(), SCHEMA, table, to, days)

    def _current(self) -> Path:
        path = pointer.current(self.folder)
        if path is None or not path.exists():
            raise StorageError(
                "nothing is staged yet", where=str(self.folder), fix="run the pipeline first: mirrorlake run"
            )
        return path


def _fill(path: Path, batches: Sequence[Batch]) -> dict[str, int]:
    import duckdb

    rows: dict[str, int] = {}
    with opened(path) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        for batch in batches:
            table = f"{SCHEMA}.{quoted(batch.contract.table)}"
            connection.execute(create_table(batch.contract, "duckdb", schema=SCHEMA))
            try:
                connection.execute(f"INSERT INTO {table} {select(connection, batch)}")
            except duckdb.ConstraintException as error:
                raise refused(batches, batch.contract, str(error), where=str(path.parent)) from error
            rows[batch.contract.table] = _count(connection.execute(f"SELECT count(*) FROM {table}").fetchone())
        connection.execute("CHECKPOINT")
    return rows


def _count(row: tuple[object, ...] | None) -> int:
    assert row is not None
    return int(str(row[0]))


def create(**settings: object) -> DuckDBBackend:
    """The backend; ``folder`` is where its files lie."""
    return DuckDBBackend(Path(str(settings["folder"])))
