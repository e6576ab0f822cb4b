"""One table of a snapshot on its way into a database: its contract and the Parquet files that hold its rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lake.contract.model import Column, Contract
from lake.errors import WarehouseError
from lake.storage.credentials import serve
from warehouse.ddl import column_type, parents_first
from warehouse.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb

    from lake.tables.delta import LakeTable

OpenTable = Callable[[str], "LakeTable"]


class Snapshot(Protocol):
    """Gold's committed snapshot: its number, and the version of each table."""

    @property
    def number(self) -> int:
        """Counts up from 1."""

    @property
    def tables(self) -> Mapping[str, int]:
        """Table to version."""


@dataclass(frozen=True)
class Batch:
    """The rows of one table, or of some of its partitions, as Parquet files.

    ``options`` are the object options by which files in a bucket are read.
    """

    contract: Contract
    files: tuple[str, ...]
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def chosen(snapshot: Snapshot, contracts: Mapping[str, Contract]) -> list[Contract]:
    """The contracts that go to the warehouse, parents first. WarehouseError where the snapshot lacks one."""
    wanted = [contract for contract in contracts.values() if contract.warehouse]
    missing = sorted(contract.table for contract in wanted if contract.table not in snapshot.tables)
    if missing:
        raise WarehouseError(
            f"gold's snapshot {snapshot.number} has no {', '.join(missing)}",
            fix="build gold first: mirrorlake run --job gold",
        )
    return parents_first(wanted)


def select(connection: duckdb.DuckDBPyConnection, batch: Batch) -> str:
    """The SELECT by which DuckDB reads the batch itself: the contract's columns, in its order and types.

    A column that no file has (the table is older than its contract) is null; no file at all is no row.
    """
    columns = batch.contract.columns
    if not batch.files:
        return f"SELECT {', '.join(_as(column, 'NULL') for column in columns)} WHERE false"
    serve(connection, batch.options)
    source = parquet(batch.files)
    there = {row[0] for row in connection.execute(f"DESCRIBE FROM {source}").fetchall()}
    named = (_as(column, quoted(column.name) if column.name in there else "NULL") for column in columns)
    return f"SELECT {', '.join(named)} FROM {source}"


def _as(column: Column, value: str) -> str:
    return f"{value}::{column_type(column, 'duckdb')} AS {quoted(column.name)}"


def parquet(files: Sequence[str]) -> str:
    """DuckDB's table function over these files; the folder names of partitions are no columns."""
    listed = ", ".join(literal(file) for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"
