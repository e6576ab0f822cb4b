# ruff: noqa: E501 (a table of changes, one a line)
"""What a change of contract means, and the statements that it asks for."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlglot
from contract_text import CUSTOMERS, ORDERS, write

from lake.contract.diff import compare, compare_table, next_version, worst
from lake.contract.load import load_contract, load_contracts
from lake.contract.model import Contract
from warehouse.ddl import DIALECTS, create_table
from warehouse.migration import migration

GOLD = (
    ORDERS.replace("  - {property: datasets, value: [shop/orders]}\n", "")
    .replace("  - {property: versionColumn, value: placed_at}\n", "  - {property: warehouse, value: true}\n")
    .replace("value: silver", "value: gold")
)
DISCOUNT = "      - {name: discount_usd, description: Off., logicalType: number}\n"
CHANGES = [
    ("What was paid.", "Other words.", "words of amount_usd", "compatible"),
    ("Orders of a shop.", "Other words.", "words", "compatible"),
    ("name: shop-data", "name: sales", "owner: shop-data -> sales", "compatible"),
    ("value: 2, unit: d", "value: 3, unit: d", "freshness: data 48.0 h by placed_at, loads None h -> data 72.0 h", "compatible"),
    ("mustBeGreaterOrEqualTo: 3", "mustBeGreaterOrEqualTo: 4", "least number of rows: 3 -> 4", "compatible"),
    ("validValues: [open, paid]", "validValues: [open]", "rule status.enum changed: open, paid (warn) -> open (warn)", "compatible"),
    ("maximum: 99}", "maximum: 50}", "rule lines.maximum changed: 99 (error) -> 50 (error)", "needs rebuild"),
    ("paid_usd <= amount_usd", "paid_usd < amount_usd", "rule paid_not_above_amount changed", "needs rebuild"),
    ("value: [shop/orders]", "value: [shop/orders, shop/returns]", "datasets: shop orders -> shop orders, shop returns", "needs rebuild"),
    ("value: day", "value: month", "partition: day of placed_at -> month of placed_at", "needs rebuild"),
    ("value: placed_at}\n", "value: lines}\n", "version column: placed_at -> lines", "needs rebuild"),
    ("    quality:\n      - {metric: rowCount", DISCOUNT + "    quality:\n      - {metric: rowCount", "column discount_usd added (float)", "needs rebuild"),
    ("DECIMAL(12,2)", "DECIMAL(14,2)", "type of amount_usd: decimal(12, 2) -> decimal(14, 2)", "breaking"),
    ("logicalType: integer", "logicalType: number", "type of lines: integer -> float", "breaking"),
    ("name: lines", "name: line_count", "column lines removed", "breaking"),
    ("        required: true\n        logicalTypeOptions: {maxLength: 12", "        required: true\n        customProperties: [{property: unit, value: text}]\n        logicalTypeOptions: {maxLength: 12", "unit of order_id: none -> text", "breaking"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what", "effect"), CHANGES)
def test_every_change_has_its_effect(tmp_path: Path, old: str, new: str, what: str, effect: str) -> None:
    assert old in ORDERS
    before = load_contract(write(tmp_path / "old"))
    after = load_contract(write(tmp_path / "new", ORDERS.replace(old, new, 1)))
    changes = compare_table(before, after)
    assert any(change.what.startswith(what) and change.effect == effect for change in changes), changes
    assert worst(changes) == effect
    assert compare_table(before, before) == []


def test_a_key_that_changes_and_nulls_that_may_come_break_readers(tmp_path: Path) -> None:
    before = load_contract(write(tmp_path / "old", GOLD))
    text = GOLD.replace("        primaryKey: true\n        required: true\n", "").replace(
        "required: true\n        partitioned", "required: true\n        primaryKey: true\n        partitioned"
    )
    changes = compare_table(before, load_contract(write(tmp_path / "new", text)))
    assert {"primary key: order_id -> placed_at", "rule order_id.required removed: True (error) -> none"} <= {
        change.what for change in changes if change.effect == "breaking"
    }


def test_rules_of_gold_are_checks_only_so_rows_stay(tmp_path: Path) -> None:
    before = load_contract(write(tmp_path / "old", GOLD))
    after = load_contract(write(tmp_path / "new", GOLD.replace("maximum: 99}", "maximum: 50}")))
    assert worst(compare_table(before, after)) == "compatible"
    assert migration(before, after, "postgres", "staging") == [
        "ALTER TABLE staging.orders DROP CONSTRAINT lines__maximum",
        "ALTER TABLE staging.orders ADD CONSTRAINT lines__maximum CHECK (lines <= 50)",
    ]
    assert migration(before, after, "snowflake", "raw") == []


def test_tables_come_and_go(tmp_path: Path) -> None:
    write(tmp_path / "old", GOLD)
    write(tmp_path / "new", CUSTOMERS, "customers")
    old, new = load_contracts(tmp_path / "old"), load_contracts(tmp_path / "new")
    assert [(change.table, change.what, change.effect) for change in compare(old, new)] == [
        ("customers", "new table", "compatible"),
        ("orders", "table removed", "breaking"),
    ]
    assert migration(old["orders"], None, "postgres", "staging") == ["DROP TABLE staging.orders"]
    assert migration(None, old["orders"], "duckdb", "raw")[0].startswith("CREATE TABLE raw.orders")
    assert migration(None, new["customers"], "duckdb", "raw") == []


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Contract, Contract]:
    text = GOLD.replace("name: lines", "name: line_count").replace("DECIMAL(12,2)", "DECIMAL(14,3)")
    text = text.replace(
        "        description: Where it stands.", "        required: true\n        description: Where it stands."
    )
    return load_contract(write(tmp_path / "old", GOLD)), load_contract(write(tmp_path / "new", text))


def test_the_migration_of_duckdb_leads_to_the_new_table(versions: tuple[Contract, Contract]) -> None:
    old, new = versions
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA raw; CREATE SCHEMA wanted")
        connection.execute(create_table(old, "duckdb", schema="raw", constraints=False))
        connection.execute(create_table(new, "duckdb", schema="wanted", constraints=False))
        for statement in migration(old, new, "duckdb", "raw"):
            connection.execute(statement)
        found = sorted(connection.execute("DESCRIBE raw.orders").fetchall())
        assert found == sorted(connection.execute("DESCRIBE wanted.orders").fetchall())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_migrations_parse_strictly(versions: tuple[Contract, Contract], dialect: str) -> None:
    statements = migration(*versions, dialect, "raw")  # type: ignore[arg-type]
    assert len(statements) >= 4
    for statement in statements:
        (tree,) = sqlglot.parse(statement, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)
        assert tree is not None


def test_the_version_to_raise_to_follows_the_effect() -> None:
    assert next_version("1.2.3", "compatible") == "1.2.4"
    assert next_version("1.2.3", "needs rebuild") == "1.3.0"
    assert next_version("1.2.3", "breaking") == "2.0.0"
    assert next_version("2013-07", "breaking") == "2013-07"
