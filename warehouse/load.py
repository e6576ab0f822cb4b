"""Load gold's committed snapshot into the warehouse's raw schema, by key.

Per table, the Parquet files of what changed since the last load go to a landing table, are checked there, and are
merged; then keys of touched partitions that the landing does not have are deleted. All tables of a load, those that a
contract defines otherwise now, and its rows of ``raw._load_history`` become visible in one transaction; tables that
are new are made before it, empty. A repeated load does nothing, an interrupted one is done again. The file is a cache
of gold: damaged, it is set aside and built anew from the lake.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lake.contract.model import Contract
from lake.errors import ConfigError, DamagedError
from lake.writes import committing
from warehouse import history
from warehouse.batch import OpenTable, Snapshot, chosen
from warehouse.duck import explained, opened, quoted, set_aside
from warehouse.history import RAW, TableLoad
from warehouse.landing import land, merge

if TYPE_CHECKING:
    import duckdb


SCHEMAS = (RAW, "staging", "intermediate", "marts")


@dataclass(frozen=True)
class LoadResult:
    """What a load did. ``tables`` has every table, unchanged ones too; ``notes`` are for the user."""

    load_id: str
    snapshot: int
    tables: dict[str, TableLoad]
    notes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> bool:
        """Whether the warehouse already had it all."""
        return all(table.unchanged for table in self.tables.values())


def load(
    snapshot: Snapshot,
    open_table: OpenTable,
    contracts: Mapping[str, Contract],
    warehouse_path: Path,
    *,
    full: bool = False,
) -> LoadResult:
    """Bring ``raw`` in the DuckDB file at ``warehouse_path`` to the snapshot; ``full`` reads every table as a whole,
    whatever the history says, so that what another code loaded, or somebody changed by hand, is put right.

    Raises WarehouseError (a landing check fails, the snapshot lacks a table), StorageError (lock, disk, rights) and
    DamagedError (a file of the lake).
    """
    wanted = chosen(snapshot, contracts)
    _refuse_ambiguous(warehouse_path)
    with explained(warehouse_path):
        warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _load(snapshot, open_table, wanted, warehouse_path, full=full)
    except DamagedError as damage:
        if damage.where != str(warehouse_path):
            raise
        kept = set_aside(warehouse_path)
        note = f"{damage.what}; kept as {kept.name} and built anew from the lake"
        return _load(snapshot, open_table, wanted, warehouse_path, full=full, notes=(note,))


def _refuse_ambiguous(path: Path) -> None:
    """DuckDB calls a database like its file; one called like a schema makes ``raw.x`` ambiguous."""
    if path.stem in SCHEMAS:
        raise ConfigError(
            f"the warehouse's file cannot be called {path.name!r}: {path.stem} is the name of a schema in it",
            where=str(path),
            fix="set warehouse.path to another name, such as warehouse.duckdb",
        )


def _load(
    snapshot: Snapshot,
    open_table: OpenTable,
    wanted: list[Contract],
    path: Path,
    *,
    full: bool,
    notes: tuple[str, ...] = (),
) -> LoadResult:
    load_id = f"{snapshot.number:08d}-{uuid.uuid4().hex[:12]}"
    with opened(path) as connection:
        changed = history.define(connection, wanted, str(path))
        steps = {
            contract.table: history.pending(
                connection,
                contract,
                open_table(contract.table),
                snapshot.tables[contract.table],
                full=full or contract.table in changed,
            )
            for contract in wanted
        }
        landed = {table: land(connection, step) for table, step in steps.items() if step}
        tables: dict[str, TableLoad] = {}
        connection.execute("BEGIN")
        for table, step in steps.items():
            if step is None:
                tables[table] = _untouched(connection, table, snapshot)
                continue
            if table in changed:
                history.redefine(connection, step.contract)
            tables[table] = merge(connection, step, landed[table])
            history.record(connection, load_id, snapshot.number, step, tables[table])
        if landed:
            with committing("load.commit", str(path)):
                connection.execute("COMMIT")
            # Closing would do it too, but keep silent when the disk is full.
            connection.execute("CHECKPOINT")
    return LoadResult(load_id, snapshot.number, tables, notes)


def _untouched(connection: duckdb.DuckDBPyConnection, table: str, snapshot: Snapshot) -> TableLoad:
    row = connection.execute(f"SELECT count(*) FROM {RAW}.{quoted(table)}").fetchone()
    return TableLoad(rows_out=int(row[0]) if row else 0, version=snapshot.tables[table], unchanged=True)
