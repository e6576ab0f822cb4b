"""Staging in Postgres over the network: verified TLS, a restart in the middle of a load, and export for parity."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from lake import writes
from lake.errors import StorageError
from rehearsal.postgres import Postgres
from tests.backends.star_lake import StarLake, star
from warehouse.backends import backend
from warehouse.backends.base import Backend
from warehouse.stage import stage


@pytest.fixture
def full_lake(tmp_path: Path) -> StarLake:
    """A lake with a small star."""
    lake = StarLake(tmp_path / "lake")
    lake.fill(star(days=12, places=2))
    return lake


@pytest.fixture
def database(staging_url: str) -> Iterator[Backend]:
    """Staging as the rehearsal has it."""
    made = backend("postgres", url=staging_url, tls=True, retry_seconds=30.0)
    yield made
    made.close()


def staged(lake: StarLake, database: Backend, run_id: str = "run-1") -> dict[str, int]:
    return stage(lake.snapshot(), lake.table, lake.contracts, database, run_id).tables


def leave(server: Postgres) -> None:
    """Stop it, so that it comes back on the same port."""
    server._port = server.port
    server.stop()


def test_a_load_over_verified_tls(full_lake: StarLake, database: Backend) -> None:
    rows = staged(full_lake, database)
    assert database.query("SELECT count(*) FROM fact_weather_hourly").rows == [(rows["fact_weather_hourly"],)]


def test_a_server_that_no_authority_vouches_for_is_not_spoken_to(full_lake: StarLake, staging_url: str) -> None:
    tries: list[str] = []
    writes.observe(lambda when, site, path: tries.append(site))
    database = backend("postgres", url=staging_url.partition("?")[0], tls=True, retry_seconds=30.0)
    with pytest.raises(StorageError, match="certificate verify failed") as caught:
        staged(full_lake, database)
    assert "sslrootcert=FILE" in str(caught.value)
    assert tries == []


def test_the_server_restarts_in_the_middle_of_a_load(
    full_lake: StarLake, database: Backend, network_postgres: Postgres
) -> None:
    staged(full_lake, database)
    seen: list[str] = []
    coming_back = threading.Thread(target=lambda: network_postgres.start().wait())

    def restart(when: writes.Moment, site: str, _path: str) -> None:
        if site == "staging.commit":
            seen.append(when)
            if seen == ["before"]:
                leave(network_postgres)
                coming_back.start()

    writes.observe(restart)
    rows = staged(full_lake, database, "run-2")
    coming_back.join()
    assert seen == ["before", "before", "after"], "the first transaction was lost, the second went through"
    assert database.query("SELECT run_id FROM _loads ORDER BY loaded_at").rows == [("run-1",), ("run-2",)]
    assert database.query("SELECT count(*) FROM weather_daily").rows == [(rows["weather_daily"],)]


def test_a_server_that_stays_away_is_given_up(
    full_lake: StarLake, staging_url: str, network_postgres: Postgres
) -> None:
    database = backend("postgres", url=staging_url, tls=True, retry_seconds=0.5)
    staged(full_lake, database)
    leave(network_postgres)
    try:
        with pytest.raises(StorageError, match="cannot be reached"):
            staged(full_lake, database, "run-2")
    finally:
        network_postgres.start().wait()
    assert database.query("SELECT run_id FROM _loads").rows == [("run-1",)]
    assert staged(full_lake, database, "run-3")
    database.close()


def test_a_table_is_exported_as_it_was_loaded(full_lake: StarLake, database: Backend, tmp_path: Path) -> None:
    staged(full_lake, database)
    exported = database.export("fact_weather_hourly", tmp_path / "facts.parquet")
    contract = full_lake.contracts["fact_weather_hourly"]
    assert tuple(exported.columns) == contract.column_names
    rows = pl.read_parquet(exported.path).sort(contract.primary_key).rows()
    assert rows == full_lake.rows("fact_weather_hourly")
