"""The builder of one gold table after the other: read what is needed, run the engine, commit, remember."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl
import pyarrow as pa

from lake.contract.model import Contract
from lake.engines import Days, Engine, Input, TableVersion
from lake.errors import TableError
from lake.gold.digest import digest
from lake.gold.plan import Work, work_for
from lake.gold.reach import partitions_of, runs, widened
from lake.gold.snapshot import Built, Snapshot, Summary
from lake.gold.state import MISSING, Tables
from lake.gold.summary import span_table
from lake.gold.writing import Job, put
from lake.tables.delta import PARTITION_COLUMN, LakeTable
from lake.transforms.model import Transformation

# A table without partitions is made anew at every change; up to this size it is compared with what is there first.
COMPARED_ROWS = 1_000_000


@dataclass(frozen=True)
class TableResult:
    """What became of one table. ``changed_partitions``: those rewritten; None: the whole table. ``reason``: why."""

    version: int
    rows_in: int = 0
    rows_out: int = 0
    changed_partitions: frozenset[date] | None = frozenset()
    unchanged: bool = False
    reason: str = ""


class Builder:
    """Makes one table after the other and remembers what the snapshot has to say."""

    def __init__(
        self,
        tables: Tables,
        engine: Engine,
        summaries: Mapping[str, Summary],
        previous: Snapshot | None,
        *,
        full: bool,
    ) -> None:
        self.tables = tables
        self.engine = engine
        self.summaries = summaries
        self.previous = previous
        self.full = full
        self.results: dict[str, TableResult] = {}
        self.built: dict[str, Built] = dict(previous.built) if previous else {}
        self._rebuilt: set[str] = set()

    def make(self, made: Transformation) -> None:
        """Bring one table up to date."""
        for read in made.reads:
            if read not in self.tables.versions:
                raise TableError(f"{made.name} reads {read}, which was never built", fix=f"build {read} too")
        contract = self.tables.contracts[made.name]
        code = digest(made, self.tables.contracts)
        work = self._work(made, contract, code)
        if work.nothing:
            self.results[made.name] = TableResult(self.tables.versions[made.name], unchanged=True, reason=work.reason)
        else:
            self.results[made.name] = self._rewrite(made, contract, work)
            if work.partitions is None and not self.results[made.name].unchanged:
                self._rebuilt.add(made.name)
        self.tables.written(made.name, self.results[made.name].version)
        inputs = {read: self.tables.stand(read) for read in made.reads}
        self.built[made.name] = Built(self.tables.stand(made.name), inputs, code)

    def _work(self, made: Transformation, contract: Contract, code: str) -> Work:
        if self.full:
            return Work(None, "asked for")
        return work_for(
            made,
            contract,
            self.tables,
            digest=code,
            previous=self.previous,
            summaries=self.summaries,
            rebuilt=frozenset(self._rebuilt),
        )

    def _rewrite(self, made: Transformation, contract: Contract, work: Work) -> TableResult:
        partition = contract.partition
        keep = None
        if work.partitions is not None and partition is not None:
            keep = runs(work.partitions, partition.by)
        read = None if keep is None else widened(keep, contract.window_days or 0)
        inputs = {name: self._input(name, read) for name in made.reads}
        spines = {
            name: span_table(self.summaries[spine.table].spans[spine.key], spine, read)
            for name, spine in made.spines.items()
        }
        rows_in = sum(_rows(given) for given in inputs.values())
        job = Job(made, inputs, contract, spines, keep, work.partitions)
        rows = None
        # A small table is made in memory and compared first, whoever commits.
        if partition is None and self._is_small_and_known(made.name):
            rows = job.rows(self.engine).read_all()
            if self._same_as_before(contract, rows):
                version = self.tables.versions[made.name]
                return TableResult(version, rows_in, rows.num_rows, frozenset(), unchanged=True, reason="same rows")
        done = put(job, self.engine, self._whole(made.name), rows)
        return TableResult(done.version, rows_in, done.rows or 0, work.partitions, reason=work.reason)

    def _whole(self, name: str) -> LakeTable:
        """The table to be written; one whose log is damaged is gone first where all of it is asked for."""
        table = self.tables.open(name)
        if self.full and table.exists() and table.is_damaged():
            table.drop("gold.drop")
        return table

    def _is_small_and_known(self, name: str) -> bool:
        """Whether the table of the last snapshot is still the newest, and small enough to be compared."""
        version = self.tables.versions.get(name, MISSING)
        if self.full or version == MISSING or version != self.tables.current_version(name):
            return False
        return int(self.tables.scan(name).select(pl.len()).collect().item()) <= COMPARED_ROWS

    def _same_as_before(self, contract: Contract, rows: pa.Table) -> bool:
        """Whether a table without partitions came out as it was: its readers are then spared a new version."""
        key = list(contract.primary_key)
        before = self.tables.scan(contract.table).select(contract.column_names).sort(key).collect()
        after = pl.from_arrow(rows)
        assert isinstance(after, pl.DataFrame)
        return before.equals(after.cast(dict(before.schema)).sort(key))  # type: ignore[arg-type]

    def _input(self, name: str, read: list[Days] | None) -> Input:
        """A table as the engine reads it: only the partitions of the days that are needed."""
        contract, version = self.tables.contracts[name], self.tables.versions[name]
        held = self.summaries[name].held if name in self.summaries else 0
        if version == MISSING:
            return Input(contract, lambda: self.tables.scan(name), [], hold=held > 0)
        table, partition = self.tables.open(name), contract.partition
        if read is None or partition is None:
            return Input(
                contract,
                lambda: table.scan(version),
                table.files(version),
                hold=held > 0,
                options=table.options,
                table=TableVersion(table.url, version),
            )
        partitions = frozenset(day for span in read for day in partitions_of(span, partition.by))
        where = (partition.column, read[0][0], read[-1][1])
        return Input(
            contract,
            lambda: table.scan(version).filter(pl.col(PARTITION_COLUMN).is_in(sorted(partitions))),
            table.files(version, partitions),
            where,
            hold=held > 0,
            options=table.options,
            table=TableVersion(table.url, version, partitions),
        )


def _rows(given: Input) -> int:
    """How many rows an engine had to read for an input; Parquet's own counts answer most of it."""
    return int(given.scan().select(pl.len()).collect().item())
