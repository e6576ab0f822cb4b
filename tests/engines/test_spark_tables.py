"""One Delta table, several writers: what Spark commits the others read and go on with, and the other way round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from engine_tables import contract, frame_of, given
from pyspark.sql import SparkSession

from lake.compare import differences
from lake.contract.model import Contract, Partition
from lake.contract.types import arrow_schema
from lake.engines import Input, TableVersion, engine, spark_session
from lake.engines.spark import SparkEngine
from lake.engines.spark_session import SparkSettings
from lake.errors import EngineError, TableError
from lake.gold.writing import Job, put
from lake.storage.objects import Objects
from lake.tables import delta_commits
from lake.tables.delta import LakeTable
from lake.transforms import Frame, Transformation, describe

pytestmark = pytest.mark.spark
COLUMNS = "id:integer at:timestamp day:date place:string amount:decimal(12,4) value:float good:boolean"
SOURCE = contract("source", "id", COLUMNS, layer="silver")
DAYS = Partition("at", "day")
FIRST = datetime(2013, 7, 3, tzinfo=UTC)


def copied(source: Frame) -> Frame:
    return source


COPY: Transformation = describe(copied)


def rows_of(*days: int, value: float = 1.5) -> pl.DataFrame:
    """Three rows of each day, with what formats like to differ on."""
    made = []
    for day in days:
        at = FIRST + timedelta(days=day)
        made += [
            {
                "id": day * 10,
                "at": at,
                "day": at.date(),
                "place": "a",
                "amount": Decimal("12345678.9012"),
                "value": value,
            },
            {"id": day * 10 + 1, "at": at.replace(hour=23, minute=59, second=59, microsecond=999_999), "good": True},
            {"id": day * 10 + 2, "at": at, "day": date(9999, 12, 31), "place": "Ä'\n\"", "value": -0.1, "good": False},
        ]
    return frame_of(SOURCE, made)


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return LakeTable(Objects(str(tmp_path / "lake")), "gold/copied")


@pytest.fixture
def spark_engine(spark: SparkSession, spark_settings: SparkSettings) -> SparkEngine:
    made = engine("spark", master=spark_settings.master, jars=spark_settings.jars)
    assert isinstance(made, SparkEngine)
    return made


Write = Callable[..., delta_commits.Committed]


@pytest.fixture
def write(table: LakeTable, tmp_path: Path) -> Write:
    """``write(engine, rows, partitions)``: by the build's own way."""

    def call(name: object, frame: pl.DataFrame, *days: int, by: Partition | None = DAYS) -> delta_commits.Committed:
        made = contract("copied", "id", COLUMNS, partition=by)
        (tmp_path / "input").mkdir(exist_ok=True)
        inputs = {"source": given(SOURCE, frame, tmp_path / "input")}
        partitions = frozenset(FIRST.date() + timedelta(days=day) for day in days) if days else None
        return put(Job(COPY, inputs, made, {}, None, partitions), name, table)  # type: ignore[arg-type]

    return call


def same(table: LakeTable, wanted: pl.DataFrame, made: Contract = SOURCE) -> list[object]:
    return list(differences(table.read().select(made.column_names), wanted, made))


def test_writers_take_turns(write: Write, table: LakeTable, spark_engine: SparkEngine) -> None:
    polars = engine("polars")
    assert write(spark_engine, rows_of(0, 1, 2)).rows == 9
    assert same(table, rows_of(0, 1, 2)) == []
    write(polars, rows_of(1, value=2.5), 1)
    write(spark_engine, rows_of(2, value=3.5), 2)
    write(polars, rows_of(3), 3)
    write(spark_engine, rows_of(0, 3, value=4.5), 0, 3)
    wanted = pl.concat([rows_of(0, 3, value=4.5), rows_of(1, value=2.5), rows_of(2, value=3.5)])
    assert same(table, wanted) == []
    assert table.changed_partitions(2) == {date(2013, 7, 3), date(2013, 7, 5), date(2013, 7, 6)}
    rows = spark_engine.run(COPY, {"source": at_version(table, table.version())}, SOURCE).read_all()
    assert list(differences(pl.DataFrame(rows), wanted, SOURCE)) == []


