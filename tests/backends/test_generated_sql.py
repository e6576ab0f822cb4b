"""The SQL for Postgres, run by a real server: it can be repeated, it enforces what contracts say, migrations arrive."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl
import psycopg
import pytest

from lake.contract.load import load_contracts
from lake.contract.model import Contract, Type
from lake.contract.polars_rules import broken_rules
from lake.contract.rules import column_rules
from lake.contract.samples import broken, sample, sample_all
from pipeline.generate.postgres import create_tables, star_schema
from warehouse.ddl import create_table, parents_first, rule_of
from warehouse.migration import migration

pytestmark = pytest.mark.postgres

CONTRACTS = load_contracts()
TABLES = [contract for contract in parents_first(CONTRACTS.values()) if contract.warehouse]
REPOSITORY = Path(__file__).resolve().parents[2]
Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    """A database of one's own, since the files name their schema."""
    name = f"generated_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    with psycopg.connect(postgres_url, dbname=name, autocommit=True) as connection:
        assert connection.info.dbname == name
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def insert(connection: Connection, contract: Contract, frame: pl.DataFrame) -> None:
    places = ", ".join(["%s"] * len(frame.columns))
    statement = f"INSERT INTO staging.{contract.table} ({', '.join(frame.columns)}) VALUES ({places})"
    with connection.cursor() as cursor:
        cursor.executemany(statement.encode(), frame.rows())


def test_the_files_build_the_star_and_can_be_run_again(connection: Connection) -> None:
    for _ in range(2):
        for name in ("01_create_tables.sql", "02_star_schema.sql"):
            connection.execute((REPOSITORY / "warehouse" / "postgres" / name).read_bytes())
    frames = sample_all({contract.table: contract for contract in TABLES}, 40)
    for contract in TABLES:
        insert(connection, contract, frames[contract.table])
        counted = connection.execute(f"SELECT count(*) FROM staging.{contract.table}".encode()).fetchone()
        assert counted == (40,)
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match=r"(location_id|date_key)__reference"):
        insert(connection, CONTRACTS["weather_daily"], sample(CONTRACTS["weather_daily"], 1, seed=77))
    comment = "SELECT obj_description('staging.dim_date'::regclass)"
    assert connection.execute(comment.encode()).fetchone() == (CONTRACTS["dim_date"].description,)


@pytest.mark.parametrize("table", CONTRACTS)
def test_postgres_refuses_bad_rows_by_the_rule_that_they_break(table: str, connection: Connection) -> None:
    contract = CONTRACTS[table]
    connection.execute("CREATE SCHEMA staging")
    connection.execute(create_table(contract, "postgres", schema="staging", references=False).encode())
    insert(connection, contract, sample(contract, 40))
    connection.execute(f"TRUNCATE staging.{table}".encode())
    severities = {rule.name: rule.severity for rule in contract.rules}
    for name, frame in broken(contract, seed=5):
        (rules, *_) = broken_rules(contract, frame)
        try:
            with connection.transaction(force_rollback=True):
                insert(connection, contract, frame)
            said = ""
        except psycopg.errors.UniqueViolation:
            said = "key"
        except psycopg.errors.NotNullViolation as error:
            said = f"{error.diag.column_name}.required"
        except psycopg.errors.CheckViolation as error:
            rule = rule_of(contract, str(error.diag.constraint_name))
            said = rule.name if rule else ""
        expected = {rule for rule in rules if severities[rule] == "error"} or {""}
        assert said in ({"key"} if name == "key" else expected), (name, said)


def _shape(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """Columns and constraints as the catalogue has them, in an order of their own."""
    columns = connection.execute(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'staging' AND table_name = %s ORDER BY 1",
        [table],
    ).fetchall()
    # Postgres 18 keeps NOT NULL as constraints too, under names that tell how they came; the columns say it above.
    constraints = connection.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = ('staging.' || %s)::regclass AND contype <> 'n' ORDER BY 1",
        [table],
    ).fetchall()
    return [*columns, *constraints]


def _changed(contract: Contract) -> Contract:
    """Another version of the fact table: a column goes, one comes; types, bounds, nulls, rules, references change."""
    columns = []
    for column in contract.columns:
        if column.name == "visibility_m":
            continue
        if column.name == "temperature_c":
            column = replace(column, minimum=-80, required=True)  # noqa: PLW2901
        if column.name == "hour_of_day":
            bare = replace(column, required=False, minimum=None, maximum=None)
            column = replace(bare, type=Type("decimal", 10, 2))  # noqa: PLW2901
        columns.append(column)
    columns.append(replace(contract.column("temperature_c"), name="soil_temperature_c"))
    rules = (*column_rules(columns), *(rule for rule in contract.rules if rule.kind == "expression"))
    return replace(contract, columns=tuple(columns), rules=rules, references=contract.references[:1])


def test_a_migration_leads_to_the_table_that_the_new_contract_makes(connection: Connection) -> None:
    old = CONTRACTS["fact_weather_hourly"]
    new = _changed(old)
    connection.execute("CREATE SCHEMA staging")
    for contract in TABLES[:2]:
        connection.execute(create_table(contract, "postgres", schema="staging").encode())
    connection.execute(create_table(new, "postgres", schema="staging").encode())
    wanted = _shape(connection, new.table)
    connection.execute(f"DROP TABLE staging.{new.table}".encode())
    connection.execute(create_table(old, "postgres", schema="staging").encode())
    statements = migration(old, new, "postgres", "staging")
    for statement in statements:
        connection.execute(statement.encode())
    assert _shape(connection, new.table) == wanted
    assert len(statements) > 6
    assert migration(new, new, "postgres", "staging") == []


def test_the_files_are_those_of_the_contracts() -> None:
    folder = REPOSITORY / "warehouse" / "postgres"
    assert (folder / "01_create_tables.sql").read_text() == create_tables(CONTRACTS)
    assert (folder / "02_star_schema.sql").read_text() == star_schema(CONTRACTS)
