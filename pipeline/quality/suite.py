"""From a contract to Great Expectations: one expectation a rule, so that both judges read the same page.

Rows that Great Expectations cannot see by itself (an SQL expression over several columns) reach it as a boolean column
that DuckDB computes from the very expression in the contract; ``helper_columns`` says which.
"""

from __future__ import annotations

from typing import Any

from lake.contract.model import Contract, Rule


def helper_name(rule: Rule) -> str:
    """The boolean column that stands for an expression rule."""
    return f"_holds_{rule.name}"


def helper_columns(contract: Contract) -> dict[str, str]:
    """Helper column to SQL: true where the rule holds, and where it is null (as in SQL's CHECK)."""
    return {
        helper_name(rule): f"coalesce(({rule.expression}), true)"
        for rule in contract.rules
        if rule.kind == "expression"
    }


def expectations(contract: Contract) -> list[Any]:
    """The suite of one contract: its rules, its key, its columns and its volume."""
    gxe = expectation_classes()
    built: list[Any] = [_of_rule(rule) for rule in contract.rules if rule.kind not in ("type", "key")]
    built.append(_key(contract))
    built += [
        gxe.ExpectColumnToExist(column=column.name, meta=meta_of(f"{column.name}.exists", "error"))
        for column in contract.columns
    ]
    if contract.min_rows:
        volume: dict[str, Any] = {"min_value": contract.min_rows, "meta": meta_of("volume", "error")}
        built.append(gxe.ExpectTableRowCountToBeBetween(**volume))
    return built


def expectation_classes() -> Any:
    """The expectations' classes, which their module exports by a name that type checkers do not see."""
    from great_expectations import expectations

    return expectations


def meta_of(rule: str, severity: str) -> dict[str, str]:
    """What an expectation carries through Great Expectations: the name of its rule, and how much its failure weighs."""
    return {"rule": rule, "severity": severity}


def _whole(pattern: object) -> str:
    """A contract's pattern (``^...$``) for Python, whose ``$`` would also stop before a last line break."""
    return str(pattern).removesuffix("$") + r"\Z"


def _of_rule(rule: Rule) -> Any:
    gxe = expectation_classes()
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "required": (gxe.ExpectColumnValuesToNotBeNull, {}),
        "minimum": (gxe.ExpectColumnValuesToBeBetween, {"min_value": rule.argument}),
        "maximum": (gxe.ExpectColumnValuesToBeBetween, {"max_value": rule.argument}),
        "max_length": (gxe.ExpectColumnValueLengthsToBeBetween, {"max_value": rule.argument}),
        "enum": (gxe.ExpectColumnValuesToBeInSet, {"value_set": rule.argument}),
        "pattern": (gxe.ExpectColumnValuesToMatchRegex, {"regex": _whole(rule.argument)}),
        "expression": (gxe.ExpectColumnValuesToBeInSet, {"value_set": [True]}),
    }
    kind, arguments = kinds[rule.kind]
    column = helper_name(rule) if rule.kind == "expression" else rule.columns[0]
    return kind(column=column, meta=meta_of(rule.name, rule.severity), **arguments)


def _key(contract: Contract) -> Any:
    gxe = expectation_classes()
    meta = meta_of("key", "error")
    if len(contract.primary_key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=contract.primary_key[0], meta=meta)
    return gxe.ExpectCompoundColumnsToBeUnique(
        column_list=list(contract.primary_key), ignore_row_if="any_value_is_missing", meta=meta
    )
