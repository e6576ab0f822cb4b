"""Postgres alone: lost connections, a commit whose answer was lost, refusals, secrets, the missing extra."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

import psycopg
import pytest
from star_lake import StarLake

from lake import writes
from lake.errors import MissingExtraError, StorageError, WarehouseError
from lake.gold.snapshot import commit
from pipeline.context import Options, RunContext, Selection
from pipeline.graph import Graph, Stage
from pipeline.stages import staging
from pipeline.workspace import open_workspace
from warehouse.backends import _postgres_load, backend
from warehouse.backends._postgres_errors import Lost, described, hidden
from warehouse.backends.postgres import PostgresBackend
from warehouse.stage import stage

pytestmark = pytest.mark.postgres
COMMIT = "staging.commit"


@pytest.fixture
def database(make_backend: object) -> PostgresBackend:
    return make_backend("postgres")  # type: ignore[operator]


def _stage(lake: StarLake, database: PostgresBackend, run_id: str = "run-1") -> dict[str, int]:
    return stage(lake.snapshot(), lake.table, lake.contracts, database, run_id).tables


def _loads(database: PostgresBackend) -> list[tuple[object, ...]]:
    return database.query("SELECT run_id, snapshot_number FROM _loads ORDER BY loaded_at").rows


def _cut_all(url: str) -> None:
    """End every other session, as a restart of the server would."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def _once(moment: str, act: object) -> list[str]:
    """Do ``act`` at the first commit, before or after it; the list has every moment that was seen."""
    seen: list[str] = []

    def observer(when: writes.Moment, site: str, _path: str) -> None:
        if site == COMMIT:
            seen.append(when)
            if when == moment and seen.count(moment) == 1:
                act()  # type: ignore[operator]

    writes.observe(observer)
    return seen


def test_a_connection_that_dies_before_the_commit_is_tried_again(
    full_lake: StarLake, database: PostgresBackend
) -> None:
    seen = _once("before", lambda: _cut_all(database.url))
    rows = _stage(full_lake, database)
    assert seen == ["before", "before", "after"]
    assert database.query("SELECT count(*) FROM dim_date").rows == [(rows["dim_date"],)]
    assert _loads(database) == [("run-1", 2)]


def test_a_commit_whose_answer_is_lost_is_found_by_its_mark(full_lake: StarLake, database: PostgresBackend) -> None:
    def lose() -> None:
        raise Lost("the answer never came")

    seen = _once("after", lose)
    rows = _stage(full_lake, database)
    assert seen == ["before", "after"], "it must not be loaded a second time"
    assert rows["fact_weather_hourly"] == len(full_lake.rows("fact_weather_hourly"))
    assert _loads(database) == [("run-1", 2)]


