"""A table's checks over columns, its volume, and its service levels: the parts of a contract that promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lake.contract.document import Section
from lake.contract.expressions import parse
from lake.contract.model import Column, Freshness, Rule
from lake.contract.vocabulary import CHECK_KEYS, MAX_NAME_LENGTH, NAME, SERVICE_LEVELS, SEVERITIES
from lake.errors import ContractError

_HOURS = {"h": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0, "days": 24.0}


def read_checks(schema: Section, columns: Sequence[Column]) -> tuple[list[Rule], int | None]:
    """The expression rules of a table, and the least number of its rows."""
    kinds = {column.name: column.type.kind for column in columns}
    rules: list[Rule] = []
    min_rows: int | None = None
    for check in schema.sections("quality"):
        check.allow(CHECK_KEYS, ("mustBeGreaterOrEqualTo",))
        if check.choose("type", "type of check", ("custom", "library"), "library") == "library":
            check.choose("metric", "metric of a table", ("rowCount",), "rowCount")
            min_rows = check.get("mustBeGreaterOrEqualTo", "whole number", required=True)
            continue
        check.choose("engine", "engine", ("mirrorlake",), "mirrorlake")
        if rule := _expression_rule(check, kinds):
            if any(rule.name == other.name for other in rules):
                check.fault("name", f"the rule {rule.name!r} stands twice", "name each rule once")
            rules.append(rule)
    return rules, min_rows


def _expression_rule(check: Section, kinds: dict[str, Any]) -> Rule | None:
    name = check.text("name", required=True)
    if name and (not NAME.match(name) or len(name) > MAX_NAME_LENGTH):
        check.fault("name", f"the rule name {name!r} is not lower snake case of at most {MAX_NAME_LENGTH} characters")
    severity = SEVERITIES[check.choose("severity", "severity", SEVERITIES, "error")]
    text = check.text("implementation", required=True)
    try:
        expression = parse(text, kinds) if text else None
    except ContractError as error:
        check.fault("implementation", error.what, error.fix)
        return None
    if expression is None:
        return None
    return Rule(
        name,
        "expression",
        expression.columns,
        severity,
        expression=expression.text,
        description=check.text("description"),
    )


def read_service_levels(
    document: Section, table: str, columns: Sequence[Column]
) -> tuple[tuple[tuple[str, str], ...], Freshness | None]:
    """The service levels as ``(name, value with unit)``, and what they say of freshness."""
    levels: list[tuple[str, str]] = []
    column: str | None = None
    hours: dict[str, float] = {}
    for level in document.sections("slaProperties"):
        level.allow(("property", "value", "unit", "element", "description", "driver", "id"))
        name = level.choose("property", "service level", SERVICE_LEVELS, "")
        value, unit = level.get("value", "value", required=True), level.text("unit")
        levels.append((name, f"{value} {unit}".strip()))
        if name in ("freshness", "latency"):
            if unit not in _HOURS or not isinstance(value, int | float):
                level.fault("unit", f"{name} needs a number of hours or days", "write value: 48, unit: h")
            else:
                hours[name] = value * _HOURS[unit]
        if name == "freshness":
            column = _freshness_column(level, table, columns)
    if not hours:
        return tuple(levels), None
    return tuple(levels), Freshness(column, hours.get("freshness"), hours.get("latency"))


def _freshness_column(level: Section, table: str, columns: Sequence[Column]) -> str | None:
    known = [f"{table}.{column.name}" for column in columns if column.type.kind in ("date", "timestamp")]
    element = level.text("element", required=True)
    if element and element not in known:
        level.problems.choice((*level.where, "element"), "element", element, known)
    return element.partition(".")[2] or None
