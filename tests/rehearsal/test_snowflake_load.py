"""The load into Snowflake: exactly the snapshot's files, by key, only what changed, in one transaction, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from lake import writes
from lake.contract.model import Column, Type
from lake.errors import ConfigError, LeaseHeldError, WarehouseError
from tests.backends.star_lake import star
from tests.rehearsal.snowflake_world import World
from warehouse import snowflake_sql as sql
from warehouse.queries import queries
from warehouse.warehouses import _snowflake_load

FEBRUARY = date(2013, 2, 1)


@pytest.fixture
def here(bare: World) -> World:
    """Set up, and a small star in the lake."""
    bare.warehouse.set_up()
    bare.lake.fill(star(days=14, places=2))
    return bare


def test_an_account_that_is_not_set_up_is_told_how(bare: World) -> None:
    bare.lake.fill(star(days=2, places=1))
    with pytest.raises(ConfigError, match="not set up: no schema landing, marts, published, raw") as caught:
        bare.load()
    assert "mirrorlake warehouse --setup" in str(caught.value)
    assert bare.warehouse.set_up() == bare.warehouse.set_up()  # it can be run again
    assert not bare.load().unchanged


def test_load_repeat_change_and_removal(here: World) -> None:
    snapshot = here.lake.snapshot()
    first = here.load(snapshot)
    here.assert_equal_to_lake()
    for name, table in first.tables.items():
        rows = len(here.lake.rows(name))
        assert (table.rows_in, table.inserted, table.updated, table.deleted, table.rows_out) == (rows, rows, 0, 0, rows)
    assert here.ask("SELECT table_name FROM $db.information_schema.tables WHERE table_schema = 'LANDING'") == []

    stamp = here.warehouse.stamp()
    again = here.load(snapshot)
    assert again.unchanged
    assert [table.rows_out for table in again.tables.values()] == [t.rows_out for t in first.tables.values()]
    assert here.warehouse.stamp() == stamp
    assert here.warehouse.loaded() is not None

    hourly = star(days=14, places=2)["fact_weather_hourly"]
    february = hourly.filter(pl.col("observed_at").dt.month() == 2)
    gone, changed = february.head(3), february.slice(10, 2)
    rest = february.join(gone, on=["location_id", "observed_at"], how="anti")
    hit = rest["observed_at"].is_in(changed["observed_at"].implode()) & (rest["location_id"] == "newark")
    rest = rest.with_columns(visibility_m=pl.when(pl.Series(hit)).then(5.0).otherwise(pl.col("visibility_m")))
    here.lake.put("fact_weather_hourly", rest, partitions=[FEBRUARY])
    table = here.load().tables["fact_weather_hourly"]
    assert table.rows_in == len(rest)  # January was not read again
    assert (table.inserted, table.updated, table.deleted) == (0, 2, 3)
    here.assert_equal_to_lake()
    assert here.warehouse.stamp() != stamp

    here.ask("DELETE FROM $db.raw.weather_daily WHERE location_id = 'newark'")  # by hand, behind the history's back
    again = here.load()
    assert again.tables["weather_daily"].inserted == 14
    assert again.tables["fact_weather_hourly"].unchanged
    here.assert_equal_to_lake()

    here.ask("UPDATE $db.raw.weather_daily SET wet_hours = 23 WHERE location_id = 'newark'")  # which no count tells
    assert here.load().unchanged
    assert here.load(full=True).tables["weather_daily"].updated == 14
    here.assert_equal_to_lake()


def test_files_beyond_the_limit_of_one_copy_take_several(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "FILES_PER_COPY", 1)
    here.load()
    here.assert_equal_to_lake()
    assert len(here.lake.table("fact_weather_hourly").files()) == 2


def test_a_new_definition_makes_the_table_anew(here: World) -> None:
    here.load()
    contract = here.lake.contracts["dim_location"]
    added = Column(name="nickname", type=Type("string"), description="None has one.")
    here.lake.contracts["dim_location"] = replace(contract, columns=(*contract.columns, added))
    table = here.load(here.lake.snapshot()).tables["dim_location"]
    assert (table.inserted, table.unchanged) == (2, False)
    assert [row[-1] for row in here.rows("dim_location")] == [None, None]


def test_a_refused_landing_under_another_contract_leaves_what_was_there(here: World) -> None:
    here.load()
    before = here.rows("dim_location")
    places = star(days=14, places=2)["dim_location"]
    contract = here.lake.contracts["dim_location"]
    here.lake.put("dim_location", pl.concat([places, places.head(1)]))
    added = Column(name="nickname", type=Type("string"), description="None has one.")
    here.lake.contracts["dim_location"] = replace(contract, columns=(*contract.columns, added))
    with pytest.raises(WarehouseError, match="stands more than once"):
        here.load()
    assert here.ask("SELECT COUNT(*) FROM $db.raw.dim_location") == [(len(before),)]
    assert here.warehouse.unloaded(here.lake.contracts) == []
    here.lake.put("dim_location", places.with_columns(nickname=pl.lit("none")))
    assert here.load().tables["dim_location"].inserted == 2
    here.assert_equal_to_lake()
    here.ask("DELETE FROM $db.raw.dim_location")
    here.ask("DROP TABLE $db.raw.dim_date")
    assert here.warehouse.unloaded(here.lake.contracts) == ["dim_date", "dim_location"]


def test_a_load_that_dies_between_definition_and_commit_is_told_and_completed(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.load()
    contract = here.lake.contracts["dim_location"]
    added = Column(name="nickname", type=Type("string"), description="None has one.")
    here.lake.contracts["dim_location"] = replace(contract, columns=(*contract.columns, added))

    def stop(when: writes.Moment, at: str, _path: str) -> None:
        if (when, at) == ("before", "load.commit"):
            raise KeyboardInterrupt

    unobserve = writes.observe(stop)
    with pytest.raises(KeyboardInterrupt):
        here.load()
    unobserve()
    assert here.warehouse.unloaded(here.lake.contracts) == ["dim_location"]
    here.load()
    assert here.warehouse.unloaded(here.lake.contracts) == []
    assert len(here.rows("dim_location")) == 2


def test_the_lease_is_asked_for_right_before_the_commit_and_its_loss_rolls_back(here: World) -> None:
    here.load()
    before = here.rows("dim_date")
    frames = star(days=15, places=2)
    here.lake.fill(frames)
    merged: list[int] = []

    def lost(when: writes.Moment, at: str, _path: str) -> None:
        if (when, at) == ("before", "load.commit"):
            merged.append(
                here.warehouse.session.number("SELECT COUNT(*) FROM $db.raw.dim_date".replace("$db", database))
            )
            raise LeaseHeldError("lost")

    database = here.warehouse.account.database
    unobserve = writes.observe(lost)
    with pytest.raises(LeaseHeldError):
        here.load()
    unobserve()
    assert merged == [15], "inside the transaction"
    assert here.rows("dim_date") == before
    here.load()
    here.assert_equal_to_lake()


def test_a_landing_that_breaks_a_rule_is_refused(here: World) -> None:
    here.load()
    before = here.rows("dim_location"), here.rows("weather_daily")
    frames = star(days=15, places=2)
    places = frames["dim_location"]
    here.lake.put("weather_daily", frames["weather_daily"])
    for broken, said in (
        (pl.concat([places, places.head(1)]), r"key \(location_id\) stands more than once: 2 rows, such as"),
        (places.with_columns(location_id=pl.lit(None, pl.String)), r"key \(location_id\) is null: 2 rows"),
        (places.with_columns(location_name=pl.lit("x" * 121)), "location_name is longer than 120: 2 rows, such as"),
    ):
        here.lake.put("dim_location", broken)
        with pytest.raises(WarehouseError, match=said):
            here.load()
        assert (here.rows("dim_location"), here.rows("weather_daily")) == before  # all tables or none
    here.lake.put("dim_location", places)
    here.load()
    here.assert_equal_to_lake()


def test_a_count_that_does_not_add_up_is_rolled_back(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_snowflake_load.sql, "remove_vanished", lambda contract, database, touched: (
        f"DELETE FROM {database}.raw.{contract.table} WHERE date_key % 2 = 0"
        if contract.table == "dim_date" else f"DELETE FROM {database}.raw.{contract.table} WHERE FALSE"
    ))  # fmt: skip
    with pytest.raises(WarehouseError, match=r"dim_date has 7 rows where 14 landed; nothing was kept"):
        here.load()
    monkeypatch.undo()
    assert here.rows("dim_date") == []
    here.load()
    here.assert_equal_to_lake()


def test_a_lake_in_a_folder_is_refused(here: World) -> None:
    here.warehouse.names = replace(here.warehouse.names, lake="s3://another-bucket/lake")
    with pytest.raises(WarehouseError, match="only read a lake that lies in a bucket"):
        here.load()


def test_numbered_queries_answer_as_on_the_laptop(here: World) -> None:
    import duckdb

    here.load()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in here.lake.contracts:
            frame = here.lake.table(name).scan().select(here.lake.contracts[name].column_names).collect()
            connection.register("frame", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS FROM frame")
        for each in queries():
            answer = here.warehouse.query(each.sql)
            cursor = connection.execute(each.sql)
            assert answer.columns == tuple(column[0] for column in cursor.description or ()), each.name
            assert [tuple(map(_plain, row)) for row in answer.rows] == [
                tuple(map(_plain, row)) for row in cursor.fetchall()
            ], each.name


def _plain(cell: object) -> object:
    """Numbers are compared as numbers: which kind they come as is the driver's."""
    from decimal import Decimal

    return round(float(cell), 6) if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) else cell
