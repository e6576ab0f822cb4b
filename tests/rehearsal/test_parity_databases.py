"""The same star in DuckDB, in Postgres over the network and in Snowflake: every table comes out equal, and a planted
difference does not."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import psycopg
import pytest

from lake.duck import configure
from pipeline.parity.model import TableParity
from pipeline.parity.rows import compare_rows
from pipeline.parity.subjects import of_contract
from tests.backends.star_lake import STAR, StarLake, star
from tests.rehearsal.snowflake_world import World
from warehouse.backends import backend
from warehouse.backends.base import Backend
from warehouse.exports import Days, Export, duckdb_export
from warehouse.load import load
from warehouse.stage import stage

ROWS = star(days=8, places=2)
EVENTS = {"fact_weather_hourly": "observed_at", "weather_daily": "weather_date", "dim_date": "calendar_date"}


@pytest.fixture
def here(bare: World) -> World:
    """A small star in a bucket, loaded into Snowflake."""
    bare.warehouse.set_up()
    bare.lake.fill(ROWS)
    bare.load()
    return bare


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """The same star in a folder, loaded into DuckDB: the warehouse's file."""
    lake = StarLake(tmp_path / "lake")
    path = tmp_path / "warehouse.duckdb"
    load(lake.fill(ROWS), lake.table, lake.contracts, path)
    return path


@pytest.fixture
def postgres(staging_url: str, tmp_path: Path) -> Iterator[Backend]:
    """The same star, staged in Postgres."""
    lake = StarLake(tmp_path / "staged")
    made = backend("postgres", url=staging_url, tls=True)
    stage(lake.fill(ROWS), lake.table, lake.contracts, made, "run-1")
    yield made
    made.close()


def compared(table: str, left: Export, right: Export) -> TableParity:
    subject = of_contract(StarLake(Path()).contracts[table], "raw")
    with duckdb.connect() as connection:
        return compare_rows(configure(connection), subject, left, right)


def days(table: str, restricted: bool) -> Days | None:
    if not restricted or table not in EVENTS:
        return None
    first = ROWS["dim_date"]["calendar_date"][2]
    return Days(EVENTS[table], first, first)


def assert_equal(left: Export, right: Export, table: str, only: Days | None) -> None:
    found = compared(table, left, right)
    assert (table, found.verdict, found.hints) == (table, "equal", ())
    assert 0 < (found.left_rows or 0) <= (ROWS[table].height if only is None else 48)


def test_duckdb_and_snowflake(here: World, laptop: Path, tmp_path: Path) -> None:
    assert here.warehouse.tables("raw") == sorted(STAR)
    for table, restricted in itertools.product(STAR, (False, True)):
        only = days(table, restricted)
        left = duckdb_export(laptop, "raw", table, tmp_path / "left.parquet", only)
        right = here.warehouse.export("raw", table, tmp_path / "right.parquet", only)
        assert left.columns == right.columns
        assert_equal(left, right, table, only)


def test_duckdb_and_postgres(postgres: Backend, laptop: Path, tmp_path: Path) -> None:
    assert postgres.tables() == sorted(STAR)
    for table, restricted in itertools.product(STAR, (False, True)):
        only = days(table, restricted)
        left = duckdb_export(laptop, "raw", table, tmp_path / "left.parquet", only)
        assert_equal(left, postgres.export(table, tmp_path / "right.parquet", only), table, only)


def test_a_difference_in_snowflake_is_found(here: World, laptop: Path, tmp_path: Path) -> None:
    here.ask("UPDATE $db.raw.weather_daily SET gap_hours = gap_hours + 1 WHERE location_id = 'newark'")
    here.ask('ALTER TABLE $db.raw.dim_location RENAME COLUMN station_code TO "Station_Code"')
    exports = {
        table: (
            duckdb_export(laptop, "raw", table, tmp_path / f"{table}-left.parquet"),
            here.warehouse.export("raw", table, tmp_path / f"{table}-right.parquet"),
        )
        for table in ("weather_daily", "dim_location")
    }
    daily = compared("weather_daily", *exports["weather_daily"])
    assert [(value.column, value.rows) for value in daily.values] == [("gap_hours", 8)]
    places = compared("dim_location", *exports["dim_location"])
    assert [each.column for each in places.columns] == ["station_code", '"Station_Code"']
    assert places.hints[0].startswith("identifier case: ")


def test_every_kind_of_value_comes_out_of_both(here: World, staging_url: str, tmp_path: Path) -> None:
    """Decimals, nulls, instants and times without a zone: as they went in, with the kind that they have."""
    definition = (
        "id BIGINT, amount DECIMAL(18, 4), seen_at {instant}, local_at {local}, word {text}, flag BOOLEAN, "
        "share DOUBLE PRECISION"
    )
    rows = (
        "SELECT 1, 12345678901234.1234, '2013-07-04 12:00:00.123456+00'::{instant}, "
        "'2013-07-04 12:00:00.123456'::{local}, 'ü', true, 1.5 UNION ALL SELECT 2, NULL, NULL, NULL, '', NULL, NULL"
    )
    snowflakes = {"instant": "TIMESTAMP_TZ(6)", "local": "TIMESTAMP_NTZ(6)", "text": "VARCHAR"}
    here.ask(f"CREATE TABLE $db.raw.kinds ({definition.format(**snowflakes)})")
    here.ask(f"INSERT INTO $db.raw.kinds {rows.format(**snowflakes)}")
    theirs = {"instant": "TIMESTAMPTZ", "local": "TIMESTAMP", "text": "TEXT"}
    with psycopg.connect(staging_url) as connection:
        connection.execute("CREATE SCHEMA staging")
        connection.execute(f"CREATE TABLE staging.kinds ({definition.format(**theirs)})".encode())
        connection.execute(f"INSERT INTO staging.kinds {rows.format(**theirs)}".encode())
    database = backend("postgres", url=staging_url, tls=True)
    exported = {
        "snowflake": here.warehouse.export("raw", "kinds", tmp_path / "snowflake.parquet"),
        "postgres": database.export("kinds", tmp_path / "postgres.parquet"),
    }
    for name, export in exported.items():
        assert export.columns == {
            "id": "integer",
            "amount": "decimal(18,4)",
            "seen_at": "timestamp",
            "local_at": "timestamp without zone",
            "word": "text",
            "flag": "boolean",
            "share": "float",
        }, name
    frames = {name: pl.read_parquet(export.path).sort("id") for name, export in exported.items()}
    for name, frame in frames.items():
        assert str(frame["amount"][0]) == "12345678901234.1234", name
        assert str(frame["seen_at"][0]) == "2013-07-04 12:00:00.123456+00:00", name
        assert str(frame["local_at"][0]) == "2013-07-04 12:00:00.123456", name
        assert frame.row(1) == (2, None, None, None, "", None, None), name
