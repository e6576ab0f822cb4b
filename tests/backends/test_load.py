"""The warehouse load: by key, only what changed, in one transaction, once; damage is mended from the lake."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from star_lake import FIRST_DAY, Snapshot, StarLake, star

from lake import writes
from lake.contract.model import Column, Type
from lake.errors import ConfigError, DamagedError, StorageError, WarehouseError
from warehouse.load import LoadResult, load
from warehouse.warehouses.duckdb import DuckDBWarehouse

JANUARY, FEBRUARY, MARCH = date(2013, 1, 1), date(2013, 2, 1), date(2013, 3, 1)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse" / "warehouse.duckdb"


def _load(lake: StarLake, warehouse: Path, snapshot: Snapshot | None = None) -> LoadResult:
    return load(snapshot or lake.snapshot(), lake.table, lake.contracts, warehouse)


def _ask(warehouse: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


def _assert_equal_to_lake(lake: StarLake, warehouse: Path) -> None:
    for name, contract in lake.contracts.items():
        order = ", ".join(contract.primary_key)
        rows = _ask(warehouse, f"SELECT {', '.join(contract.column_names)} FROM raw.{name} ORDER BY {order}")
        assert rows == lake.rows(name), name


def _month(frame: pl.DataFrame, month: date) -> pl.DataFrame:
    return frame.filter(pl.col("observed_at").dt.month() == month.month)


def test_the_first_load_has_it_all(full_lake: StarLake, warehouse: Path) -> None:
    result = _load(full_lake, warehouse)
    _assert_equal_to_lake(full_lake, warehouse)
    for name, table in result.tables.items():
        rows = len(full_lake.rows(name))
        assert (table.rows_in, table.inserted, table.updated, table.deleted, table.rows_out) == (rows, rows, 0, 0, rows)
    assert not result.unchanged
    history = _ask(warehouse, "SELECT table_name, lake_version, snapshot_number, rows_out FROM raw._load_history "
                              "WHERE lake_version IS NOT NULL ORDER BY 1")  # fmt: skip
    assert history == [(name, 0, result.snapshot, table.rows_out) for name, table in sorted(result.tables.items())]


def test_a_repeated_load_does_nothing(full_lake: StarLake, warehouse: Path) -> None:
    snapshot = full_lake.snapshot()
    _load(full_lake, warehouse, snapshot)
    before = _ask(warehouse, "SELECT count(*) FROM raw._load_history")
    again = _load(full_lake, warehouse, snapshot)
    assert again.unchanged
    assert {name: table.rows_out for name, table in again.tables.items()} == {
        name: len(full_lake.rows(name)) for name in full_lake.contracts
    }
    assert _ask(warehouse, "SELECT count(*) FROM raw._load_history") == before


def test_a_full_load_puts_right_what_the_history_takes_for_loaded(full_lake: StarLake, warehouse: Path) -> None:
    snapshot = full_lake.snapshot()
    _load(full_lake, warehouse, snapshot)
    with duckdb.connect(str(warehouse)) as connection:  # as another code's merge would have left it
        connection.execute("UPDATE raw.weather_daily SET wet_hours = wet_hours + 1 WHERE rowid % 3 = 0")
    assert _load(full_lake, warehouse, snapshot).unchanged
    again = load(snapshot, full_lake.table, full_lake.contracts, warehouse, full=True).tables["weather_daily"]
    _assert_equal_to_lake(full_lake, warehouse)
    assert again.updated
    assert not again.inserted
    assert not again.deleted


def test_a_table_that_lost_or_gained_rows_by_hand_is_loaded_whole(full_lake: StarLake, warehouse: Path) -> None:
    snapshot = full_lake.snapshot()
    _load(full_lake, warehouse, snapshot)
    with duckdb.connect(str(warehouse)) as connection:
        for name in full_lake.contracts:
            connection.execute(f"DELETE FROM raw.{name} WHERE rowid % 3 = 0")
    again = _load(full_lake, warehouse, snapshot)
    _assert_equal_to_lake(full_lake, warehouse)
    assert all(table.inserted and not table.updated and not table.deleted for table in again.tables.values())
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "INSERT INTO raw.dim_location SELECT * REPLACE ('elsewhere' AS location_id) FROM raw.dim_location"
        )
    _load(full_lake, warehouse, snapshot)
    _assert_equal_to_lake(full_lake, warehouse)
    assert _load(full_lake, warehouse, snapshot).unchanged


def test_only_touched_partitions_are_read_and_only_changed_rows_written(lake: StarLake, warehouse: Path) -> None:
    frames = star(days=30, places=2)
    lake.fill(frames)
    _load(lake, warehouse)
    hourly = frames["fact_weather_hourly"]
    february = _month(hourly, FEBRUARY)
    gone, changed = february.head(3), february.slice(10, 2)
    rest = february.join(gone, on=["location_id", "observed_at"], how="anti")
    key = rest["observed_at"].is_in(changed["observed_at"].implode()) & (rest["location_id"] == "newark")
    rest = rest.with_columns(visibility_m=pl.when(pl.Series(key)).then(5.0).otherwise(pl.col("visibility_m")))
    lake.put("fact_weather_hourly", rest, partitions=[FEBRUARY])
    table = _load(lake, warehouse).tables["fact_weather_hourly"]
    assert table.rows_in == len(rest)
    assert (table.inserted, table.updated, table.deleted) == (0, 2, 3)
    assert table.rows_out == len(hourly) - 3
    _assert_equal_to_lake(lake, warehouse)


def test_a_partition_that_became_empty_is_emptied(lake: StarLake, warehouse: Path) -> None:
    frames = star(days=30, places=1)
    lake.fill(frames)
    _load(lake, warehouse)
    lake.put("fact_weather_hourly", frames["fact_weather_hourly"].head(0), partitions=[JANUARY])
    table = _load(lake, warehouse).tables["fact_weather_hourly"]
    assert table.rows_in == 0
    assert table.deleted == len(_month(frames["fact_weather_hourly"], JANUARY))
    _assert_equal_to_lake(lake, warehouse)


def test_a_commit_that_only_moved_rows_changes_nothing(lake: StarLake, warehouse: Path) -> None:
    frames = star(days=4, places=2)
    hourly = frames["fact_weather_hourly"]
    newark = pl.col("location_id") == "newark"
    lake.fill({**frames, "fact_weather_hourly": hourly.filter(newark)})
    table = lake.table("fact_weather_hourly")
    more = hourly.filter(~newark).with_columns(
        pl.col("observed_at").cast(pl.Datetime("us", "UTC")), _partition_date=pl.lit(JANUARY)
    )
    kinds = {name: pl.Float64 for name, kind in more.schema.items() if kind == pl.Null}
    write_deltalake(table.url, more.cast(kinds).to_arrow(), mode="append")
    _load(lake, warehouse)
    before = table.version()
    table.optimize()
    assert table.version() == before + 1
    result = _load(lake, warehouse).tables["fact_weather_hourly"]
    assert (result.rows_in, result.inserted, result.updated, result.deleted) == (0, 0, 0, 0)
    assert result.rows_out == len(hourly)
    _assert_equal_to_lake(lake, warehouse)
    assert _load(lake, warehouse).unchanged


def test_keys_that_a_full_rebuild_lost_are_deleted(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    full_lake.fill(star(days=5, places=1))
    result = _load(full_lake, warehouse)
    assert result.tables["dim_location"].deleted == 1
    _assert_equal_to_lake(full_lake, warehouse)


def test_going_back_to_an_older_snapshot(full_lake: StarLake, warehouse: Path) -> None:
    old = full_lake.snapshot()
    expected = {name: full_lake.rows(name) for name in full_lake.contracts}
    full_lake.fill(star(days=5, places=1, seed=9))
    _load(full_lake, warehouse)
    _load(full_lake, warehouse, old)
    for name, rows in expected.items():
        assert _ask(warehouse, f"SELECT count(*) FROM raw.{name}") == [(len(rows),)]


def test_a_table_made_again_is_loaded_in_full_whatever_its_version(
    lake: StarLake, warehouse: Path, tmp_path: Path
) -> None:
    lake.fill(star(days=4, places=1))
    _load(lake, warehouse)
    again = StarLake(tmp_path / "lake-2")
    again.fill(star(days=4, places=1, seed=99))
    assert again.snapshot().tables == lake.snapshot().tables
    assert not _load(again, warehouse).unchanged
    _assert_equal_to_lake(again, warehouse)


def test_a_change_of_contract_makes_the_table_anew(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    contract = full_lake.contracts["dim_location"]
    columns = (*contract.columns, Column("region_name", Type("string"), "Region."))
    full_lake.contracts["dim_location"] = replace(contract, columns=columns, _by_name={})
    result = _load(full_lake, warehouse)
    assert result.tables["dim_location"].inserted == 2
    assert result.tables["dim_date"].unchanged
    assert _ask(warehouse, "SELECT DISTINCT region_name FROM raw.dim_location") == [(None,)]
    full_lake.contracts["dim_location"] = contract  # back: what was loaded before the change counts no more
    assert _load(full_lake, warehouse).tables["dim_location"].inserted == 2
    _assert_equal_to_lake(full_lake, warehouse)


def _doubled(frame: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([frame, frame.head(2)])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_doubled, "key (location_id) stands more than once: 4 rows, such as location_id="),
        (lambda frame: frame.with_columns(location_id=None), "key (location_id) is null: 2 rows"),
        (
            lambda frame: frame.with_columns(location_name=pl.lit("x" * 121)),
            "location_name is longer than 120: 2 rows, such as location_id=",
        ),
    ],
)
def test_landing_refuses_and_the_warehouse_keeps_what_it_had(
    full_lake: StarLake, warehouse: Path, spoil: object, words: str
) -> None:
    _load(full_lake, warehouse)
    before = _ask(warehouse, "SELECT * FROM raw.dim_location ORDER BY 1")
    frames = star(days=5, places=2)
    full_lake.fill({**frames, "dim_location": spoil(frames["dim_location"])})  # type: ignore[operator]
    with pytest.raises(WarehouseError) as caught:
        _load(full_lake, warehouse)
    assert "the landing of dim_location is refused" in str(caught.value)
    assert words in str(caught.value)
    assert _ask(warehouse, "SELECT * FROM raw.dim_location ORDER BY 1") == before
    assert _ask(warehouse, "SELECT count(*) FROM raw.dim_date") == [(12,)], "all tables, or none"


def _with_region(lake: StarLake) -> None:
    contract = lake.contracts["dim_location"]
    columns = (*contract.columns, Column("region_name", Type("string"), "Region."))
    lake.contracts["dim_location"] = replace(contract, columns=columns, _by_name={})


def test_a_refused_landing_under_another_contract_leaves_what_was_there(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    names = [row[0] for row in _ask(warehouse, "DESCRIBE raw.dim_location")]
    before = _ask(warehouse, "SELECT * FROM raw.dim_location ORDER BY 1")
    places = star(days=5, places=2)["dim_location"]
    full_lake.put("dim_location", _doubled(places))
    _with_region(full_lake)
    with pytest.raises(WarehouseError, match="stands more than once"):
        _load(full_lake, warehouse)
    assert [row[0] for row in _ask(warehouse, "DESCRIBE raw.dim_location")] == names
    assert _ask(warehouse, "SELECT * FROM raw.dim_location ORDER BY 1") == before
    full_lake.put("dim_location", places.with_columns(region_name=pl.lit("East")))
    _load(full_lake, warehouse)
    _assert_equal_to_lake(full_lake, warehouse)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_load_under_another_contract_is_all_or_nothing(
    full_lake: StarLake, warehouse: Path, moment: writes.Moment
) -> None:
    _load(full_lake, warehouse)
    _with_region(full_lake)

    def stop(when: writes.Moment, at: str, _path: str) -> None:
        if when == moment:
            raise KeyboardInterrupt

    snapshot = full_lake.snapshot()
    unobserve = writes.observe(stop)
    with pytest.raises(KeyboardInterrupt):
        _load(full_lake, warehouse, snapshot)
    unobserve()
    assert _ask(warehouse, "SELECT count(*) FROM raw.dim_location") == [(2,)]
    assert _load(full_lake, warehouse, snapshot).unchanged == (moment == "after")
    assert _ask(warehouse, "SELECT count(*), any_value(region_name) FROM raw.dim_location") == [(2, None)]


def test_what_does_not_stand_as_a_load_left_it_is_named(full_lake: StarLake, warehouse: Path) -> None:
    kept = DuckDBWarehouse(warehouse, warehouse.parent / "published")
    assert kept.unloaded(full_lake.contracts) == sorted(full_lake.contracts)
    assert not warehouse.exists()
    _load(full_lake, warehouse)
    assert kept.unloaded(full_lake.contracts) == []
    assert kept.unloaded(["dim_location", "unheard_of"]) == ["unheard_of"]
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("DELETE FROM raw.dim_date WHERE rowid = 0")
        connection.execute("DROP TABLE raw.dim_location")
    assert kept.unloaded(full_lake.contracts) == ["dim_date", "dim_location"]
    _load(full_lake, warehouse)
    assert kept.unloaded(full_lake.contracts) == []


@pytest.mark.parametrize("site", ["load.define", "load.commit"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_interrupted_load_is_completed_by_the_next(
    full_lake: StarLake, warehouse: Path, site: str, moment: writes.Moment
) -> None:
    def stop(when: writes.Moment, at: str, _path: str) -> None:
        if (when, at) == (moment, site):
            raise KeyboardInterrupt

    snapshot = full_lake.snapshot()
    unobserve = writes.observe(stop)
    with pytest.raises(KeyboardInterrupt):
        _load(full_lake, warehouse, snapshot)
    unobserve()
    result = _load(full_lake, warehouse, snapshot)
    assert result.unchanged == ((moment, site) == ("after", "load.commit"))
    _assert_equal_to_lake(full_lake, warehouse)


def _garbage(path: Path) -> None:
    path.write_bytes(b"this is no database\n" * 1000)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for place in range(12_288, len(data), 4096):
        data[place] ^= 0xFF
    path.write_bytes(data)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def test_a_load_that_somebody_took_rows_from_does_not_stand(full_lake: StarLake, warehouse: Path) -> None:
    load(full_lake.snapshot(), full_lake.table, full_lake.contracts, warehouse)
    kept = DuckDBWarehouse(warehouse, warehouse.parent / "published")
    assert kept.loaded() == str(warehouse)
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(
            "DELETE FROM raw.weather_daily WHERE weather_date = (SELECT min(weather_date) FROM raw.weather_daily)"
        )
    assert kept.loaded() is None
    load(full_lake.snapshot(), full_lake.table, full_lake.contracts, warehouse)
    assert kept.loaded() == str(warehouse)


@pytest.mark.parametrize("damage", [_garbage, _truncated, _flipped, _empty])
def test_a_damaged_file_is_set_aside_and_built_anew(full_lake: StarLake, warehouse: Path, damage: object) -> None:
    _load(full_lake, warehouse)
    damage(warehouse)  # type: ignore[operator]
    broken = warehouse.read_bytes()
    result = _load(full_lake, warehouse)
    aside = warehouse.with_name("warehouse.duckdb.damaged-1")
    assert aside.read_bytes() == broken
    assert len(result.notes) == 1
    assert aside.name in result.notes[0]
    _assert_equal_to_lake(full_lake, warehouse)
    damage(warehouse)  # type: ignore[operator]
    _load(full_lake, warehouse)
    assert warehouse.with_name("warehouse.duckdb.damaged-2").exists()


def test_a_missing_file_is_built_anew(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    warehouse.unlink()
    assert not _load(full_lake, warehouse).unchanged
    _assert_equal_to_lake(full_lake, warehouse)


def test_a_damaged_file_of_the_lake_is_named_and_the_warehouse_kept(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    full_lake.fill(star(days=3, places=1))
    file = Path(full_lake.table("dim_date").files()[0])
    file.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DamagedError) as caught:
        _load(full_lake, warehouse)
    assert caught.value.where == str(file)
    assert "rebuild" in str(caught.value)
    assert not list(warehouse.parent.glob("*.damaged-*"))
    file.unlink()
    with pytest.raises(DamagedError):
        _load(full_lake, warehouse)
    assert _ask(warehouse, "SELECT count(*) FROM raw.dim_date") == [(12,)]


def test_a_held_lock_names_the_holder(full_lake: StarLake, warehouse: Path) -> None:
    _load(full_lake, warehouse)
    hold = f"import duckdb, sys; c = duckdb.connect({str(warehouse)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StorageError, match="held by another process") as caught:
            _load(full_lake, warehouse)
        holder.communicate("")
    assert f"held by process {holder.pid}" in str(caught.value)
    assert not list(warehouse.parent.glob("*.damaged-*"))
    assert _load(full_lake, warehouse).unchanged


def test_a_file_called_like_a_schema_is_refused(full_lake: StarLake, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be called 'raw\.duckdb'"):
        _load(full_lake, tmp_path / "raw.duckdb")
    assert not (tmp_path / "raw.duckdb").exists()


def test_a_folder_that_cannot_be_made(full_lake: StarLake, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        _load(full_lake, tmp_path / "file" / "warehouse.duckdb")
    assert str(tmp_path / "file") in str(caught.value)


Step = tuple[int, int, bool]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans()), min_size=1, max_size=6))
def test_any_sequence_of_changes_and_loads_ends_as_the_lake(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    """Each step replaces one month by another seed's rows, and loads or does not; skipped loads lose nothing."""
    folder = tmp_path_factory.mktemp("load")
    lake, warehouse = StarLake(folder / "lake"), folder / "warehouse.duckdb"
    lake.fill(star(days=50, places=1))
    _load(lake, warehouse)
    for month, seed, at_once in steps:
        hourly = star(days=50 - seed, places=1, seed=seed)["fact_weather_hourly"]
        wanted = (JANUARY, FEBRUARY, MARCH)[month]
        lake.put("fact_weather_hourly", _month(hourly, wanted), partitions=[wanted])
        if at_once:
            _load(lake, warehouse)
    _load(lake, warehouse)
    _assert_equal_to_lake(lake, warehouse)
    assert FIRST_DAY + timedelta(days=49) >= MARCH
