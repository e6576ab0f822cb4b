"""The tables of one gold build at fixed versions, and what changed in them since the last snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from lake import layout
from lake.contract.model import Contract, Reference
from lake.engines import Days
from lake.errors import StorageError, TableError
from lake.gold.reach import days_of
from lake.gold.snapshot import Stand
from lake.merge import partition_of
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable, reading

MISSING = -1  # the version of a table that does not exist yet: it is read as empty
NOT_THERE = Stand(MISSING, "")


class Tables:
    """Every table that a build reads or writes, opened once; ``versions`` says at which version each is read."""

    def __init__(self, objects: Objects, contracts: Mapping[str, Contract], versions: Mapping[str, int]) -> None:
        self.contracts = contracts
        self.versions = dict(versions)
        self.objects = objects
        self._opened: dict[str, LakeTable] = {}
        self._identities: dict[str, str] = {}

    def open(self, name: str) -> LakeTable:
        """The table of that name."""
        if name not in self._opened:
            self._opened[name] = LakeTable(self.objects, layout.table(self.contracts[name].layer, name))
        return self._opened[name]

    def current_version(self, name: str) -> int:
        """The newest version in the lake, MISSING where the table does not exist."""
        version = self.open(name).version()
        return MISSING if version is None else version

    def stand(self, name: str) -> Stand:
        """The table at its version of this build, with the id that tells it from one made again after a deletion."""
        if self.versions[name] == MISSING:
            return NOT_THERE
        if name not in self._identities:
            self._identities[name] = self.open(name).identity()
        return Stand(self.versions[name], self._identities[name])

    def newest(self, name: str) -> Stand:
        """The table as it is in the lake, whatever version this build reads."""
        version = self.current_version(name)
        return NOT_THERE if version == MISSING else Stand(version, self.open(name).identity())

    def written(self, name: str, version: int) -> None:
        """Read the table at this version from now on; it may have been made anew."""
        self.versions[name] = version
        self._identities.pop(name, None)

    def scan(self, name: str, version: int | None = None) -> pl.LazyFrame:
        """The contract's columns of a table at its version of this build (or another one)."""
        at = self.versions[name] if version is None else version
        if at == MISSING:
            from lake.contract.types import polars_schema

            return pl.LazyFrame(schema=polars_schema(self.contracts[name]))
        return self.open(name).scan(at)

    def changed(self, name: str, since: Stand) -> list[Days] | None:
        """The days of the partitions that changed since then; None where that cannot be told."""
        if self.stand(name) == since:
            return []
        partition = self.contracts[name].partition
        if partition is None or not self._has_past(name, since):
            return None
        changed = self.open(name).changed_partitions(since.version, self.versions[name])
        return None if changed is None else [days_of(day, partition.by) for day in sorted(changed)]

    def _has_past(self, name: str, since: Stand) -> bool:
        """Whether the log of the table there is now tells what happened since then."""
        return NOT_THERE not in (since, self.stand(name)) and self.stand(name).identity == since.identity

    def touched_by_parent(self, child: str, reference: Reference, since: Stand) -> list[Days] | None:
        """The days of the child's partitions that have rows of a parent row that came, went or changed.

        None where the parent as it was then is not there any more, or the child has no partitions.
        """
        parent = self.contracts[reference.to_table]
        partition = self.contracts[child].partition
        if partition is None or not self._has_past(parent.table, since):
            return None
        columns = list(parent.column_names)
        try:
            with reading(self.open(parent.table).url):
                before = self.scan(parent.table, since.version).select(columns).collect()
        except (TableError, StorageError):
            return None  # vacuumed: the whole table is built anew
        after = self.scan(parent.table).select(columns).collect()
        changed = pl.concat(
            [
                before.join(after, on=columns, how="anti", nulls_equal=True),
                after.join(before, on=columns, how="anti", nulls_equal=True),
            ]
        ).select(reference.to_columns)
        found = (
            self.scan(child)
            .join(changed.lazy(), left_on=reference.columns, right_on=reference.to_columns, how="semi")
            .select(partition_of(self.contracts[child]).unique())
            .collect()
            .to_series()
        )
        return [days_of(value, partition.by) for value in sorted(value for value in found if isinstance(value, date))]
