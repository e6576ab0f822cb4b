"""Staging: the star schema in a database that enforces keys, references and checks. No pass, no warehouse load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lake.contract.model import Contract
from warehouse.backends.base import Backend
from warehouse.batch import Batch, OpenTable, Snapshot, chosen


@dataclass(frozen=True)
class StageResult:
    """Rows by table, and where they lie (never with a password)."""

    tables: dict[str, int]
    target: str


def stage(
    snapshot: Snapshot, open_table: OpenTable, contracts: Mapping[str, Contract], backend: Backend, run_id: str
) -> StageResult:
    """Replace what is staged by the snapshot's warehouse tables, all or nothing.

    Raises IntegrityError, which names constraint, table and example rows; WarehouseError where the snapshot lacks a
    table; StorageError where the database cannot be reached or written.
    """
    batches = [
        Batch(contract, tuple(table.files(snapshot.tables[contract.table])), table.options)
        for contract, table in ((contract, open_table(contract.table)) for contract in chosen(snapshot, contracts))
    ]
    rows = backend.stage(batches, run_id, snapshot.number)
    return StageResult(rows, backend.target)
