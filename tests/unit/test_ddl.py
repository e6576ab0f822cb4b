"""Tables from contracts: DuckDB accepts every good sample row and refuses every bad one by the right constraint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlglot
from contract_text import ORDERS, write

from lake.contract.load import load_contract, load_contracts
from lake.contract.model import Contract, Type
from lake.contract.polars_rules import broken_rules
from lake.contract.samples import broken, sample, sample_all
from lake.errors import UnknownChoiceError
from warehouse.ddl import (
    DIALECTS,
    check_condition,
    column_type,
    constraint_name,
    create_table,
    parents_first,
    rule_condition,
    rule_of,
)

CONTRACTS = load_contracts()


@pytest.fixture(scope="module")
def parents() -> dict[str, pl.DataFrame]:
    return sample_all(CONTRACTS, 40, seed=1)


@pytest.fixture(scope="module")
def database(parents: dict[str, pl.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """All tables of all contracts, filled with good rows."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA staging")
        for contract in parents_first(CONTRACTS.values()):
            connection.execute(create_table(contract, "duckdb", schema="staging"))
            insert(connection, contract, parents[contract.table])
        yield connection


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """All tables, empty and without references, so that only the row itself is judged."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE SCHEMA staging")
        for contract in CONTRACTS.values():
            connection.execute(create_table(contract, "duckdb", schema="staging", references=False))
        yield connection


def refusal(connection: duckdb.DuckDBPyConnection, contract: Contract, frame: pl.DataFrame) -> str:
    """What the database says against the rows; nothing where it takes them. None of them stays."""
    with undone(connection):
        try:
            insert(connection, contract, frame)
        except duckdb.ConstraintException as error:
            return str(error)
    return ""


def insert(connection: duckdb.DuckDBPyConnection, contract: Contract, frame: pl.DataFrame) -> None:
    given = frame.to_arrow()  # found by its name: registering is not possible in a transaction that failed
    connection.execute(f"INSERT INTO staging.{contract.table} SELECT * FROM given")
    del given


@contextmanager
def undone(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction that leaves nothing behind."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")


def refusals(connection: duckdb.DuckDBPyConnection, contract: Contract) -> dict[str, str]:
    """What DuckDB says when a rule's constraint refuses: it tells a check by its text, not by its name."""
    texts = connection.execute(
        "SELECT constraint_text FROM duckdb_constraints() "
        "WHERE table_name = ? AND constraint_type = 'CHECK' ORDER BY constraint_index",
        [contract.table],
    ).fetchall()
    checked = [rule for rule in contract.rules if check_condition(rule, contract, "duckdb") is not None]
    said = {rule.name: text for rule, (text,) in zip(checked, texts, strict=True)}
    for rule in contract.rules:
        if rule.kind == "required":
            said[rule.name] = f"NOT NULL constraint failed: {contract.table}.{rule.columns[0]}"
    return said


@pytest.mark.parametrize("table", CONTRACTS)
def test_good_rows_are_accepted(
    table: str, database: duckdb.DuckDBPyConnection, parents: dict[str, pl.DataFrame]
) -> None:
    counted = database.execute(f"SELECT count(*) FROM staging.{table}").fetchone()
    assert counted == (len(parents[table]),)


@pytest.mark.parametrize("table", CONTRACTS)
def test_bad_rows_are_refused_by_a_constraint_of_a_rule_that_they_break(
    table: str, empty: duckdb.DuckDBPyConnection, parents: dict[str, pl.DataFrame]
) -> None:
    contract = CONTRACTS[table]
    said = refusals(empty, contract)
    severities = {rule.name: rule.severity for rule in contract.rules}
    judged = 0
    for name, bad in broken(contract, seed=11, parents=parents):
        message = refusal(empty, contract, bad)
        judged += 1
        if name == "key":
            assert "primary key" in message.lower()
            continue
        (rules,) = broken_rules(contract, bad)
        errors = [rule for rule in rules if severities[rule] == "error"]
        assert bool(message) == bool(errors), (name, message)
        assert not errors or any(said[rule] in message for rule in errors), (name, message)
    assert judged == len(contract.rules) + 1


