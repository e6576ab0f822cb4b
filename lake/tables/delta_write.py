"""The write of one Delta commit: rows cast without loss, their partition added, foreign partitions refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from lake.contract.model import Granularity, Partition
from lake.errors import MirrorlakeError, TableError
from lake.tables.delta_log import PARTITION_COLUMN
from lake.tables.lossless import cast_batch

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from deltalake import DeltaTable

ROWS_AT_ONCE = 1_000_000
# A writer would else delete what of the log is older than 30 days, with each checkpoint: it would need a right that
# who writes silver in production does not have. Both libraries heed the property; it is said when a table is made.
PROPERTIES = {"delta.enableExpiredLogCleanup": "false"}


def with_partition(schema: pa.Schema, partition: Partition | None) -> pa.Schema:
    """The table's physical schema: with ``_partition_date`` at the end where it is partitioned."""
    import pyarrow as pa

    return schema if partition is None else schema.append(pa.field(PARTITION_COLUMN, pa.date32()))


def partition_columns(schema: pa.Schema) -> list[str]:
    """What the physical schema is partitioned by."""
    return [PARTITION_COLUMN] if PARTITION_COLUMN in schema.names else []


def shape(described: pa.Schema | DeltaTable) -> list[tuple[str, str, bool]]:
    """Name, Delta type and whether nulls are allowed, per column in order; the partition column always is last."""
    from deltalake import DeltaTable, Schema

    delta = described.schema() if isinstance(described, DeltaTable) else Schema.from_arrow(described)
    partitions = (
        described.metadata().partition_columns if isinstance(described, DeltaTable) else partition_columns(described)
    )
    columns = [(field.name, str(field.type), field.nullable) for field in delta.fields]
    return sorted(columns, key=lambda column: column[0] in partitions) + [
        (name, "partition", True) for name in partitions
    ]


def prepared(
    data: pl.DataFrame | pa.RecordBatchReader,
    schema: pa.Schema,
    partition: Partition | None,
    partitions: Collection[date] | None,
    where: str,
) -> tuple[pa.RecordBatchReader, list[MirrorlakeError]]:
    """The rows as they will be stored, streamed. An error on the way is also put into the list, because the library
    in between turns it into text.
    """
    import pyarrow as pa

    failure: list[MirrorlakeError] = []

    def stored() -> Iterator[pa.RecordBatch]:
        try:
            for batch in _batches(data):
                cast = cast_batch(batch, schema, where)
                yield cast if partition is None else _dated(cast, partition, partitions, where)
        except MirrorlakeError as error:
            failure.append(error)
            raise

    return pa.RecordBatchReader.from_batches(with_partition(schema, partition), stored()), failure


def write(
    url: str,
    options: dict[str, str],
    reader: pa.RecordBatchReader,
    schema: pa.Schema,
    opened: DeltaTable | None,
    partitions: Collection[date] | None,
    mark: tuple[str, int] | None,
) -> int:
    """Commit the rows over the whole table, or over ``partitions``; gives the version of the commit."""
    from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

    predicate = None
    if partitions is not None and opened is not None:
        days = ", ".join(f"'{day.isoformat()}'" for day in sorted(partitions))
        predicate = f"{PARTITION_COLUMN} IN ({days})"
    transactions = [Transaction(mark[0], mark[1])] if mark else None
    write_deltalake(
        opened if opened is not None else url,
        reader,
        mode="overwrite",
        partition_by=partition_columns(schema),
        predicate=predicate,
        schema_mode=None if predicate or opened is None else "overwrite",
        configuration=PROPERTIES if opened is None else None,
        storage_options=options,
        commit_properties=CommitProperties(max_commit_retries=0, app_transactions=transactions),
    )
    return int((opened if opened is not None else DeltaTable(url, storage_options=options)).version())


def partition_date(values: pa.Array, by: Granularity) -> pa.Array:
    """The partition of each value of a date or UTC timestamp column: its day, or the first of its month or year."""
    import pyarrow as pa
    from pyarrow import compute

    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp(values.type.unit))  # UTC wall time: floor knows no zone then
    return compute.floor_temporal(values, unit=by).cast(pa.date32())


def _dated(
    batch: pa.RecordBatch, partition: Partition, partitions: Collection[date] | None, where: str
) -> pa.RecordBatch:
    from pyarrow import compute

    days = partition_date(batch.column(partition.column), partition.by)
    if days.null_count:
        raise TableError(
            f"{days.null_count} rows without {partition.column}, which the table is partitioned by",
            where=where,
            fix="make the column required in the contract",
        )
    foreign = set(compute.unique(days).to_pylist()) - set(partitions) if partitions is not None else set()
    if foreign:
        raise TableError(
            f"rows of partitions that were not to be replaced: {', '.join(map(str, sorted(foreign)))}", where=where
        )
    return batch.append_column(PARTITION_COLUMN, days)


def _batches(data: pl.DataFrame | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The rows in few big batches: the library spreads batches over its threads, and would so lose their order."""
    import polars as pl
    import pyarrow as pa

    if isinstance(data, pl.DataFrame):
        yield from data.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()
        return
    waiting: list[pa.RecordBatch] = []
    for batch in data:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_batches(waiting)
            waiting.clear()
    if waiting:
        yield pa.concat_batches(waiting)


def polars_schema(opened: DeltaTable) -> dict[str, Any]:
    """The columns of an opened table with their Polars types, the partition column last."""
    import polars as pl
    import pyarrow as pa

    empty = pl.from_arrow(pa.schema(opened.schema().to_arrow()).empty_table())
    assert isinstance(empty, pl.DataFrame)
    return dict(empty.schema)
