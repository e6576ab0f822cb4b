"""What a database that serves as warehouse has to do: load gold, know again what was built on it, publish, answer.

Between loading and publishing dbt works in it by a connection of its own. Whoever checks before publishing compares
stamps: what was audited has to be what stands there when it is published.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from lake.contract.model import Contract
from lake.errors import UsageError
from warehouse.backends.base import Rows
from warehouse.batch import OpenTable, Snapshot
from warehouse.ddl import Dialect
from warehouse.exports import Days, Export
from warehouse.load import LoadResult

__all__ = ["FilesOf", "LoadResult", "Publication", "Reader", "Rows", "Warehouse"]

FilesOf = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class Publication:
    """What became visible: its name, rows by table, and the gold snapshot that the warehouse was loaded from."""

    name: str
    tables: Mapping[str, int]
    snapshot: int | None


class Reader(Protocol):
    """What is published, open for questions; one publication from the first question to the last."""

    @property
    def dialect(self) -> Dialect:
        """The SQL that it understands."""

    def query(self, sql: str) -> Rows:
        """The rows of a SELECT; names without schema are published tables."""

    def place_of(self, schema: str, table: str) -> tuple[str, str]:
        """``(database, name for SQL)`` under which dbt's ``schema.table`` is published."""


class Warehouse(ABC):
    """One warehouse. Nothing is opened before it is asked for."""

    name: ClassVar[str]
    dialect: ClassVar[Dialect]
    libraries: ClassVar[tuple[str, ...]]  # whose versions what is loaded and published depends on

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it lies, in words fit for people: never a password."""

    @property
    @abstractmethod
    def published_place(self) -> str:
        """Where published tables lie, likewise."""

    @abstractmethod
    def load(
        self, snapshot: Snapshot, open_table: OpenTable, contracts: Mapping[str, Contract], *, full: bool = False
    ) -> LoadResult:
        """Bring schema ``raw`` to the snapshot, by key, all tables in one transaction; ``full`` reads every table
        as a whole. A repeated load does nothing, an interrupted one completes.

        Raises WarehouseError (a landing check fails, the snapshot lacks a table), StorageError (it cannot be reached
        or written) and DamagedError (a file of the lake).
        """

    @abstractmethod
    def stamp(self) -> object | None:
        """By what its content is known again without being read, as JSON has it; None where there is none."""

    @abstractmethod
    def loaded(self, *known: object) -> object | None:
        """By what the result of a load is known again; None where it is gone or broken.

        ``known`` are stamps under which it has been seen whole: it need not be looked through again.
        """

    @abstractmethod
    def unloaded(self, tables: Collection[str]) -> list[str]:
        """Those of these tables of ``raw`` that do not stand as their newest load left them: nothing is to be built
        on them.
        """

    @abstractmethod
    def publish(self, run_id: str, *, code_version: str = "", stale: Sequence[str] = ()) -> Publication:
        """Make all tables of schema ``marts`` visible in one step, as they stand.

        ``stale`` are the reasons for which some of it is not up to date; readers are told. Raises WarehouseError
        where there are no marts; what was published before stays.
        """

    @abstractmethod
    def published(self) -> Mapping[str, object]:
        """By what the current publication is known again, as JSON has it; another where somebody changed it since."""

    @abstractmethod
    def reader(self) -> AbstractContextManager[Reader]:
        """What is published now. StorageError before the first publication."""

    @abstractmethod
    def published_tables(self) -> list[str]:
        """The names of the published tables, metadata (``_...``) left out; none before the first publication."""

    @abstractmethod
    def ask(
        self,
        sql: str,
        *,
        lake_tables: Collection[str],
        files_of: FilesOf,
        options: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[Rows, bool]:
        """Run one read-only SELECT; the rows (at most ``limit``), and whether there are more.

        It may read what is published and the tables of the lake, whose files ``files_of`` gives and ``options`` reach.
        Raises UsageError for what is no single SELECT and for what it may not do, UnknownChoiceError for a table that
        is not there.
        """

    @abstractmethod
    def query(self, sql: str) -> Rows:
        """One SELECT over the loaded star (schema ``raw``), names without schema; timestamps come in UTC."""

    @abstractmethod
    def tables(self, schema: str) -> list[str]:
        """The tables of ``raw``, ``marts`` (as dbt built them) or ``published``, metadata (``_...``) left out.

        None where nothing was built yet.
        """

    @abstractmethod
    def export(self, schema: str, table: str, to: Path, days: Days | None = None) -> Export:
        """Write one of these tables, or its rows of some days, to the Parquet file ``to``; memory is that of a few
        batches. For who compares two warehouses.
        """

    @abstractmethod
    def database_file(self, copy: Path) -> Path:
        """A DuckDB file with schemas ``raw`` and ``marts`` as they stand, for who checks them; nobody writes to it.

        It is the warehouse's own where that is one, else ``copy``, made now.
        """

    def setup_sql(self) -> str:
        """The statements that set up what outlives a run. UsageError where there is nothing to set up."""
        raise UsageError(f"{self.name} needs no setup", where="warehouse.backend")

    def set_up(self, login: str | None = None) -> int:
        """Run them, logged in as ``login``; how many. UsageError where there is nothing to set up."""
        raise UsageError(f"{self.name} needs no setup", where="warehouse.backend")

    def close(self) -> None:  # noqa: B027 (nothing to close is the usual case)
        """Give back connections."""
