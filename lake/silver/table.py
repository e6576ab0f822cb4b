"""A silver table as it stands and as it shall stand: reading what a merge needs, writing only what changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from lake import layout, merge
from lake.contract.model import Contract
from lake.contract.types import arrow_schema
from lake.errors import DamagedError
from lake.merge import Difference
from lake.storage.objects import Objects
from lake.tables.delta import PARTITION_COLUMN, LakeTable, reading


@dataclass(frozen=True)
class Change:
    """What a write did: ``version`` of the table (None: there is none), and the loads whose rows restate others."""

    difference: Difference
    version: int | None
    restating: frozenset[str]


class SilverTable:
    """The Delta table of one silver contract."""

    def __init__(self, objects: Objects, contract: Contract) -> None:
        self.contract = contract
        self.table = LakeTable(objects, layout.table("silver", contract.table))
        self._schema = arrow_schema(contract, metadata=True)
        self._whole = False

    def of_partitions(self, incoming: pl.DataFrame) -> pl.DataFrame:
        """The rows that ``incoming`` can meet: of the same partitions where the key tells the partition, else all."""
        partition = self.contract.partition
        if partition is None or partition.column not in self.contract.primary_key:
            return self.everything()
        days = incoming.select(merge.partition_of(self.contract).unique()).to_series().to_list()
        return self._columns(self.table.read(days)) if self.table.exists() else merge.empty(self.contract)

    def everything(self, *, repair: bool = False) -> pl.DataFrame:
        """All rows, in the contract's present columns. What is damaged counts as empty under ``repair``.

        Where shape or partitions are not the contract's, the next write replaces the whole table.
        """
        if not self.table.exists():
            return merge.empty(self.contract)
        try:
            rows = self.table.read()
            self._whole = not self.table.has_shape(self._schema, self.contract.partition) or self._misplaced(rows)
            return self._columns(rows)
        except DamagedError:
            if not repair:
                raise
        self._whole = True
        try:
            self.table.history()
        except DamagedError:
            self.table.drop("silver.drop")
        return merge.empty(self.contract)

    def payloads(self) -> set[str]:
        """The loads that rows stand of. DamagedError where the table cannot be read."""
        with reading(self.table.url):
            return set(self.table.scan().select(pl.col("_payload").unique()).collect().to_series())

    def write(self, existing: pl.DataFrame, target: pl.DataFrame) -> Change:
        """Make ``existing``, which is what stands of some or all partitions, into ``target``; no commit for nothing."""
        difference = merge.difference(existing, target, self.contract)
        if difference.nothing and not self._whole:
            return Change(difference, self.table.version(), frozenset(difference.restated["_payload"]))
        partitions = None if self._whole or not self.table.exists() else difference.partitions
        rows = target if partitions is None else merge.of_partitions(target, self.contract, partitions)
        version = self.table.replace(
            rows,
            self._schema,
            partition=self.contract.partition,
            partitions=partitions,
            site="silver.merge",
            mark=self.table.next_mark(),
        )
        return Change(difference, version, self._restating(difference.restated, partitions))

    def _restating(self, restated: pl.DataFrame, written: Collection[date] | None) -> frozenset[str]:
        if written is None:
            return frozenset()
        return frozenset(restated.filter(~pl.col("partition").is_in(list(written)))["_payload"])

    def _columns(self, rows: pl.DataFrame) -> pl.DataFrame:
        return merge.aligned(rows, self.contract)

    def _misplaced(self, rows: pl.DataFrame) -> bool:
        """Whether the partitions are of another granularity than the contract's."""
        if PARTITION_COLUMN not in rows.columns or self.contract.partition is None:
            return False
        if self.contract.partition.column not in rows.columns:
            return True
        return not rows.select((pl.col(PARTITION_COLUMN) == merge.partition_of(self.contract)).all()).item()
