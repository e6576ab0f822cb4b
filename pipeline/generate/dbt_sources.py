"""dbt's source definitions from the contracts: one file per domain, every rule as a test of its own kind.

All these tests carry the tag ``contract``. ``test_name`` tells which one judges a rule, so that judges can be compared.
"""

from __future__ import annotations

from typing import Any

import yaml

from lake.contract.model import Column, Contract, Contracts, Rule
from lake.contract.relations import parents_first
from pipeline.generate import COMMAND

SOURCE = "raw"
TAG = "contract"
FRESHNESS_TAG = "freshness"
LOAD_HOURS = 48  # `dbt source freshness` warns after these where the contract states no latency


def dbt_sources(contracts: Contracts) -> dict[str, str]:
    """The text of ``_<domain>__sources.yml`` of every domain that has tables in the warehouse, by path."""
    domains: dict[str, list[Contract]] = {}
    for contract in parents_first(contract for contract in contracts.values() if contract.warehouse):
        domains.setdefault(contract.domain, []).append(contract)
    return {
        f"dbt/models/staging/{domain}/_{domain}__sources.yml": _file(tables)
        for domain, tables in sorted(domains.items())
    }


def test_name(contract: Contract, rule: Rule | str) -> str:
    """The name of the dbt test that judges a rule; a minimum and a maximum share one. ``key`` is the key's own."""
    name = rule if isinstance(rule, str) else rule.name
    for bound in (".minimum", ".maximum"):
        name = name.replace(bound, ".range")
    return f"{TAG}__{contract.table}__{name.replace('.', '__')}"


def _file(tables: list[Contract]) -> str:
    source = {
        "name": SOURCE,
        "schema": SOURCE,
        "description": "What the load step brings from gold's snapshot, by key.",
        "tables": [_table(contract) for contract in tables],
    }
    text = yaml.safe_dump(
        {"version": 2, "sources": [source]}, sort_keys=False, width=116, allow_unicode=True, default_flow_style=False
    )
    return f"# Generated from the contracts by `{COMMAND}`; do not edit.\n{text}"


def _table(contract: Contract) -> dict[str, Any]:
    tests = [_test(contract, rule, "expression_is_true", expression=rule.expression) for rule in _expressions(contract)]
    if len(contract.primary_key) > 1:
        tests.insert(0, _test(contract, "key", "unique_combination", columns=list(contract.primary_key)))
    meta = {"grain": contract.grain, "owner": contract.owner, "contract_version": contract.version}
    return {
        "name": contract.table,
        "description": " ".join(filter(None, (contract.description, contract.limitations))),
        "config": {"meta": meta, **_load_freshness(contract)},
        **({"data_tests": tests} if tests else {}),
        "columns": [_column(contract, column) for column in contract.columns],
    }


def _load_freshness(contract: Contract) -> dict[str, Any]:
    """How old a table's newest load may be, by the load's own history, for `dbt source freshness`."""
    hours = int((contract.freshness and contract.freshness.load_hours) or LOAD_HOURS)
    history = f"{{{{ target.database }}}}.{SOURCE}._load_history"
    newest = f"select max(loaded_at) from {history} where table_name = '{contract.table}'"  # noqa: S608
    return {"freshness": {"warn_after": {"count": hours, "period": "hour"}}, "loaded_at_query": newest}


def _expressions(contract: Contract) -> list[Rule]:
    return [rule for rule in contract.rules if rule.kind == "expression"]


def _column(contract: Contract, column: Column) -> dict[str, Any]:
    tests = _column_tests(contract, column)
    return {
        "name": column.name,
        "description": column.description,
        **({"config": {"meta": {"unit": column.unit}}} if column.unit else {}),
        **({"data_tests": tests} if tests else {}),
    }


def _column_tests(contract: Contract, column: Column) -> list[dict[str, Any]]:
    rules = [rule for rule in contract.rules if rule.kind != "expression" and rule.columns == (column.name,)]
    tests: list[dict[str, Any]] = []
    for rule in rules:
        match rule.kind:
            case "required":
                tests.append(_test(contract, rule, "not_null"))
            case "minimum" | "maximum":
                _add_bound(tests, contract, rule)
            case "max_length":
                condition = f"length({column.name}) <= {rule.argument}"
                tests.append(_test(contract, rule, "expression_is_true", expression=condition))
            case "enum":
                tests.append(_test(contract, rule, "accepted_values", values=list(column.enum)))
            case "pattern":
                tests.append(_test(contract, rule, "matches_pattern", pattern=rule.argument))
    if contract.primary_key == (column.name,):
        tests.append(_test(contract, "key", "unique"))
    for reference in contract.references:
        if reference.columns == (column.name,):
            to = f"source('{SOURCE}', '{reference.to_table}')"
            name = f"{column.name}.reference"
            tests.append(_test(contract, name, "relationships", to=to, field=reference.to_columns[0]))
    freshness = contract.freshness
    if freshness and freshness.column == column.name and freshness.data_hours:
        hours = int(freshness.data_hours)
        test = _test(contract, f"{column.name}.freshness", "fresh_on_run_date", hours=hours)
        test["fresh_on_run_date"]["config"]["tags"] = [FRESHNESS_TAG]  # no rule on rows, which are judged before dbt
        tests.append(test)
    return tests


def _add_bound(tests: list[dict[str, Any]], contract: Contract, rule: Rule) -> None:
    """Add a bound to the range test of its column; bounds of different severity are tests of their own."""
    key = "min_value" if rule.kind == "minimum" else "max_value"
    for test in tests:
        given = test.get("accepted_range")
        if given and given["config"].get("severity", "error") == rule.severity:
            given["arguments"][key] = _bound(rule.argument)
            return
    test = _test(contract, rule, "accepted_range", **{key: _bound(rule.argument)})
    if any("accepted_range" in other for other in tests):
        test["accepted_range"]["name"] += f"_{rule.severity}"
    tests.append(test)


def _bound(value: object) -> object:
    """A bound as dbt writes it into SQL of either warehouse."""
    if isinstance(value, int | float):
        return value
    text = str(value).removesuffix("+00:00")
    return f"cast('{text}' as {'timestamp' if ':' in text else 'date'})" if "-" in text[1:] else text


def _test(contract: Contract, rule: Rule | str, kind: str, **arguments: Any) -> dict[str, Any]:
    config: dict[str, Any] = {"tags": [TAG]}
    if isinstance(rule, Rule) and rule.severity == "warn":
        config["severity"] = "warn"
    return {
        kind: {
            "name": test_name(contract, rule),
            **({"description": rule.description} if isinstance(rule, Rule) and rule.description else {}),
            **({"arguments": arguments} if arguments else {}),
            "config": config,
        }
    }
