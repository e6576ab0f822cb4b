# ruff: noqa: E501 (a table of faults, one a line)
"""Reading contracts: what they say arrives, and every error is refused with file, line and the valid choices."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from contract_text import CUSTOMERS, ORDERS, line_of, write

from lake.contract.document import ManyContractsError
from lake.contract.load import load_contract, load_contracts
from lake.contract.model import Freshness, Partition, Reference, Type
from lake.errors import ContractError, StorageError


def test_a_contract_says_all_that_its_file_says(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path))
    assert (contract.table, contract.layer, contract.version, contract.domain) == (
        "orders",
        "silver",
        "1.2.0",
        "commerce",
    )
    assert contract.column_names == ("order_id", "placed_at", "amount_usd", "paid_usd", "status", "lines")
    assert contract.column("amount_usd").type == Type("decimal", 12, 2)
    assert contract.primary_key == ("order_id",)
    assert contract.partition == Partition("placed_at", "day")
    assert contract.version_column == "placed_at"
    assert contract.datasets == (("shop", "orders"),)
    assert contract.min_rows == 3
    assert contract.freshness == Freshness("placed_at", 48.0, None)
    assert contract.owner == "shop-data"
    assert (contract.rejection_threshold, contract.evolution, contract.load) == (0.5, "evolve", "append")


def test_rules_come_in_one_order_with_typed_arguments(tmp_path: Path) -> None:
    rules = load_contract(write(tmp_path)).rules
    assert [(rule.name, rule.severity) for rule in rules] == [
        ("order_id.required", "error"),
        ("placed_at.required", "error"),
        ("placed_at.minimum", "error"),
        ("amount_usd.minimum", "error"),
        ("amount_usd.maximum", "error"),
        ("lines.maximum", "error"),
        ("order_id.max_length", "error"),
        ("status.enum", "warn"),
        ("order_id.pattern", "error"),
        ("paid_not_above_amount", "error"),
    ]
    arguments = {rule.name: rule.argument for rule in rules}
    assert arguments["placed_at.minimum"] == datetime(2000, 1, 1, tzinfo=UTC)
    assert arguments["amount_usd.maximum"] == Decimal("9999.5")
    assert arguments["lines.maximum"] == 99
    assert arguments["status.enum"] == ("open", "paid")
    assert rules[-1].columns == ("paid_usd", "amount_usd")


def test_our_contracts_are_all_there() -> None:
    contracts = load_contracts()
    assert set(contracts) == {
        "weather_observations", "weather_forecasts", "weather_locations", "weather_hourly", "weather_hourly_rolling",
        "weather_daily", "dim_date", "dim_location", "fact_weather_hourly",
    }  # fmt: skip
    assert {name for name, contract in contracts.items() if contract.warehouse} == {
        "dim_date", "dim_location", "weather_daily", "fact_weather_hourly",
    }  # fmt: skip
    assert contracts["weather_daily"].references == (
        Reference(("location_id",), "dim_location", ("location_id",)),
        Reference(("date_key",), "dim_date", ("date_key",)),
    )


def test_our_contracts_load_in_a_blink() -> None:
    seconds = []
    for _ in range(5):
        start = time.process_time()
        load_contracts()
        seconds.append(time.process_time() - start)
    limit = 0.06 if sys.gettrace() is None else 1.0  # about 0.012 unless lines are traced
    assert min(seconds) < limit


def test_reading_imports_nothing_heavy() -> None:
    code = "import sys; from lake.contract.load import load_contracts; load_contracts(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"polars", "pyarrow", "pydantic", "sqlglot", "duckdb", "open_data_contract_standard"} & set(loaded)


FAULTS = [
    # what is replaced, by what, a part of the message, a part of the remedy
    ("id: orders\n", "id: orders\nownr: me\n", "unknown key: 'ownr'", "team"),
    ("apiVersion: v3.1.0", "apiVersion: v2.2.2", "apiVersion 'v2.2.2' is not read here", "v3.1.0"),
    ("kind: DataContract", "kind: Contract", "kind 'Contract' is not read here", "DataContract"),
    ("version: 1.2.0\n", "", "'version' is missing", "add version"),
    ("domain: commerce", "domain: Commerce", "the domain 'Commerce' is not lower snake case", ""),
    ("  - name: orders\n", "  - name: Orders\n", "not lower snake case", ""),
    ("  - name: orders\n", "  - name: purchases\n", "the table is called 'purchases', its file 'orders'", "same name"),
    ("  - name: orders\n", "  - name: order\n", "reserved word of DuckDB, Postgres, Snowflake, Spark", "another name"),
    ("logicalType: integer", "logicalType: int", "unknown logical type: 'int'", "boolean, date, integer, number"),
    ("logicalType: integer", "logicalType: uuid", "unknown logical type: 'uuid'", "integer"),
    ("        logicalType: integer\n", "", "'logicalType' is missing", "boolean, date"),
    ("logicalType: integer", "logicalType: integer\n        physicalType: UBIGINT", "unsigned", "BIGINT"),
    ("logicalType: timestamp", "logicalType: timestamp\n        physicalType: TIMESTAMP_NS", "microseconds", "TIMESTAMP"),
    ("physicalType: DECIMAL(12,2)", "physicalType: FLOAT", "a number cannot be stored as FLOAT", "DOUBLE"),
    ("physicalType: DECIMAL(12,2)", "physicalType: DECIMAL(40,2)", "no such decimal", "1 to 38"),
    ("name: lines", "name: user", "'user' is a reserved word of Postgres, Spark", "another"),
    ("name: lines", "name: lineCount", "'lineCount' is not lower snake case", "wind_speed_kmh"),
    ("name: lines", "name: _lines", "'_lines' is not lower snake case", ""),
    ("name: lines", f"name: {'l' * 49}", "at most 48 characters", ""),
    ("name: lines", "name: status", "the column 'status' stands twice", "once"),
    ("name: placed_at", "name: placed", "the timestamp column 'placed' does not end with _at", "rename"),
    ("        primaryKey: true\n", "", "the table has no primary key", "primaryKey: true"),
    ("        primaryKey: true\n        required: true\n", "        primaryKey: true\n", "key column 'order_id' may be null", "required"),
    ("primaryKey: true\n", "primaryKey: true\n        primaryKeyPosition: 2\n", "must count 1, 2", ""),
    ("minimum: 0, maximum: 9999.5", "minimum: 10, maximum: 9", "minimum 10 is above maximum 9", "swap"),
    ("maximum: 99}", "maximum: 99.5}", "maximum 99.5 is no integer", ""),
    ("maximum: 99}", "maximum: many}", "maximum 'many' is no integer", ""),
    ("maximum: 99}", "maxmum: 99}", "unknown key: 'maxmum'", "maximum, minimum"),
    ("maximum: 99}", "pattern: \"^[0-9]$\"}", "unknown key: 'pattern'", "maximum"),
    ('"2000-01-01T00:00:00Z"', '"2000-01-01"', "is no timestamp", "2013-07-04T12:00:00Z"),
    ('"2000-01-01T00:00:00Z"', '"2000-01-01T00:00:00.123456789Z"', "is no timestamp", "2013"),
    ("maxLength: 12", "maxLength: 0", "at least 1", ""),
    ('"^[A-Z]{2}[0-9]+$"', '"[A-Z]"', "must begin with ^ and end with $", "every backend"),
    ('"^[A-Z]{2}[0-9]+$"', "'^[A-Z]\\d$'", "position 7", "literals, classes"),
    ('["AB12"]', '["ab12"]', "the example 'ab12' breaks order_id.pattern", "mend"),
    ('["AB12"]', "[12]", "the example 12 is no string", ""),
    ("validValues: [open, paid]", "validValues: [open, open]", "a valid value stands twice", ""),
    ("validValues: [open, paid]", "validValues: [open, 1]", "validValues are texts", "quote"),
    ("validValues: [open, paid]", "values: [open]", "unknown key: 'values'", "validValues"),
    ("severity: warning", "severity: warn", "unknown severity: 'warn'", "error, warning"),
    ("metric: invalidValues", "metric: nullValues", "unknown metric of a column: 'nullValues'", "invalidValues"),
    ("metric: rowCount", "metric: rows", "unknown metric of a table: 'rows'", "rowCount"),
    ("mustBeGreaterOrEqualTo: 3", "mustBe: 3", "'mustBeGreaterOrEqualTo' is missing", ""),
    ("paid_usd <= amount_usd", "paid <= amount_usd", "no column 'paid'", "order_id, placed_at, amount_usd"),
    ("paid_usd <= amount_usd", "round(paid_usd) > 1", "the function round()", "common subset"),
    ("paid_usd <= amount_usd", "paid_usd <=", "it ends too early", "common subset"),
    ("paid_usd <= amount_usd", "status > 1", "a string differently", "common subset"),
    ("engine: mirrorlake", "engine: soda", "unknown engine: 'soda'", "mirrorlake"),
    ("name: paid_not_above_amount", "name: Paid", "the rule name 'Paid' is not lower snake case", ""),
    ("element: orders.placed_at", "element: orders.status", "unknown element: 'orders.status'", "orders.placed_at"),
    ("value: 2, unit: d,", "value: 2,", "freshness needs a number of hours or days", "unit: h"),
    ("property: freshness", "property: freshnes", "unknown service level: 'freshnes'", "freshness, frequency"),
    ("value: silver", "value: platinum", "unknown layer: 'platinum'", "silver, gold"),
    ("  - {property: layer, value: silver}\n", "", "'layer' is missing", "silver or gold"),
    ("  - {property: datasets, value: [shop/orders]}\n", "", "names the datasets that feed it", "source/dataset"),
    ("[shop/orders]", "[orders]", "'orders' is no dataset", "openmeteo/archive"),
    ("value: placed_at}\n", "value: changed_at}\n", "unknown column: 'changed_at'", "order_id, placed_at"),
    ("property: versionColumn", "property: versioncolumn", "unknown custom property: 'versioncolumn'", "versionColumn"),
    ("value: [shop/orders]}\n", "value: [shop/orders]}\n  - {property: windowDays, value: 1}\n", "windowDays belongs to gold", "remove"),
    ("value: [shop/orders]}\n", "value: [shop/orders]}\n  - {property: rejectionThreshold, value: 2}\n", "a share from 0 to 1", ""),
    ("value: [shop/orders]}\n", "value: [shop/orders]}\n  - {property: evolution, value: grow}\n", "unknown evolution: 'grow'", "discard_row"),
    ("value: [shop/orders]}\n", "value: [shop/orders]}\n  - {property: layer, value: gold}\n", "'layer' stands twice", ""),
    ("value: day", "value: week", "unknown granularity: 'week'", "day, month, year"),
    ("        required: true\n        partitioned: true\n", "        partitioned: true\n", "'placed_at' cannot partition", "required"),
    ("required: true\n        partitioned", "required: yes\n        partitioned", "must be a true or false, not 'yes'", ""),
    ("id: orders\n", "id: orders\nid: orders\n", "the key 'id' stands twice", "once"),
    ("id: orders\n", "id: [orders\n", "not readable as YAML", "mend"),
    ("        logicalType: integer\n", "        logicalType: integer\n        unique: true\n", "unknown key: 'unique'", "primaryKey"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "what", "fix"), FAULTS)
def test_an_error_names_file_line_and_choices(tmp_path: Path, old: str, new: str, what: str, fix: str) -> None:
    assert old in ORDERS
    path = write(tmp_path, ORDERS.replace(old, new, 1))
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    errors = getattr(caught.value, "errors", (caught.value,))
    found = [error for error in errors if what in error.what]
    assert found, str(caught.value)
    assert str(found[0].where).startswith(f"{path}:")
    assert fix in (found[0].fix or "")


def test_the_line_is_the_line_of_the_fault(tmp_path: Path) -> None:
    text = ORDERS.replace("logicalType: integer", "logicalType: int")
    path = write(tmp_path, text)
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert caught.value.where == f"{path}:{line_of(text, 'logicalType: int')}"


def test_the_line_of_a_custom_property_is_that_of_its_entry(tmp_path: Path) -> None:
    text = ORDERS.replace("value: placed_at}\n", "value: nothing}\n")
    path = write(tmp_path, text)
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    assert caught.value.where == f"{path}:{line_of(text, 'property: versionColumn')}"


def test_all_errors_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, ORDERS.replace("logicalType: integer", "logicalType: int").replace("name: status", "name: Status"))
    write(tmp_path, CUSTOMERS.replace("version: 1.0.0\n", ""), "customers")
    with pytest.raises(ManyContractsError) as caught:
        load_contracts(tmp_path)
    assert len(caught.value.errors) == 3
    assert "3 errors in contracts" in str(caught.value)
    assert str(caught.value).count("where:") == 3


REFERENCE = '        examples: ["AB12"]\n        relationships: [{type: foreignKey, to: %s}]\n'


@pytest.mark.parametrize(
    ("target", "what", "fix"),
    [
        ("clients.customer_id", "unknown table: 'clients'", "customers, orders"),
        ("customers.id", "unknown column of customers: 'id'", "customer_id, born_date"),
        ("customers.born_date", "born_date is not the key of customers", "customer_id"),
        ("customers", "'customers' is no reference", "table.column"),
    ],
)
def test_a_reference_that_points_nowhere_is_refused(tmp_path: Path, target: str, what: str, fix: str) -> None:
    text = ORDERS.replace('        examples: ["AB12"]\n', REFERENCE % target)
    path = write(tmp_path, text)
    write(tmp_path, CUSTOMERS, "customers")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert what in caught.value.what
    assert fix in str(caught.value.fix)
    assert caught.value.where == f"{path}:{line_of(text, 'relationships')}"


def test_references_between_layers_and_types_are_refused(tmp_path: Path) -> None:
    refers = ORDERS.replace('        examples: ["AB12"]\n', REFERENCE % "customers.customer_id")
    write(tmp_path, refers)
    write(
        tmp_path,
        CUSTOMERS.replace("silver", "gold").replace("  - {property: datasets, value: [shop/customers]}\n", ""),
        "customers",
    )
    with pytest.raises(ContractError, match=r"orders \(silver\) cannot refer to customers \(gold\)"):
        load_contracts(tmp_path)
    write(tmp_path, CUSTOMERS.replace("logicalType: string", "logicalType: integer"), "customers")
    with pytest.raises(ContractError, match="joins different types"):
        load_contracts(tmp_path)


def test_references_in_a_circle_are_refused(tmp_path: Path) -> None:
    write(tmp_path, ORDERS.replace('        examples: ["AB12"]\n', REFERENCE % "customers.customer_id"))
    back = "required: true, relationships: [{type: foreignKey, to: orders.order_id}]}"
    write(tmp_path, CUSTOMERS.replace("required: true}", back), "customers")
    with pytest.raises(ContractError, match="references form a circle: customers, orders"):
        load_contracts(tmp_path)


def test_a_composite_reference_is_read_from_the_table(tmp_path: Path) -> None:
    relation = "    relationships: [{from: [orders.order_id], to: [customers.customer_id]}]\n    properties:\n"
    write(tmp_path, ORDERS.replace("    properties:\n", relation))
    write(tmp_path, CUSTOMERS, "customers")
    assert load_contracts(tmp_path)["orders"].references == (Reference(("order_id",), "customers", ("customer_id",)),)
    write(tmp_path, ORDERS.replace("    properties:\n", relation.replace("orders.order_id", "orders.nothing")))
    with pytest.raises(ContractError, match=r"no column orders\.nothing here"):
        load_contracts(tmp_path)


def test_the_same_table_in_two_layers_is_refused_with_both_files(tmp_path: Path) -> None:
    first = write(tmp_path / "a", CUSTOMERS, "customers")
    second = write(tmp_path / "b", CUSTOMERS, "customers")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert "stands in two contracts" in caught.value.what
    assert str(first) in caught.value.what
    assert str(second) in str(caught.value.where)


def test_files_that_are_no_contract_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no contract found"):
        load_contracts(tmp_path)
    with pytest.raises(StorageError, match="cannot read the contract"):
        load_contract(tmp_path / "nothing.odcs.yaml")
    for text, what in [("", "the file is empty"), ("- a\n", "a mapping of keys"), ("a: \x00", "not readable")]:
        with pytest.raises(ContractError, match=what):
            load_contract(write(tmp_path, text))
    path = write(tmp_path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ContractError, match="not UTF-8"):
        load_contract(path)


def test_yaml_words_and_numbers_stay_what_they_look_like(tmp_path: Path) -> None:
    text = ORDERS.replace("[open, paid]", "[no, on, 'true', null]").replace("version: 1.2.0", "version: '010'")
    with pytest.raises(ContractError, match="validValues are texts"):
        load_contract(write(tmp_path, text))
    contract = load_contract(write(tmp_path, text.replace(", null]", "]")))
    assert contract.column("status").enum == ("no", "on", "true")
    assert contract.version == "010"


def test_the_digest_covers_meaning_only(tmp_path: Path) -> None:
    digest = load_contract(write(tmp_path)).digest
    assert len(digest) == 64
    for old, new in [
        ("What was paid.", "Other words."),
        ("Orders of a shop.", "Other words."),
        ("version: 1.2.0", "version: 1.2.1"),
        ("name: shop-data", "name: other-data"),
        ('["AB12"]', '["CD34"]'),
        ("id: orders\n", "# a comment\nid: orders\n"),
    ]:
        assert load_contract(write(tmp_path, ORDERS.replace(old, new))).digest == digest, old
    for old, new in [
        ("maximum: 99}", "maximum: 98}"),
        ("paid_usd <= amount_usd", "paid_usd < amount_usd"),
        ("DECIMAL(12,2)", "DECIMAL(12,3)"),
        ("severity: warning", "severity: error"),
        ("value: placed_at}", "value: lines}"),
    ]:
        assert load_contract(write(tmp_path, ORDERS.replace(old, new))).digest != digest, old


def test_severities_of_built_in_rules_can_be_lowered(tmp_path: Path) -> None:
    text = ORDERS.replace(
        "logicalTypeOptions: {maximum: 99}\n",
        "logicalTypeOptions: {maximum: 99}\n        customProperties: [{property: severities, value: {maximum: warning}}]\n",
    )
    rules = {rule.name: rule for rule in load_contract(write(tmp_path, text)).rules}
    assert rules["lines.maximum"].severity == "warn"
    for wrong, what in [
        ("{maximal: warning}", "unknown rule: 'maximal'"),
        ("{maximum: warn}", "unknown severity: 'warn'"),
    ]:
        with pytest.raises(ContractError, match=what):
            load_contract(write(tmp_path, text.replace("{maximum: warning}", wrong)))