@pytest.mark.parametrize("table", [name for name, contract in CONTRACTS.items() if contract.references])
def test_a_row_without_its_parent_is_refused(table: str, database: duckdb.DuckDBPyConnection) -> None:
    contract = CONTRACTS[table]
    orphan = sample(contract, 1, seed=99)
    with undone(database), pytest.raises(duckdb.ConstraintException, match="foreign key"):
        insert(database, contract, orphan)


@pytest.mark.parametrize("table", CONTRACTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_statement_parses_strictly_in_its_dialect(table: str, dialect: str) -> None:
    statement = create_table(CONTRACTS[table], dialect, schema="staging")  # type: ignore[arg-type]
    (tree,) = sqlglot.parse(statement, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, sqlglot.exp.Create)
    columns = [definition.name for definition in tree.find_all(sqlglot.exp.ColumnDef)]
    assert columns == list(CONTRACTS[table].column_names)


def test_snowflake_declares_keys_and_references_but_no_checks() -> None:
    statement = create_table(CONTRACTS["fact_weather_hourly"], "snowflake", schema="raw")
    assert "CHECK" not in statement
    assert "PRIMARY KEY (location_id, observed_at)" in statement
    assert "REFERENCES raw.dim_date (date_key)" in statement
    assert "location_id VARCHAR(64) NOT NULL" in statement
    assert "observed_at TIMESTAMP_TZ(6) NOT NULL" in statement


def test_rules_that_only_warn_are_never_constraints() -> None:
    for contract in CONTRACTS.values():
        for rule in contract.rules:
            if rule.severity == "warn":
                assert all(check_condition(rule, contract, dialect) is None for dialect in DIALECTS)
                assert rule_condition(rule, contract, "duckdb")
                assert constraint_name(contract, rule) not in create_table(contract, "postgres", schema="s")


def test_a_landing_table_takes_anything_of_its_types() -> None:
    statement = create_table(CONTRACTS["weather_daily"], "duckdb", schema="raw", constraints=False)
    assert not {"NOT NULL", "CHECK", "KEY"} & set(statement.replace("(", " ").split())
    assert create_table(CONTRACTS["dim_date"], "duckdb", schema="raw", if_not_exists=True).startswith(
        "CREATE TABLE IF NOT EXISTS raw.dim_date"
    )


def test_types_of_every_kind_in_every_dialect(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, ORDERS.replace("status", "is_open").replace("lines", "line_count")))
    assert [column_type(contract.column("amount_usd"), dialect) for dialect in DIALECTS] == ["DECIMAL(12, 2)"] * 3
    assert [column_type(contract.column("order_id"), dialect) for dialect in DIALECTS] == [
        "VARCHAR", 'TEXT COLLATE "C"', "VARCHAR(12)",
    ]  # fmt: skip
    assert [column_type(Type("float"), dialect) for dialect in DIALECTS] == ["DOUBLE", "DOUBLE PRECISION", "DOUBLE"]
    assert [column_type(Type("date"), dialect) for dialect in DIALECTS] == ["DATE"] * 3
    with pytest.raises(UnknownChoiceError, match="unknown dialect: 'oracle'"):
        column_type(Type("date"), "oracle")  # type: ignore[arg-type]


def test_a_constraint_leads_back_to_its_rule() -> None:
    contract = CONTRACTS["weather_observations"]
    for rule in contract.rules:
        assert rule_of(contract, constraint_name(contract, rule)) == rule
    assert rule_of(contract, "weather_observations_pkey") is None
    names = [constraint_name(contract, rule) for contract in CONTRACTS.values() for rule in contract.rules]
    assert max(map(len, names)) <= 63


def test_every_kind_of_rule_is_enforced_on_decimals_dates_and_texts_with_quotes(tmp_path: Path) -> None:
    text = ORDERS.replace("[open, paid]", '["it\'s", paid]').replace("severity: warning", "severity: error")
    text = text.replace("paid_usd <= amount_usd", "paid_usd <= amount_usd AND status <> 'it''s not'")
    contract = load_contract(write(tmp_path, text))
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA staging")
        connection.execute(create_table(contract, "duckdb", schema="staging"))
        insert(connection, contract, sample(contract, 50))
        connection.execute("TRUNCATE staging.orders")
        for name, frame in broken(contract, seed=2):
            assert refusal(connection, contract, frame), name
