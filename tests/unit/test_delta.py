"""The Delta table: one commit per replace, exact partitions, nothing lossy, lost answers found again."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from lake import writes
from lake.contract.model import Granularity, Partition
from lake.errors import DamagedError, StorageError, TableError
from lake.storage.objects import Objects
from lake.tables import delta_write
from lake.tables.delta import PARTITION_COLUMN, LakeTable, reading

SCHEMA = pa.schema(
    [
        pa.field("place", pa.string(), nullable=False),
        pa.field("at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("value", pa.float64()),
    ]
)
MONTHLY = Partition("at", "month")
JANUARY, FEBRUARY, MARCH = date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1)


def rows(first: datetime = datetime(2013, 1, 30, tzinfo=UTC), hours: int = 72, value: float = 1.0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "place": ["jfk"] * hours,
            "at": [first + timedelta(hours=hour) for hour in range(hours)],
            "value": [value] * hours,
        },
        schema={"place": pl.String, "at": pl.Datetime("us", "UTC"), "value": pl.Float64},
    )


@pytest.fixture
def table(tmp_path: Path) -> LakeTable:
    return LakeTable(Objects(str(tmp_path / "my lake")), "silver/weather")


def put(table: LakeTable, data: Any, partitions: Any = None, **how: Any) -> int:
    how = {"partition": MONTHLY, "site": "test.write", **how}
    schema = how.pop("schema", SCHEMA)
    return table.replace(data, schema, partitions=partitions, **how)


def stored(table: LakeTable, version: int | None = None) -> pl.DataFrame:
    return table.read(version=version).drop(PARTITION_COLUMN, strict=False).sort("place", "at")


def test_before_the_first_write(table: LakeTable) -> None:
    assert not table.exists()
    assert table.version() is None
    assert table.transaction_version("x") is None
    assert table.changed_partitions(0) is None
    with pytest.raises(TableError, match="no such table") as caught:
        table.read()
    assert table.url in str(caught.value)


def test_a_replace_is_one_commit_and_is_read_back(table: LakeTable) -> None:
    seen: list[tuple[str, str, str]] = []
    stop = writes.observe(lambda moment, site, path: seen.append((moment, site, path)))
    assert put(table, rows()) == 0
    stop()
    assert seen == [("before", "test.write", table.url), ("after", "test.write", table.url)]
    assert stored(table).equals(rows())
    assert table.read()[PARTITION_COLUMN].unique().sort().to_list() == [JANUARY, FEBRUARY]
    assert table.scan().collect_schema()["at"] == pl.Datetime("us", "UTC")


def test_only_the_given_partitions_are_replaced(table: LakeTable) -> None:
    put(table, rows())
    files = set(table.files(partitions=[JANUARY]))
    version = put(table, rows(datetime(2013, 2, 1, tzinfo=UTC), 24, value=2.0), [FEBRUARY])
    assert version == 1
    assert set(table.files(partitions=[JANUARY])) == files
    assert stored(table)["value"].to_list() == [1.0] * 48 + [2.0] * 24
    assert stored(table, 0).equals(rows())
    assert table.read([FEBRUARY])["value"].to_list() == [2.0] * 24


def test_partitions_without_a_row_become_empty(table: LakeTable) -> None:
    put(table, rows())
    put(table, rows().clear(), [JANUARY])
    assert table.read()[PARTITION_COLUMN].unique().to_list() == [FEBRUARY]
    put(table, rows().clear(), [FEBRUARY])
    assert stored(table).equals(rows().clear())
    assert table.files() == []


def test_no_partition_at_all_is_no_commit(table: LakeTable) -> None:
    with pytest.raises(TableError, match="no such table"):
        put(table, rows().clear(), [])
    put(table, rows())
    assert put(table, rows().clear(), []) == 0


def test_rows_of_other_partitions_are_refused(table: LakeTable) -> None:
    put(table, rows())
    with pytest.raises(TableError, match="2013-01-01"):
        put(table, rows(value=9.0), [FEBRUARY])
    assert stored(table).equals(rows())


def test_a_stream_keeps_its_order(table: LakeTable) -> None:
    data = rows(hours=5000)
    arrow = data.to_arrow(compat_level=pl.CompatLevel.oldest())
    reader = pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(max_chunksize=100))
    put(table, reader)
    for month in table.read()[PARTITION_COLUMN].unique():
        assert table.read([month])["at"].is_sorted()
    assert stored(table).equals(data)


def test_a_long_stream_is_written_in_pieces(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_write, "ROWS_AT_ONCE", 1000)
    data = rows(hours=5000)
    arrow = data.to_arrow(compat_level=pl.CompatLevel.oldest())
    put(table, pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(max_chunksize=300)))
    assert stored(table).equals(data)


@pytest.mark.parametrize(
    ("by", "days"),
    [
        ("day", [date(2013, 1, 30), date(2013, 1, 31), date(2013, 2, 1)]),
        ("month", [JANUARY, FEBRUARY]),
        ("year", [JANUARY]),
    ],
)
def test_granularity(table: LakeTable, by: Granularity, days: list[date]) -> None:
    put(table, rows(), partition=Partition("at", by))
    assert table.read()[PARTITION_COLUMN].unique().sort().to_list() == days


def test_partition_of_moments_before_1970_and_of_dates() -> None:
    moments = pa.array([datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), None], pa.timestamp("us", tz="UTC"))
    assert delta_write.partition_date(moments, "month").to_pylist() == [date(1969, 12, 1), None]
    assert delta_write.partition_date(pa.array([date(2013, 7, 4)]), "year").to_pylist() == [date(2013, 1, 1)]


def test_a_change_of_schema_needs_a_full_replace(table: LakeTable) -> None:
    put(table, rows())
    wider = SCHEMA.append(pa.field("note", pa.string()))
    more = rows().with_columns(note=pl.lit("x"))
    with pytest.raises(TableError, match="note"):
        put(table, more, [JANUARY, FEBRUARY], schema=wider)
    assert not table.has_shape(wider, MONTHLY)
    put(table, more, schema=wider)
    assert table.has_shape(wider, MONTHLY)
    assert stored(table).equals(more)
    assert stored(table, 0).equals(rows())
    assert table.changed_partitions(0) is None


def test_partitioning_and_nullability_are_part_of_the_shape(table: LakeTable) -> None:
    put(table, rows())
    assert not table.has_shape(SCHEMA, None)
    assert not table.has_shape(pa.schema([field.with_nullable(True) for field in SCHEMA]), MONTHLY)
    put(table, rows(), partition=None)
    assert table.has_shape(SCHEMA, None)
    assert PARTITION_COLUMN not in table.scan().collect_schema()
    with pytest.raises(TableError, match="as a whole"):
        put(table, rows(), [JANUARY], partition=None)


def test_changed_partitions(table: LakeTable) -> None:
    put(table, rows())
    put(table, rows(datetime(2013, 2, 1, tzinfo=UTC), 24, 2.0), [FEBRUARY])
    put(table, rows(datetime(2013, 3, 1, tzinfo=UTC), 5), [MARCH])
    assert table.changed_partitions(0) == {FEBRUARY, MARCH}
    assert table.changed_partitions(0, 1) == {FEBRUARY}
    assert table.changed_partitions(2) == set()
    assert table.changed_partitions(5) is None
    assert table.changed_partitions(-1) is None


def test_changed_partitions_where_the_log_is_gone_or_damaged(table: LakeTable) -> None:
    for value in (1.0, 2.0):
        put(table, rows(value=value))
    commit = Path(table.url) / "_delta_log" / f"{1:020d}.json"
    commit.write_text("{no json")
    with pytest.raises(DamagedError, match="rebuild --from bronze"):
        table.changed_partitions(0)
    commit.unlink()
    assert table.changed_partitions(0, 1) is None


def test_optimize_changes_files_and_no_partition(table: LakeTable) -> None:
    put(table, rows())
    for first in (28, 29):
        part = rows(datetime(2013, 1, first, tzinfo=UTC), 24).with_columns(pl.lit(JANUARY).alias(PARTITION_COLUMN))
        write_deltalake(table.url, part.to_arrow(compat_level=pl.CompatLevel.oldest()), mode="append")
    before = stored(table)
    assert len(table.files(partitions=[JANUARY])) == 3
    version = table.version() or 0
    assert table.optimize()["numFilesRemoved"] == 3
    assert len(table.files(partitions=[JANUARY])) == 1
    assert stored(table).equals(before)
    assert table.changed_partitions(version) == set()


def test_vacuum_only_names_by_default_and_spares_kept_versions(table: LakeTable) -> None:
    for value in (1.0, 2.0, 3.0):
        put(table, rows(value=value))
    assert table.vacuum(168) == []
    assert len(table.vacuum(0)) == 4
    assert stored(table, 0).equals(rows())
    assert len(table.vacuum(0, dry_run=False, keep_versions=[0])) == 2
    assert stored(table, 0).equals(rows())
    assert stored(table)["value"].to_list() == [3.0] * 72
    with pytest.raises(DamagedError):
        table.read(version=1)


def test_time_travel(table: LakeTable) -> None:
    put(table, rows())
    moment = datetime.now(UTC)
    put(table, rows(value=2.0))
    assert table.version_at(moment) in (0, 1)
    assert table.version_at(datetime.now(UTC) + timedelta(hours=1)) == 1
    with pytest.raises(TableError, match="there was no table at 1999"):
        table.version_at(datetime(1999, 1, 1, tzinfo=UTC))
    with pytest.raises(TableError, match="version 7 cannot be opened") as caught:
        table.read(version=7)
    assert "the newest is 1" in str(caught.value)


def test_a_lost_race_is_said_and_changes_nothing(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    put(table, rows())
    mine = table._open(None)
    put(table, rows(value=2.0))
    monkeypatch.setattr(table, "_open", lambda version: mine)
    with pytest.raises(TableError, match="another writer was quicker"):
        put(table, rows(value=3.0))
    monkeypatch.undo()
    assert stored(table)["value"].unique().to_list() == [2.0]


def test_a_lost_answer_is_found_by_its_mark(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    put(table, rows())
    honest = delta_write.write

    def answers_are_lost(*arguments: Any) -> int:
        honest(*arguments)
        raise CommitFailedError("the connection was reset")

    monkeypatch.setattr(delta_write, "write", answers_are_lost)
    assert put(table, rows(value=2.0), mark=("silver/weather", 7)) == 1
    assert table.transaction_version("silver/weather") == 7
    assert table.transaction_version("other") is None
    with pytest.raises(TableError, match="another writer"):
        put(table, rows(value=3.0))


def test_a_mark_of_an_earlier_commit_proves_nothing(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    put(table, rows(), mark=("silver/weather", 7))

    def loses(*_: Any) -> int:
        raise CommitFailedError("somebody else was first")

    monkeypatch.setattr(delta_write, "write", loses)
    with pytest.raises(TableError, match="another writer"):
        put(table, rows(value=2.0), mark=("silver/weather", 7))


def test_a_full_disk_leaves_the_table_as_it_was(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    put(table, rows())

    def full(*_: Any, **__: Any) -> None:
        raise RuntimeError("Unable to copy data to file: No space left on device (os error 28)")

    monkeypatch.setattr("deltalake.write_deltalake", full)
    with pytest.raises(StorageError, match="the disk is full") as caught:
        put(table, rows(value=2.0), mark=("a", 1))
    assert table.url in str(caught.value)
    monkeypatch.undo()
    assert stored(table).equals(rows())


def test_what_the_library_refuses_is_an_error_of_ours(table: LakeTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any, **__: Any) -> None:
        raise ValueError("no such thing\nmore")

    monkeypatch.setattr("deltalake.write_deltalake", refuses)
    with pytest.raises(TableError, match="no such thing"):
        put(table, rows())


@pytest.mark.parametrize("how", ["missing", "cut", "rubbish", "another table's", "broken footer"])
def test_a_damaged_data_file_is_named(table: LakeTable, how: str) -> None:
    put(table, rows())
    file = Path(table.files()[0])
    data = file.read_bytes()
    if how == "missing":
        file.unlink()
    elif how == "another table's":
        pl.DataFrame({"other": [1]}).write_parquet(file)
    else:
        damage = {"cut": data[:100], "rubbish": b"rubbish", "broken footer": data[:-200] + bytes(100) + data[-100:]}
        file.write_bytes(damage[how])
    for read in (table.read, table.height):
        if how == "another table's" and read == table.height:
            continue  # Parquet's own count answers, and no column is looked at
        with pytest.raises(DamagedError) as caught:
            read()
        assert table.url in str(caught.value)
        assert "rebuild --from bronze" in str(caught.value)


def test_a_panic_of_polars_is_a_damaged_file() -> None:
    with pytest.raises(DamagedError, match="index out of bounds"), reading("somewhere"):
        raise pl.exceptions.PanicException("index out of bounds")


def test_a_damaged_log_is_named(table: LakeTable) -> None:
    put(table, rows())
    (Path(table.url) / "_delta_log" / f"{0:020d}.json").write_text("rubbish")
    with pytest.raises(DamagedError, match="log cannot be read") as caught:
        table.read()
    assert "rebuild --from bronze" in str(caught.value)


def test_drop(table: LakeTable) -> None:
    put(table, rows())
    table.drop("test.drop")
    assert not table.exists()
    assert put(table, rows()) == 0


def test_a_writer_leaves_the_old_log_alone(tmp_path: Path) -> None:
    """Who writes silver in production may delete nothing; the libraries' default is to clean up with a checkpoint."""
    url, schema = str(tmp_path / "t"), pa.schema([pa.field("value", pa.int64())])

    def commit(opened: DeltaTable | None) -> None:
        batch = pa.record_batch([pa.array([1])], schema)
        reader = pa.RecordBatchReader.from_batches(schema, [batch])
        delta_write.write(url, {}, reader, schema, opened, None, None)

    commit(None)
    for _ in range(100):
        commit(DeltaTable(url))
    log = tmp_path / "t" / "_delta_log"
    old = (datetime.now(UTC) - timedelta(days=40)).timestamp()
    for path in log.iterdir():
        os.utime(path, (old, old))
    commit(DeltaTable(url))
    assert list(log.glob("*.checkpoint.parquet"))
    assert len(list(log.glob("*.json"))) == 102
