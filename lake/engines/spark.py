"""The Spark engine: the same transformations on one machine or on a cluster. Alone of all it commits its own tables.

It reads a table's version by Delta where the input says which, else by its Parquet files, and writes by Delta; nothing
passes through this process but spans of days and, when asked for, rows as Arrow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw

from lake.contract.model import Contract, Type
from lake.contract.types import arrow_schema
from lake.engines import Days, Input, Target, spark_java, spark_session, windows
from lake.engines.frames import result
from lake.engines.spark_session import SparkSettings, s3a
from lake.errors import EngineError, MirrorlakeError
from lake.transforms.model import Frame, HourSpine, Transformation

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

PARTITION_COLUMN = "_partition_date"
TRUNCATED_TO = {"month": "MM", "year": "YYYY"}


class SparkEngine:
    """Runs transformations in this process's Spark session, which is made when first needed; ``close`` ends it."""

    name = "spark"

    def __init__(self, settings: SparkSettings) -> None:
        self.settings = settings

    def run(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> pa.RecordBatchReader:
        """See ``Engine.run``; the rows are collected, then handed over in batches."""
        import pyarrow as pa

        schema = pa.schema([field.with_nullable(True) for field in arrow_schema(contract)])
        try:
            frame: Any = self._frame(transformation, inputs, contract, spines, keep)
            rows = pa.Table.from_batches([batch.cast(schema) for batch in frame._collect_as_arrow()], schema)
        except MirrorlakeError:
            raise
        except Exception as error:  # whatever the engine says, our callers know one error
            raise _failed(contract, error) from error
        return rows.to_reader()

    def commit(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        target: Target,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> None:
        """See ``CommittingEngine.commit``."""
        try:
            rows = self._frame(transformation, inputs, contract, spines, keep)
            if contract.partition is not None:
                rows = _balanced(rows.withColumn(PARTITION_COLUMN, _partition(contract)))
            # A cluster's default may be "dynamic", under which an overwrite leaves partitions that get no row.
            writer = rows.write.format("delta").mode("overwrite").option("partitionOverwriteMode", "static")
            writer = writer.option("txnAppId", target.mark[0]).option("txnVersion", str(target.mark[1]))
            if target.partitions is not None:
                days = ", ".join(f"DATE '{day.isoformat()}'" for day in sorted(target.partitions))
                writer = writer.option("replaceWhere", f"{PARTITION_COLUMN} IN ({days})")
            writer.save(s3a(target.url))
        except MirrorlakeError:
            raise
        except Exception as error:
            raise _failed(contract, error) from error

    def close(self) -> None:
        """End the session, if it was started here and not given."""
        if self.settings.master != spark_session.GIVEN:
            spark_session.stop()

    def _frame(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        spines: Mapping[str, pa.Table] | None,
        keep: Sequence[Days] | None,
    ) -> DataFrame:
        spark = spark_session.session(self.settings)

        def frame(given: Input) -> Frame:
            rows: Frame = nw.from_native(_scan(spark, given))
            return rows

        def spine(name: str, declared: HourSpine) -> Frame:
            hours: Frame = nw.from_native(_hours(spark, (spines or {})[name], declared))
            return hours

        made: Any = result(transformation, inputs, contract, frame=frame, spine=spine, keep=keep).to_native()
        frame_of_spark: DataFrame = made
        return frame_of_spark


def _scan(spark: SparkSession, given: Input) -> DataFrame:
    """The contract's columns: of the table's version, or of the files; no file is an empty frame of the same types."""
    from pyspark.sql import functions as f

    schema = _schema(given.contract)
    if given.table is not None:
        table = given.table
        rows = spark.read.format("delta").option("versionAsOf", table.version).load(s3a(table.url))
        if table.partitions is not None:
            rows = rows.where(f.col(PARTITION_COLUMN).isin([f.lit(day) for day in sorted(table.partitions)]))
        return rows.select(*schema.names)
    if not given.files:
        return _empty(spark, schema)
    # Names are names, not patterns, and folders say nothing that is not in the files.
    reader = spark.read.schema(schema).option("recursiveFileLookup", "true").option("__globPaths__", "false")
    return reader.parquet(*(s3a(path) for path in given.files))


def _empty(spark: SparkSession, schema: StructType) -> DataFrame:
    from pyspark.sql import functions as f

    return spark.range(0).select(*(f.lit(None).cast(field.dataType).alias(field.name) for field in schema))


def _hours(spark: SparkSession, spans: pa.Table, spine: HourSpine) -> DataFrame:
    """Every hour from the first day's 00:00 to the last day's 23:00, per row of ``spans``.

    The spans come as one literal: rows handed over as rows would need a Python process on each machine.
    """
    from pyspark.sql import functions as f

    kinds = ", ".join([*(f"`{name}`: string" for name in spine.by), "first_day: date", "last_day: date"])
    rows = json.dumps(spans.to_pylist(), default=str)
    parsed = f.from_json(f.lit(rows), f"array<struct<{kinds}>>")
    tasks = int(str(spark.conf.get("spark.sql.shuffle.partitions")))
    each = spark.range(1).select(f.inline(parsed)).repartition(tasks, *spine.by)
    first, last = (f.col(name).cast("timestamp") for name in ("first_day", "last_day"))
    hours = f.sequence(first, last + f.expr("INTERVAL 23 HOURS"), f.expr("INTERVAL 1 HOUR"))
    return each.select(*spine.by, f.explode(hours).alias(spine.at))


def _partition(contract: Contract) -> Column:
    """The partition of each row: its day, or the first of its month or year. A row without one is an error."""
    from pyspark.sql import functions as f

    partition = contract.partition
    assert partition is not None
    day = f.to_date(f.col(partition.column))
    if partition.by in TRUNCATED_TO:
        day = f.trunc(day, TRUNCATED_TO[partition.by])
    words = f"a row without {partition.column}, which the table is partitioned by"
    return f.when(day.isNull(), f.raise_error(f.lit(words)).cast("date")).otherwise(day)


def _balanced(rows: DataFrame) -> DataFrame:
    """Few files per partition of the table, and no task that has all rows of a busy one.

    In SQL, because PySpark's own ``hint`` takes no names of columns.
    """
    words = f"SELECT /*+ REBALANCE({PARTITION_COLUMN}) */ * FROM {{rows}}"  # noqa: S608 (a name of ours)
    return rows.sparkSession.sql(words, rows=rows)


def _schema(contract: Contract) -> StructType:
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(column.name, _native(column.type)) for column in contract.columns])


def _native(kind: Type) -> Any:
    from pyspark.sql import types

    if kind.kind == "decimal":
        return types.DecimalType(kind.precision or 38, kind.scale or 0)
    plain = {
        "string": types.StringType,
        "integer": types.LongType,
        "float": types.DoubleType,
        "boolean": types.BooleanType,
        "date": types.DateType,
        "timestamp": types.TimestampType,
    }
    return plain[kind.kind]()


def _failed(contract: Contract, error: Exception) -> EngineError:
    """What Spark said first, and what it says was the cause; its stack of calls is for its log."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    told = "; ".join(dict.fromkeys([lines[0], *lines[1:2], *causes[-1:]]))
    return EngineError(f"spark failed on {contract.table}: {told[:800]}", where=contract.path or None)


def create(**settings: object) -> SparkEngine:
    """The engine with its settings (those of ``SparkSettings``)."""
    spark_java.spark_home()  # says which extra is missing
    from narwhals._spark_like.expr import SparkLikeExpr

    windows.install(SparkLikeExpr)
    return SparkEngine(SparkSettings(**settings))  # type: ignore[arg-type]