def test_a_full_rebuild_leaves_no_partition_whatever_the_cluster_defaults_to(
    write: Write, table: LakeTable, spark: SparkSession, spark_engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(spark_engine, rows_of(0, 1, 2))
    mode = "spark.sql.sources.partitionOverwriteMode"
    monkeypatch.delitem(spark_session.ROWS, mode, raising=False)
    spark.conf.set(mode, "dynamic")
    try:
        write(spark_engine, rows_of(1, 2, value=2.5))
        assert same(table, rows_of(1, 2, value=2.5)) == []
        write(spark_engine, rows_of(1, value=3.5), 1)
        assert same(table, pl.concat([rows_of(1, value=3.5), rows_of(2, value=2.5)])) == []
    finally:
        spark.conf.unset(mode)


def at_version(table: LakeTable, version: int | None, *days: int) -> Input:
    partitions = frozenset(FIRST.date() + timedelta(days=day) for day in days) if days else None
    assert version is not None
    return Input(SOURCE, lambda: table.scan(version), [], table=TableVersion(table.url, version, partitions))


def test_spark_reads_the_version_and_the_partitions_that_are_asked(
    write: Write, table: LakeTable, spark_engine: SparkEngine
) -> None:
    first = write(engine("polars"), rows_of(0, 1)).version
    write(engine("polars"), rows_of(1, value=9.0), 1)
    old = spark_engine.run(COPY, {"source": at_version(table, first, 1)}, SOURCE).read_all()
    assert list(differences(pl.DataFrame(old), rows_of(1), SOURCE)) == []


def test_the_table_is_the_same_whoever_makes_it(
    write: Write, table: LakeTable, spark_engine: SparkEngine, tmp_path: Path
) -> None:
    write(spark_engine, rows_of(0))
    made = contract("copied", "id", COLUMNS, partition=DAYS)
    assert table.has_shape(arrow_schema(made), DAYS)
    protocol = table._open(None).protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    text = pl.read_parquet_schema(table.files()[0])
    assert text["at"] == pl.Datetime("us", "UTC")


@pytest.mark.parametrize("by", [Partition("at", "month"), Partition("at", "year"), None])
def test_every_way_to_partition(
    by: Partition | None, write: Write, table: LakeTable, spark_engine: SparkEngine
) -> None:
    write(spark_engine, rows_of(0, 40, 400), by=by)
    assert same(table, rows_of(0, 40, 400)) == []
    firsts = {
        "month": {date(2013, 7, 1), date(2013, 8, 1), date(2014, 8, 1)},
        "year": {date(2013, 1, 1), date(2014, 1, 1)},
    }
    if by is not None:
        assert set(table.read()["_partition_date"]) == firsts[by.by]


def test_a_partition_that_gets_no_row_becomes_empty(write: Write, table: LakeTable, spark_engine: SparkEngine) -> None:
    write(spark_engine, rows_of(0, 1))
    write(spark_engine, rows_of(), 1)
    assert same(table, rows_of(0)) == []


def test_rows_of_another_partition_are_refused(write: Write, table: LakeTable, spark_engine: SparkEngine) -> None:
    write(spark_engine, rows_of(0, 1))
    with pytest.raises(EngineError, match="REPLACE_WHERE"):
        write(spark_engine, rows_of(0, 1, value=7.0), 1)
    assert same(table, rows_of(0, 1)) == []


def test_a_null_where_none_may_be_is_refused(write: Write, table: LakeTable, spark_engine: SparkEngine) -> None:
    write(spark_engine, rows_of(0))
    with pytest.raises(EngineError, match="spark failed on copied"):
        write(spark_engine, rows_of(0).with_columns(id=pl.lit(None, pl.Int64)))
    with pytest.raises(EngineError, match="a row without at"):
        write(spark_engine, rows_of(0).with_columns(at=pl.lit(None, pl.Datetime("us", "UTC"))))
    assert same(table, rows_of(0)) == []


def test_a_commit_whose_answer_was_lost_is_found_by_its_mark(
    write: Write, table: LakeTable, spark_engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(spark_engine, rows_of(0))
    real = SparkEngine.commit

    def commits_and_fails(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        raise EngineError("the connection was lost")

    monkeypatch.setattr(SparkEngine, "commit", commits_and_fails)
    done = write(spark_engine, rows_of(0, value=8.0), 0)
    assert done == delta_commits.Committed(table.version() or -1, 3)
    assert same(table, rows_of(0, value=8.0)) == []


def test_a_failed_commit_is_no_commit(
    write: Write, table: LakeTable, spark_engine: SparkEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(spark_engine, rows_of(0))

    def fails(*_arguments: object) -> None:
        raise EngineError("out of memory")

    monkeypatch.setattr(SparkEngine, "commit", fails)
    with pytest.raises(EngineError, match="out of memory"):
        write(spark_engine, rows_of(0, value=8.0), 0)
    monkeypatch.setattr(SparkEngine, "commit", lambda *_arguments: None)
    with pytest.raises(TableError, match="no commit bears its mark"):
        write(spark_engine, rows_of(0, value=8.0), 0)


def test_the_same_mark_writes_only_once(write: Write, table: LakeTable, spark_engine: SparkEngine) -> None:
    from lake.engines import Target

    write(spark_engine, rows_of(0))
    version = table.version()
    made = contract("copied", "id", COLUMNS, partition=DAYS)
    assert version is not None
    target = Target(table.url, None, (table.path, table.transaction_version(table.path) or 0))
    spark_engine.commit(COPY, {"source": at_version(table, version)}, made, target)
    assert table.version() == version


def test_other_columns_are_made_by_a_whole_replace_only(
    write: Write, table: LakeTable, spark_engine: SparkEngine
) -> None:
    write(spark_engine, rows_of(0), by=None)
    with pytest.raises(TableError, match="replaced as a whole"):
        write(spark_engine, rows_of(0), 0)
    write(spark_engine, rows_of(0, 1))
    assert same(table, rows_of(0, 1)) == []
