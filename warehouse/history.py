"""``raw._load_history``: which version of which lake table the warehouse holds; so a repeated load does nothing.

Append-only. A row with a version says what a load did; a row without one says that the table was made anew (first
time, or another definition), after which nothing that stood before counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from lake.contract.model import Contract
from lake.writes import committing
from warehouse.ddl import create_table
from warehouse.duck import literal, quoted

if TYPE_CHECKING:
    import duckdb

    from lake.tables.delta import LakeTable

RAW = "raw"
TABLE = f"{RAW}._load_history"
_DEFINITION = f"""
CREATE TABLE IF NOT EXISTS {TABLE} (
    entry BIGINT NOT NULL, load_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, lake_table VARCHAR,
    lake_version BIGINT, snapshot_number BIGINT, loaded_at TIMESTAMPTZ NOT NULL, rows_in BIGINT, inserted BIGINT,
    updated BIGINT, deleted BIGINT, rows_out BIGINT
)"""


@dataclass(frozen=True)
class TableLoad:
    """What a load did to one table. ``rows_in`` are the rows read from the lake, ``rows_out`` those there now."""

    rows_in: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_out: int = 0
    version: int | None = None
    unchanged: bool = False


@dataclass(frozen=True)
class Pending:
    """A table that the warehouse has not got in this version. ``partitions`` None: all of it.

    ``options`` are the object options by which files in a bucket are read.
    """

    contract: Contract
    lake_table: str
    version: int
    files: tuple[str, ...]
    partitions: Collection[date] | None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


def define(connection: duckdb.DuckDBPyConnection, contracts: Collection[Contract], path: str) -> set[str]:
    """Make schema, history and the tables that are not there yet, empty.

    Gives the tables whose definition is another one now. They stay as they are: ``redefine`` comes when what takes the
    place of their rows has landed.
    """
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RAW}")
    connection.execute(_DEFINITION)
    known = _known(connection)
    for contract in (contract for contract in contracts if contract.table not in known):
        connection.execute("BEGIN")
        redefine(connection, contract)
        with committing("load.define", f"{path}: {RAW}.{quoted(contract.table)}"):
            connection.execute("COMMIT")
    return {
        contract.table
        for contract in contracts
        if contract.table in known and known[contract.table] != _shape(contract)
    }


def _known(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """The tables of schema ``raw``, with the shape that each was made in."""
    found = connection.execute(
        "SELECT table_name, comment FROM duckdb_tables() WHERE database_name = current_database() "
        "AND schema_name = ? AND NOT internal",
        [RAW],
    )
    return dict(found.fetchall())


def redefine(connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make a table anew, empty, in the caller's transaction; its shape is kept as a comment."""
    table = f"{RAW}.{quoted(contract.table)}"
    connection.execute(f"DROP TABLE IF EXISTS {table}")
    connection.execute(_definition(contract))
    connection.execute(f"COMMENT ON TABLE {table} IS {literal(_shape(contract))}")
    _enter(connection, load_id="", table=contract.table, lake_table=None, snapshot=None, done=None)


def _definition(contract: Contract) -> str:
    return create_table(contract, "duckdb", schema=RAW, constraints=False)


def _shape(contract: Contract) -> str:
    return hashlib.sha256(_definition(contract).encode()).hexdigest()


def unloaded(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> list[str]:
    """Those of these tables that do not stand as their newest load left them: gone, made anew since, or other rows."""
    known = _known(connection)
    if TABLE.removeprefix(f"{RAW}.") not in known:
        return sorted(tables)
    left = {table: _newest(connection, table) for table in tables if table in known}
    return sorted(table for table in tables if not (last := left.get(table)) or last[1] is None or not last[2])


def _newest(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[str | None, int | None, bool | None] | None:
    """The lake table and version that a table was loaded from, and whether it has as many rows as that load left."""
    return connection.execute(
        f"SELECT lake_table, lake_version, rows_out = (SELECT count(*) FROM {RAW}.{quoted(table)}) "
        f"FROM {TABLE} WHERE table_name = ? ORDER BY entry DESC NULLS LAST LIMIT 1",
        [table],
    ).fetchone()


def pending(
    connection: duckdb.DuckDBPyConnection, contract: Contract, table: LakeTable, version: int, *, full: bool = False
) -> Pending | None:
    """What has to be read of the table to bring it to ``version``; None where that is what the warehouse has.

    All of it where the warehouse holds another number of rows than its last load left: somebody changed it by hand.
    ``full``: all of it, whatever the warehouse has.
    """
    lake_table = table.identity()
    last = None if full else _newest(connection, contract.table)
    loaded = last[1] if last and last[0] == lake_table and last[2] else None
    if loaded == version:
        return None
    # None, so all of it: never loaded, it cannot be told, or somebody went back to an older version.
    changed = table.changed_partitions(loaded, version) if loaded is not None else None
    files = tuple(table.files(version, changed))
    return Pending(contract, lake_table, version, files, changed, table.options)


def record(connection: duckdb.DuckDBPyConnection, load_id: str, snapshot: int, step: Pending, done: TableLoad) -> None:
    """Write down what a load did to one table, in the load's transaction."""
    _enter(connection, load_id, step.contract.table, step.lake_table, snapshot, done)


def _enter(
    connection: duckdb.DuckDBPyConnection,
    load_id: str,
    table: str,
    lake_table: str | None,
    snapshot: int | None,
    done: TableLoad | None,
) -> None:
    counts: list[int | None] = (
        [done.rows_in, done.inserted, done.updated, done.deleted, done.rows_out] if done else [None] * 5
    )
    connection.execute(
        f"INSERT INTO {TABLE} SELECT coalesce(max(entry), 0) + 1, ?, ?, ?, ?, ?, current_timestamp, ?, ?, ?, ?, ? "
        f"FROM {TABLE}",
        [load_id, table, lake_table, done.version if done else None, snapshot, *counts],
    )
