"""``mirrorlake sql``: one SELECT over published and lake tables; hostile statements reach nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from star_lake import StarLake, star

from lake.errors import DamagedError, MirrorlakeError, UnknownChoiceError, UsageError
from warehouse.backends.base import Rows
from warehouse.publish import publish
from warehouse.sandbox import ask, published_tables

Ask = Callable[..., Rows]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.csv"
    path.write_text("secret\ncanary-4711\n")
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> StarLake:
    """One lake for all: nothing here may change it."""
    lake = StarLake(tmp_path_factory.mktemp("sandbox") / "lake")
    lake.fill(star(days=3, places=2))
    return lake


@pytest.fixture(scope="module")
def published(made: StarLake) -> Path:
    folder = made.root.parent
    warehouse = folder / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_x AS SELECT i FROM range(10) t(i)")
    return publish(warehouse, folder / "published", "run-1").path.parent


@pytest.fixture
def sql(made: StarLake, published: Path) -> Ask:
    def call(statement: str, limit: int | None = None) -> Rows:
        return ask(
            statement,
            published=published,
            lake_tables=made.contracts,
            files_of=lambda name: made.table(name).files(),
            limit=limit,
        )[0]

    return call


def test_published_and_lake_tables_in_one_statement(sql: Ask, made: StarLake) -> None:
    answer = sql(
        "WITH days AS (SELECT count(*) AS n FROM weather_daily) "
        "SELECT n, (SELECT sum(i) FROM mart_x) AS total, (SELECT count(*) FROM Dim_Location) AS places FROM days"
    )
    assert answer == Rows(("n", "total", "places"), [(len(made.rows("weather_daily")), 45, 2)])
    assert sql("FROM weather_daily").columns == made.contracts["weather_daily"].column_names
    assert sql("SELECT run_id FROM _publication;").rows == [("run-1",)]
    assert sql("DESCRIBE fact_weather_hourly").rows[1][:2] == ("observed_at", "TIMESTAMP WITH TIME ZONE")


def test_at_most_so_many_rows_and_whether_there_are_more(made: StarLake, published: Path) -> None:
    def call(limit: int) -> tuple[int, bool]:
        answer, more = ask("FROM mart_x", published=published, lake_tables=[], files_of=lambda _: [], limit=limit)
        return len(answer.rows), more

    assert [call(limit) for limit in (3, 10, 11)] == [(3, True), (10, False), (10, False)]


def test_before_the_first_publication_the_lake_can_be_asked(made: StarLake, tmp_path: Path) -> None:
    answer, _ = ask(
        "SELECT count(*) FROM dim_location",
        published=tmp_path / "nothing",
        lake_tables=made.contracts,
        files_of=lambda name: made.table(name).files(),
    )
    assert answer.rows == [(2,)]
    assert published_tables(tmp_path / "nothing") == []


def test_published_tables(published: Path) -> None:
    assert published_tables(published) == ["mart_x"]


HOSTILE = """
COPY mart_x TO '{out}'
COPY (SELECT 1) TO '{out}'
ATTACH '{out}' AS other
INSTALL httpfs
LOAD httpfs
LOAD '{out}'
SELECT * FROM read_csv('{canary}')
SELECT * FROM read_csv_auto(['{canary}'])
SELECT * FROM read_text('{canary}')
SELECT * FROM read_blob('{canary}')
SELECT * FROM '{canary}'
SELECT * FROM read_text('{lake}/../warehouse.duckdb')
SELECT * FROM sniff_csv('{canary}')
SELECT * FROM read_csv('/etc/passwd')
SELECT * FROM read_text('/proc/self/environ')
SELECT * FROM glob('/*')
SELECT * FROM parquet_scan('{lake}/gold/dim_location/*.parquet')
SELECT * FROM read_json('http://127.0.0.1:9/x')
SELECT * FROM 's3://bucket/x.parquet'
SELECT * FROM sqlite_scan('{canary}', 'x')
SELECT * FROM query('COPY (SELECT 1) TO ''{out}''')
SELECT getenv('HOME')
SELECT * FROM duckdb_secrets()
PRAGMA database_list
SET enable_external_access = true
RESET lock_configuration
SET allowed_paths = ['/']
SET VARIABLE x = 1
USE memory
CALL pragma_version()
CHECKPOINT
VACUUM
EXPORT DATABASE '{out}'
IMPORT DATABASE '{out}'
BEGIN
PREPARE p AS SELECT 1
DETACH published
CREATE TABLE x AS SELECT 1
CREATE MACRO m() AS 1
DROP TABLE mart_x
INSERT INTO mart_x VALUES (1)
UPDATE mart_x SET i = 0
DELETE FROM mart_x
ALTER TABLE mart_x ADD COLUMN j INT
WITH gone AS (DELETE FROM published.marts.mart_x RETURNING i) SELECT * FROM gone
WITH new AS (INSERT INTO published.marts.mart_x VALUES (99) RETURNING i) SELECT * FROM new
SELECT 1; DROP TABLE mart_x
SELECT 1; SELECT 2
SELECT 1 /* ; */ ; COPY mart_x TO '{out}'
'; DROP TABLE mart_x; --
SELECT
SELEC 1
SELECT * FROM no_such_table
SELECT no_such_column FROM mart_x
SELECT 1 FROM mart_x WHERE error('boom')
""".strip().splitlines()


@pytest.mark.parametrize("statement", ["", " ", "--", ";;", "\x00", "SELECT '\ud800'", *HOSTILE])
def test_hostile_statements_are_errors_of_ours_and_reach_nothing(
    sql: Ask, statement: str, canary: Path, tmp_path: Path, made: StarLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    filled = statement.format(out=work / "out", canary=canary, lake=made.root)
    with pytest.raises(UsageError) as caught:
        sql(filled)
    assert "canary-4711" not in str(caught.value)
    assert caught.value.fix
    assert list(work.iterdir()) == [], "nothing was written"
    assert sql("SELECT count(*), sum(i) FROM mart_x").rows == [(10, 45)]


def test_python_variables_are_no_tables(sql: Ask) -> None:
    canary_frame = duckdb.sql("SELECT 4711 AS canary")  # noqa: F841
    with pytest.raises(UnknownChoiceError):
        sql("SELECT * FROM canary_frame")


def test_an_unknown_table_lists_the_known(sql: Ask) -> None:
    with pytest.raises(UnknownChoiceError) as caught:
        sql("SELECT * FROM wether_daily")
    assert caught.value.known == [
        "dim_date", "dim_location", "fact_weather_hourly", "mart_x", "weather_daily",
    ]  # fmt: skip


def test_a_damaged_file_of_the_lake_is_no_fault_of_the_statement(published: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(DamagedError) as caught:
        ask("FROM dim_date", published=published, lake_tables=["dim_date"], files_of=lambda _: [str(broken)])
    assert caught.value.where == str(broken)


def test_errors_are_ours(sql: Ask) -> None:
    with pytest.raises(MirrorlakeError, match="Conversion Error"):
        sql("SELECT 'x'::INT FROM mart_x")
