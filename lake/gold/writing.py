"""One piece of work of a build, and how its rows come into their table: by our commit, or by the engine's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from lake.contract.model import Contract
from lake.contract.types import arrow_schema
from lake.engines import CommittingEngine, Days, Engine, Input, Target
from lake.tables.delta import LakeTable
from lake.tables.delta_commits import Committed, committed_by
from lake.transforms.model import Transformation


@dataclass(frozen=True)
class Job:
    """A transformation with all that an engine needs for it (see ``Engine.run``), and the partitions it rewrites."""

    transformation: Transformation
    inputs: Mapping[str, Input]
    contract: Contract
    spines: Mapping[str, pa.Table]
    keep: Sequence[Days] | None
    partitions: frozenset[date] | None

    def rows(self, engine: Engine) -> pa.RecordBatchReader:
        """The rows."""
        return engine.run(self.transformation, self.inputs, self.contract, self.spines, self.keep)


def put(job: Job, engine: Engine, table: LakeTable, rows: pa.Table | None = None) -> Committed:
    """Put the job's rows over its partitions, in one commit; ``rows`` are they where they have been made already."""
    if rows is None and isinstance(engine, CommittingEngine):
        return _put_by_engine(job, engine, table)
    tally = _Tally()
    reader = _counted(job.rows(engine) if rows is None else rows.to_reader(), tally)
    version = table.replace(
        reader,
        arrow_schema(job.contract),
        partition=job.contract.partition,
        partitions=job.partitions,
        site="gold.table",
        mark=table.next_mark(),
    )
    return Committed(version, tally.rows)


def _put_by_engine(job: Job, engine: CommittingEngine, table: LakeTable) -> Committed:
    def write(mark: tuple[str, int]) -> None:
        target = Target(table.url, job.partitions, mark)
        engine.commit(job.transformation, job.inputs, job.contract, target, job.spines, job.keep)

    return committed_by(
        table,
        write,
        arrow_schema(job.contract),
        partition=job.contract.partition,
        partitions=job.partitions,
        site="gold.table",
    )


@dataclass
class _Tally:
    """Rows that have passed. Apart from the reader: a circle through Arrow's own memory is never collected."""

    rows: int = 0


def _counted(reader: pa.RecordBatchReader, tally: _Tally) -> pa.RecordBatchReader:
    """The same batches; each is counted as it passes."""

    def passing() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            tally.rows += batch.num_rows
            yield batch

    return pa.RecordBatchReader.from_batches(reader.schema, passing())
