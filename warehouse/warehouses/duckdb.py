"""DuckDB as warehouse: one file that dbt builds in, and a folder of published files of which one is current."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lake.contract.model import Contract
from lake.errors import StorageError
from warehouse import duck, history, pointer, publish, sandbox
from warehouse.backends.base import Rows
from warehouse.batch import OpenTable, Snapshot
from warehouse.ddl import Dialect
from warehouse.exports import Days, Export, duckdb_export, duckdb_tables
from warehouse.history import RAW
from warehouse.load import LoadResult, load
from warehouse.warehouses.base import FilesOf, Publication, Warehouse

if TYPE_CHECKING:
    import duckdb


class DuckDBReader:
    """See ``Reader``: a connection that has the published file attached as ``published``."""

    dialect: Dialect = "duckdb"

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def query(self, sql: str) -> Rows:
        """See ``Reader.query``."""
        return _rows(self._connection, sql)

    def place_of(self, schema: str, table: str) -> tuple[str, str]:
        """See ``Reader.place_of``."""
        return publish.PUBLISHED, f'"{publish.PUBLISHED}"."{schema}"."{table}"'


class DuckDBWarehouse(Warehouse):
    """The file at ``path``; publications go to ``folder``, where the newest ``keep`` stay."""

    name: ClassVar[str] = "duckdb"
    dialect: ClassVar[Dialect] = "duckdb"
    libraries: ClassVar[tuple[str, ...]] = ("duckdb",)

    def __init__(self, path: Path, folder: Path, keep: int = 2) -> None:
        self.path = path
        self.folder = folder
        self.keep = keep

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def published_place(self) -> str:
        """The folder."""
        return str(self.folder)

    def load(
        self, snapshot: Snapshot, open_table: OpenTable, contracts: Mapping[str, Contract], *, full: bool = False
    ) -> LoadResult:
        """See ``Warehouse.load``."""
        return load(snapshot, open_table, contracts, self.path, full=full)

    def stamp(self) -> object | None:
        """Of the file."""
        return duck.stamp(self.path)

    def loaded(self, *known: object) -> object | None:
        """See ``Warehouse.loaded``. A file that is not as it was left is read through, once."""
        now = self.stamp()
        sound = now is not None and (
            now in known or not (duck.is_damaged(self.path, RAW) or self.unloaded(self.tables(RAW)))
        )
        return str(self.path) if sound else None

    def unloaded(self, tables: Collection[str]) -> list[str]:
        """See ``Warehouse.unloaded``."""
        if not self.path.exists():
            return sorted(tables)
        with duck.opened(self.path, read_only=True) as connection:
            return history.unloaded(connection, tables)

    def publish(self, run_id: str, *, code_version: str = "", stale: Sequence[str] = ()) -> Publication:
        """See ``Warehouse.publish``."""
        made = publish.publish(self.path, self.folder, run_id, keep=self.keep, code_version=code_version, stale=stale)
        return Publication(made.path.name, made.tables, made.snapshot)

    def published(self) -> Mapping[str, object]:
        """The name of the published file and its stamp."""
        name = pointer.standing(self.folder)
        return {"published": name, "file": duck.stamp(self.folder / name) if name else None}

    @contextlib.contextmanager
    def reader(self) -> Iterator[DuckDBReader]:
        """See ``Warehouse.reader``."""
        with publish.open_published(self.folder) as connection:
            yield DuckDBReader(connection)

    def published_tables(self) -> list[str]:
        """See ``Warehouse.published_tables``."""
        return sandbox.published_tables(self.folder)

    def ask(
        self,
        sql: str,
        *,
        lake_tables: Collection[str],
        files_of: FilesOf,
        options: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[Rows, bool]:
        """See ``Warehouse.ask``."""
        return sandbox.ask(
            sql, published=self.folder, lake_tables=lake_tables, files_of=files_of, options=options, limit=limit
        )

    def query(self, sql: str) -> Rows:
        """See ``Warehouse.query``."""
        if not self.path.exists():
            raise StorageError("nothing is loaded yet", where=self.place, fix="run the pipeline first: mirrorlake run")
        with duck.opened(self.path, read_only=True) as connection:
            connection.execute(f"SET search_path = '{RAW}'")
            return _rows(connection, sql)

    def tables(self, schema: str) -> list[str]:
        """See ``Warehouse.tables``."""
        path, inside = self._file(schema)
        return duckdb_tables(path, inside) if path is not None and path.exists() else []

    def export(self, schema: str, table: str, to: Path, days: Days | None = None) -> Export:
        """See ``Warehouse.export``."""
        path, inside = self._file(schema)
        if path is None or not path.exists():
            raise StorageError(
                "there is no such table yet", where=f"{self.place}, {schema}.{table}", fix="run the pipeline first"
            )
        return duckdb_export(path, inside, table, to, days)

    def database_file(self, copy: Path) -> Path:
        """See ``Warehouse.database_file``."""
        return self.path

    def _file(self, schema: str) -> tuple[Path | None, str]:
        """In which file, and in which schema of it, the tables lie."""
        if schema == publish.PUBLISHED:
            return publish.published_path(self.folder), publish.MARTS
        return self.path, schema


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    cursor = connection.execute(sql)
    return Rows(tuple(str(column[0]) for column in cursor.description or ()), cursor.fetchall())


def create(**settings: object) -> DuckDBWarehouse:
    """The warehouse; ``path`` is its file, ``folder`` takes publications, of which ``keep`` stay."""
    return DuckDBWarehouse(Path(str(settings["path"])), Path(str(settings["folder"])), int(str(settings["keep"])))
