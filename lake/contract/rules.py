"""The rules on rows that follow from the columns, in the one order that every judge keeps."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from lake.contract.model import Column, Rule, RuleKind
from lake.contract.patterns import matches
from lake.contract.values import parse_value

_GROUPS: tuple[tuple[RuleKind, ...], ...] = (
    ("required",),
    ("minimum", "maximum"),
    ("max_length",),
    ("enum",),
    ("pattern",),
)


def column_rules(columns: Sequence[Column]) -> tuple[Rule, ...]:
    """Rules of columns: required, then minimum and maximum, max_length, enum, pattern; each in the columns' order."""
    return tuple(
        _rule(column, kind, argument)
        for group in _GROUPS
        for column in columns
        for kind in group
        if (argument := _argument(column, kind)) is not None
    )


def _argument(column: Column, kind: RuleKind) -> Any:
    """What the rule of that kind compares with; None where the column has no such rule."""
    if kind == "required":
        return True if column.required else None
    value = getattr(column, kind)
    if kind in ("minimum", "maximum") and value is not None:
        try:
            return parse_value(column.type.kind, value)
        except ValueError:  # noted when the column was read
            return None
    return value if value != () else None


def _rule(column: Column, kind: RuleKind, argument: Any) -> Rule:
    severity = dict(column.severities).get(kind, "error")
    return Rule(name=f"{column.name}.{kind}", kind=kind, columns=(column.name,), severity=severity, argument=argument)


_BROKEN: dict[RuleKind, Callable[[Any, Any], bool]] = {
    "minimum": operator.lt,
    "maximum": operator.gt,
    "max_length": lambda value, length: len(value) > length,
    "enum": lambda value, choices: value not in choices,
    "pattern": lambda value, pattern: not matches(pattern, value),
}


def breaks(column: Column, value: Any) -> str:
    """The name of the first rule of the column that a typed value breaks, or nothing. Null breaks only ``required``."""
    for rule in column_rules([column]):
        if rule.kind == "required":
            broken = value is None
        else:
            broken = value is not None and _BROKEN[rule.kind](value, rule.argument)
        if broken:
            return rule.name
    return ""
