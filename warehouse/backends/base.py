"""What a database that serves as staging has to do: take a consistent set of tables, and answer a query."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from warehouse.batch import Batch
from warehouse.ddl import Dialect
from warehouse.exports import Days, Export

__all__ = ["SCHEMA", "Backend", "Dialect", "Rows"]

SCHEMA = "staging"


@dataclass(frozen=True)
class Rows:
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[object, ...]]


class Backend(ABC):
    """One database. ``target`` is where the tables lie, in words fit for people: never a password."""

    name: ClassVar[str]
    dialect: ClassVar[Dialect]

    @property
    @abstractmethod
    def target(self) -> str:
        """Where the staged tables lie now."""

    @abstractmethod
    def stage(self, batches: Sequence[Batch], run_id: str, snapshot: int) -> dict[str, int]:
        """Replace all tables by ``batches`` (parents first), all or nothing; rows by table.

        The database enforces keys, references and checks. Raises IntegrityError where it refuses rows, StorageError
        where it cannot be reached or written.
        """

    @abstractmethod
    def query(self, sql: str) -> Rows:
        """Answer one SELECT over the staged tables, read-only, names without schema; timestamps come in UTC."""

    @abstractmethod
    def tables(self) -> list[str]:
        """The staged tables, metadata (``_...``) left out; none where nothing was staged yet."""

    @abstractmethod
    def export(self, table: str, to: Path, days: Days | None = None) -> Export:
        """Write a staged table, or its rows of some days, to the Parquet file ``to``; memory is that of a few batches.

        Raises StorageError and WarehouseError.
        """

    def standing(self, snapshot: int) -> str | None:
        """By what the tables staged from that gold snapshot are known again, if they still stand.

        None for a backend that keeps files, which are known by themselves. Raises as ``stage`` does.
        """
        return None

    def close(self) -> None:  # noqa: B027 (nothing to close is the usual case)
        """Give back connections."""