def test_a_connection_that_dies_in_the_middle_of_the_rows(
    full_lake: StarLake, database: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stage(full_lake, database)
    copied: list[str] = []
    copy = _postgres_load.Load._copy

    def cut(self: _postgres_load.Load, cursor: object, batch: object) -> int:
        copied.append(batch.contract.table)  # type: ignore[attr-defined]
        if copied.count("weather_daily") == 1 and copied[-1] == "weather_daily":
            _cut_all(database.url)
        return copy(self, cursor, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(_postgres_load.Load, "_copy", cut)
    _stage(full_lake, database, "run-2")
    assert copied.count("dim_date") == 2
    assert _loads(database) == [("run-1", 2), ("run-2", 3)]


def test_the_pool_survives_a_restart(full_lake: StarLake, database: PostgresBackend) -> None:
    _stage(full_lake, database)
    assert len(_loads(database)) == 1
    _cut_all(database.url)
    assert len(_loads(database)) == 1


def test_a_server_that_is_not_there_is_said_without_the_password(full_lake: StarLake) -> None:
    url = "postgresql://loader:s3cr3t-pw@127.0.0.1:1/lake"
    database = backend("postgres", url=url, attempts=2, wait_seconds=0.01)
    with pytest.raises(StorageError, match="Connection refused") as caught:
        _stage(full_lake, database)  # type: ignore[arg-type]
    assert caught.value.where == "postgresql://127.0.0.1:1/lake, schema staging"
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value)
    assert "s3cr3t-pw" not in told


def test_reading_from_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warehouse.backends.postgres.CONNECT_SECONDS", 1)
    database = backend("postgres", url="postgresql://loader:s3cr3t-pw@127.0.0.1:1/lake")
    with pytest.raises(StorageError, match="Connection refused"):
        database.query("SELECT 1")
    database.close()


@pytest.mark.parametrize(
    ("change", "fix"),
    [(("/postgres?", "/nowhere?"), "create the database"), (("postgres:@", "nobody:@"), "check user and password")],
)
def test_what_no_retry_mends_is_not_retried(
    full_lake: StarLake, postgres_url: str, change: tuple[str, str], fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []
    run = _postgres_load.Load.run
    monkeypatch.setattr(_postgres_load.Load, "run", lambda self: (tries.append(1), run(self))[1])
    database = backend("postgres", url=postgres_url.replace(*change))
    with pytest.raises(StorageError, match="does not exist") as caught:
        _stage(full_lake, database)  # type: ignore[arg-type]
    assert fix in str(caught.value)
    assert tries == [1]


def test_a_url_that_is_none_is_refused_without_showing_it(full_lake: StarLake) -> None:
    database = backend("postgres", url="postgresql:/loader:s3cr3t-pw@host/lake")
    with pytest.raises(StorageError, match=r"write staging\.url as postgresql://user") as caught:
        _stage(full_lake, database)  # type: ignore[arg-type]
    assert "s3cr3t" not in str(caught.value)


def test_rights_that_are_missing_are_said(full_lake: StarLake, database: PostgresBackend, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN")
    guest = backend("postgres", url=postgres_url.replace("postgres:@", "guest:@"), schema="not_for_guests")
    with pytest.raises(StorageError, match="permission denied") as caught:
        _stage(full_lake, guest)  # type: ignore[arg-type]
    assert "grant the user" in str(caught.value)


def test_a_reader_that_holds_the_tables_is_waited_for(full_lake: StarLake, database: PostgresBackend) -> None:
    _stage(full_lake, database)
    reader = psycopg.connect(database.url)
    reader.execute(f"SELECT * FROM {database.schema}.dim_date")  # type: ignore[arg-type]
    started = time.monotonic()
    threading.Timer(0.5, reader.close).start()
    _stage(full_lake, database, "run-2")
    assert time.monotonic() - started >= 0.4
    assert len(_loads(database)) == 2


def test_a_reader_that_never_ends_is_an_error_in_time(
    full_lake: StarLake, database: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    _stage(full_lake, database)
    monkeypatch.setattr(_postgres_load, "LOCK_TIMEOUT", "200ms")
    with psycopg.connect(database.url) as reader:
        reader.execute(f"SELECT * FROM {database.schema}.dim_date")  # type: ignore[arg-type]
        with pytest.raises(StorageError, match="lock timeout") as caught:
            _stage(full_lake, database, "run-2")
    assert "wait until the reader" in str(caught.value)


def test_queries_cannot_write(full_lake: StarLake, database: PostgresBackend) -> None:
    _stage(full_lake, database)
    with pytest.raises(WarehouseError, match="read-only transaction"):
        database.query("DELETE FROM weather_daily")


def test_a_schema_name_that_is_hostile_stays_a_name(full_lake: StarLake, make_backend: object) -> None:
    database = make_backend("postgres", schema="x\"; DROP SCHEMA public; -- \\ '")  # type: ignore[operator]
    _stage(full_lake, database)
    assert database.query("SELECT count(*) FROM dim_location").rows == [(2,)]
    assert database.query("SELECT 1 FROM pg_namespace WHERE nspname = 'public'").rows == [(1,)]


@pytest.mark.parametrize("package", ["psycopg", "psycopg_pool", "adbc_driver_postgresql"])
def test_a_missing_driver_names_the_extra(full_lake: StarLake, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    database = backend("postgres", url="postgresql://127.0.0.1:1/lake")
    with pytest.raises(MissingExtraError, match=f"{package} is not installed") as caught:
        _stage(full_lake, database)  # type: ignore[arg-type]
    assert "pip install 'mirrorlake[postgres]'" in str(caught.value)


def test_described_and_hidden() -> None:
    assert described("postgresql://u:p@db.example:5433/lake?sslmode=require") == "postgresql://db.example:5433/lake"
    assert described("postgresql:///lake?host=/run/pg&password=s3cr3t") == "postgresql:///run/pg/lake"
    assert (
        described("host=db password=s3cr3t") == described("postgresql:/u:s3cr3t@h/d") == "the database of staging.url"
    )
    assert hidden("bad p%40ss and p@ss", "postgresql://u:p%40ss@h/d") == "bad **** and ****"
    assert hidden("s3cr3t?", "postgresql:///lake?password=s3cr3t") == "****?"
    assert hidden("s3cr3t?", "host=db password='s3cr3t'") == "****?"


def test_what_stands_is_known_by_its_mark(full_lake: StarLake, database: PostgresBackend) -> None:
    snapshot = full_lake.snapshot()
    assert database.standing(snapshot.number) is None
    stage(snapshot, full_lake.table, full_lake.contracts, database, "run-1")
    mark = database.standing(snapshot.number)
    assert mark is not None
    assert database.standing(snapshot.number) == mark
    assert database.standing(snapshot.number + 1) is None


@pytest.mark.parametrize("harm", ["DROP TABLE {}.fact_weather_hourly", "TRUNCATE {}.fact_weather_hourly"])
def test_tables_that_are_gone_or_emptied_are_noticed(full_lake: StarLake, database: PostgresBackend, harm: str) -> None:
    snapshot = full_lake.snapshot()
    stage(snapshot, full_lake.table, full_lake.contracts, database, "run-1")
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(harm.format(database.schema).encode())
    assert database.standing(snapshot.number) is None
    stage(snapshot, full_lake.table, full_lake.contracts, database, "run-2")
    assert database.standing(snapshot.number) is not None


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE {}.dim_location SET location_name = location_name",
        "DELETE FROM {0}.weather_daily WHERE weather_date = (SELECT min(weather_date) FROM {0}.weather_daily)",
    ],
)
def test_rows_that_somebody_wrote_to_are_noticed(full_lake: StarLake, database: PostgresBackend, harm: str) -> None:
    snapshot = full_lake.snapshot()
    stage(snapshot, full_lake.table, full_lake.contracts, database, "run-1")
    left = database.standing(snapshot.number)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(f"VACUUM (FREEZE, ANALYZE) {database.schema}.dim_location".encode())
        assert database.standing(snapshot.number) == left, "the database's own upkeep is no change"
        assert connection.execute(harm.format(database.schema).encode()).rowcount > 0
    assert database.standing(snapshot.number) != left


def staging_outputs(monkeypatch: pytest.MonkeyPatch, url: str) -> object:
    monkeypatch.setenv("MIRRORLAKE_STAGING_BACKEND", "postgres")
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", url)
    none: Any = None
    here = RunContext(open_workspace(), Graph((), ()), "run-1", Selection((), ()), Options(), none)
    nothing: dict[str, Any] = {"inputs": {}, "built": {}, "summaries": {}, "created_by": "run-0"}
    commit(here.workspace.objects, None, tables={"dim_date": 0}, **nothing)
    return staging.outputs(here, Stage("staging", "staging", ()))


def test_the_stage_remembers_the_mark(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PostgresBackend, "standing", lambda self, snapshot: f"mark of {snapshot}")
    assert staging_outputs(monkeypatch, "postgresql://host/db") == {"target": "postgres", "mark": "mark of 1"}


def test_where_nobody_answers_the_stage_runs(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert staging_outputs(monkeypatch, "postgresql://127.0.0.1:1/db") == {"target": "postgres", "mark": None}
