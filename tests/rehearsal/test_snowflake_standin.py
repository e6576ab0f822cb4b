"""The stand-in for Snowflake: what DuckDB would let pass and Snowflake does not; logins; faults that tests order."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import needs
import polars as pl
import pytest

from rehearsal.aws import Aws
from rehearsal.keys import key_pair
from rehearsal.snowflake import USER, Snowflake

connector = needs.module("snowflake.connector")


def connect(snowflake: Snowflake, pem: str | None = None, **named: Any) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key((pem or snowflake.private_key).encode(), None)
    reached = {"host": "127.0.0.1", "port": snowflake.port, "protocol": "http"}
    told = {"account": "rehearsal", "user": USER, "private_key": key, "login_timeout": 10, "network_timeout": 20}
    told |= {"platform_detection_timeout_seconds": 0}  # else it asks whether this machine is one of a cloud's
    return connector.connect(**{**told, **reached, **named})


@pytest.fixture
def session(snowflake: Snowflake, unique: str) -> Iterator[Any]:
    """A session in a database and schema of its own."""
    with connect(snowflake, role="LOADER", warehouse="SMALL") as opened:
        run(opened, f"CREATE DATABASE {unique}")
        run(opened, f"CREATE TRANSIENT SCHEMA {unique}.raw COMMENT = 'mine'")
        yield opened
    httpx.delete(f"{snowflake.url}/standin/faults")


def run(session: Any, sql: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = session.cursor().execute(sql).fetchall()
    return rows


def refused(session: Any, sql: str) -> int:
    with pytest.raises(connector.errors.Error) as raised:
        run(session, sql)
    return int(raised.value.errno)


@pytest.fixture
def order(snowflake: Snowflake) -> Any:
    """Order a fault."""
    return lambda **fault: httpx.post(f"{snowflake.url}/standin/faults", json=fault).raise_for_status()


def test_only_the_key_of_the_user_logs_in(snowflake: Snowflake) -> None:
    for wrong in ({"pem": key_pair()[0]}, {"user": "SOMEBODY"}, {"account": "another"}):
        with pytest.raises(connector.errors.Error, match="JWT token is invalid"):
            connect(snowflake, **wrong)
    with pytest.raises(connector.errors.Error, match="Incorrect username or password"):
        connect(snowflake, private_key=None, authenticator="snowflake", password="guess")


def test_a_user_is_given_another_key(snowflake: Snowflake, session: Any, unique: str) -> None:
    private, public = key_pair()
    body = "".join(public.splitlines()[1:-1])
    run(session, f"CREATE USER {unique} TYPE = SERVICE RSA_PUBLIC_KEY = '{body}'")
    with connect(snowflake, private, user=unique) as other:
        assert run(other, "SELECT current_user()") == [(unique.upper(),)]
    assert body not in snowflake.statements.read_text()


def test_statements_about_the_account_are_recorded_and_answered(
    snowflake: Snowflake, session: Any, unique: str
) -> None:
    for statement in (f"CREATE WAREHOUSE {unique}", f"GRANT USAGE ON WAREHOUSE {unique} TO ROLE x", "USE ROLE another"):
        assert run(session, statement) == [("Statement executed successfully.",)]
    assert run(session, "SELECT current_role(), current_warehouse()") == [("ANOTHER", "SMALL")]
    assert run(session, "SHOW GRANTS TO ROLE x") == []
    assert f"CREATE WAREHOUSE {unique}" in snowflake.statements.read_text()


@pytest.mark.parametrize("sql", ["SELECT 1 / 0", "SELECT mod(5, x) FROM (SELECT 0 AS x)", "SELECT 2 / (1 - 1) + 1 / 1"])
def test_a_division_by_zero_is_an_error(session: Any, sql: str) -> None:
    assert refused(session, sql) == 100051


def test_divisions_that_are_guarded_are_none(session: Any) -> None:
    assert run(session, "SELECT 1 / NULLIF(0, 0), 7 / 2, IFF(1 = 0, 1 / 0, 3)") == [(None, 3.5, 3)]


def test_greatest_and_least_are_null_with_a_null(session: Any) -> None:
    assert run(session, "SELECT GREATEST(1, NULL), LEAST(NULL, 1), GREATEST(1, 2, 3)") == [(None, None, 3)]


def test_null_timestamps_and_those_before_1970_come_back(session: Any) -> None:
    moment = "'1969-12-31 23:59:59.000005'"
    sql = f"SELECT NULL::TIMESTAMP_TZ, {moment}::TIMESTAMP_NTZ, '2013-07-03 00:00:00 +0000'::TIMESTAMP_TZ"
    empty, early, zoned = run(session, sql)[0]
    assert (empty, early) == (None, datetime(1969, 12, 31, 23, 59, 59, 5))  # noqa: DTZ001 (Snowflake's NTZ)
    assert zoned.astimezone(UTC) == datetime(2013, 7, 3, tzinfo=UTC)


def test_declared_lengths_and_not_null_hold(session: Any) -> None:
    run(session, "CREATE TABLE t (k NUMBER(10,0) NOT NULL, name VARCHAR(3))")
    assert refused(session, "INSERT INTO t VALUES (1, 'four')") == 100078
    assert refused(session, "INSERT INTO t VALUES (NULL, 'one')") == 100072
    run(session, "INSERT INTO t VALUES (1, 'one'), (2, NULL)")
    assert run(session, "SELECT count(*) FROM t") == [(2,)]


@pytest.fixture
def merged(session: Any) -> Any:
    """A target with rows 1 and 2, a source with 2 (changed) and 3."""
    run(session, "CREATE TABLE target (k INT, name VARCHAR)")
    run(session, "INSERT INTO target VALUES (1, 'a'), (2, 'b')")
    run(session, "CREATE TRANSIENT TABLE source (k INT, name VARCHAR)")
    run(session, "INSERT INTO source VALUES (2, 'B'), (3, 'c')")
    return session


MERGE = """MERGE INTO target AS t USING source AS s ON t.k = s.k
WHEN MATCHED AND t.name IS DISTINCT FROM s.name THEN UPDATE SET t.name = s.name
WHEN NOT MATCHED THEN INSERT (k, name) VALUES (s.k, s.name)"""
ROWS = "SELECT k, name FROM target ORDER BY k"


def test_merge_counts_what_it_did_and_does_nothing_the_second_time(merged: Any) -> None:
    assert run(merged, MERGE) == [(1, 1)]
    assert run(merged, ROWS) == [(1, "a"), (2, "B"), (3, "c")]
    assert run(merged, MERGE) == [(0, 0)]


def test_merge_refuses_a_source_with_doubled_keys_and_changes_nothing(merged: Any) -> None:
    run(merged, "INSERT INTO source VALUES (2, 'again')")
    assert refused(merged, MERGE) == 100090
    assert run(merged, ROWS) == [(1, "a"), (2, "b")]


def test_a_transaction_is_all_or_nothing(merged: Any) -> None:
    run(merged, "BEGIN")
    run(merged, MERGE)
    run(merged, "DELETE FROM target WHERE k = 1")
    run(merged, "ROLLBACK")
    assert run(merged, ROWS) == [(1, "a"), (2, "b")]


def test_ddl_commits_an_open_transaction(merged: Any) -> None:
    run(merged, "BEGIN")
    run(merged, "DELETE FROM target")
    run(merged, "CREATE TABLE other (a INT)")
    run(merged, "ROLLBACK")
    assert run(merged, "SELECT count(*) FROM target") == [(0,)]


def test_a_session_that_ends_rolls_back_and_drops_what_was_temporary(
    snowflake: Snowflake, merged: Any, unique: str
) -> None:
    with connect(snowflake, database=unique, schema="raw") as other:
        run(other, f"CREATE OR REPLACE TEMPORARY VIEW {unique}.raw.passing AS SELECT k FROM target")
        assert len(run(other, f"SELECT * FROM {unique}.raw.passing")) == 2
        run(other, "BEGIN")
        run(other, "DELETE FROM target")
    assert len(run(merged, ROWS)) == 2
    assert refused(merged, f"SELECT * FROM {unique}.raw.passing") == 2003


def test_clone_and_swap_of_schemas(merged: Any, unique: str) -> None:
    run(merged, f"CREATE SCHEMA {unique}.published")
    run(merged, f"CREATE TABLE {unique}.published.old (a INT)")
    run(merged, f"CREATE OR REPLACE SCHEMA {unique}.candidate CLONE {unique}.raw")
    run(merged, f"ALTER SCHEMA {unique}.candidate SWAP WITH {unique}.published")
    assert run(merged, f"SELECT count(*) FROM {unique}.published.target") == [(2,)]
    assert run(merged, f"SELECT count(*) FROM {unique}.candidate.old") == [(0,)]
    assert refused(merged, f"SELECT * FROM {unique}.published.old") == 2003
    assert run(merged, f"SELECT count(*) FROM {unique}.raw.target") == [(2,)]


def test_copy_reads_the_named_files_once_by_a_key_that_may_only_read(
    session: Any, aws: Aws, bucket: str, unique: str
) -> None:
    file = io.BytesIO()
    pl.DataFrame({"k": [1, 2], "seen_at": [datetime(2013, 7, 3, tzinfo=UTC), None]}).write_parquet(file)
    for name in ("one", "two"):
        aws.client("s3").put_object(Bucket=bucket, Key=f"lake/{name}.parquet", Body=file.getvalue())
    run(session, f"CREATE STAGE {unique}.raw.lake URL = 's3://{bucket}/lake/' STORAGE_INTEGRATION = any")
    run(session, f"CREATE FILE FORMAT {unique}.raw.parquet TYPE = PARQUET USE_LOGICAL_TYPE = TRUE")
    run(session, f"CREATE TRANSIENT TABLE {unique}.raw.landed (k INT, seen_at TIMESTAMP_TZ, more VARCHAR)")
    copy = f"""COPY INTO {unique}.raw.landed FROM @{unique}.raw.lake/ FILES = ('one.parquet')
        FILE_FORMAT = (FORMAT_NAME = '{unique}.raw.parquet') MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE"""
    assert run(session, copy)[0][1] == "LOADED"
    assert run(session, copy)[0][1] == "LOAD_SKIPPED"
    assert run(session, f"SELECT count(*), count(seen_at), count(more) FROM {unique}.raw.landed") == [(2, 1, 0)]
    assert refused(session, copy.replace("one.", "none.")) == 91016


def test_a_session_that_expires_is_renewed_without_loss(order: Any, merged: Any) -> None:
    run(merged, "BEGIN")
    run(merged, "DELETE FROM target WHERE k = 1")
    order(kind="expire", matching="DELETE FROM target WHERE k = 2")
    run(merged, "DELETE FROM target WHERE k = 2")
    run(merged, "COMMIT")
    assert run(merged, ROWS) == []


def test_a_session_that_expires_for_good_rolls_back(order: Any, snowflake: Snowflake, merged: Any, unique: str) -> None:
    run(merged, "BEGIN")
    run(merged, "DELETE FROM target WHERE k = 1")
    order(kind="expire_for_good", matching="k = 2")
    assert refused(merged, "DELETE FROM target WHERE k = 2") == 390114
    with connect(snowflake, database=unique, schema="raw") as other:
        assert len(run(other, ROWS)) == 2


def test_an_answer_can_be_lost_after_the_statement_was_done(order: Any, merged: Any) -> None:
    order(kind="error", matching="INSERT INTO target", when="after", code="000630", message="timed out")
    assert refused(merged, "INSERT INTO target VALUES (9, 'z')") == 630
    assert run(merged, "SELECT name FROM target WHERE k = 9") == [("z",)]


def test_what_it_cannot_run_is_an_answer_and_not_a_fault_of_the_server(session: Any) -> None:
    assert refused(session, "SELECT no_such_function(1)") in (2003, 2043, 9999)
    assert refused(session, "SELEC 1") == 1003
    assert refused(session, "SELECT 1; SELECT 2") == 8
    with pytest.raises(connector.errors.ProgrammingError, match="does not exist or not authorized"):
        run(session, "SELECT * FROM nowhere")
    assert run(session, "SELECT 1") == [(1,)]
