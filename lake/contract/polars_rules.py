"""A contract's rules as Polars expressions, straight from the tree of each expression.

The gate judges payloads in its own way; this is the plain reading for typed frames: samples are made with it, and
tests hold every judge against it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any

import polars as pl

from lake.contract.expressions import Tree, parse
from lake.contract.model import Contract, Rule

_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "and": operator.and_,
    "or": operator.or_,
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def tree_of(rule: Rule, contract: Contract) -> Tree:
    """The tree of an expression rule."""
    return parse(rule.expression or "", {column.name: column.type.kind for column in contract.columns}).tree


def expression(tree: Tree) -> pl.Expr:
    """A tree (see ``lake.contract.expressions``) as a Polars expression with SQL's three-valued logic."""
    kind, *parts = tree
    if kind in _BINARY:
        return pl.Expr._from_pyexpr(_BINARY[kind](expression(parts[0]), expression(parts[1]))._pyexpr)
    match kind:
        case "column":
            return pl.col(parts[0])
        case "number":
            return pl.lit(float(parts[0]) if "." in parts[0] else int(parts[0]))
        case "text" | "boolean":
            return pl.lit(parts[0])
        case "not":
            return ~expression(parts[0])
        case "negative":
            return -expression(parts[0])
        case "is_null":
            return expression(parts[0]).is_null()
        case "between":
            value, low, high = map(expression, parts)
            return (value >= low) & (value <= high)
    value = expression(parts[0])
    return reduce(operator.or_, (value == expression(choice) for choice in parts[1]))


def breaks(rule: Rule, contract: Contract) -> pl.Expr:
    """True where a row of a typed frame breaks the rule, false elsewhere, never null."""
    column = pl.col(rule.columns[0]) if rule.columns else pl.lit(None)
    argument: Any = float(rule.argument) if isinstance(rule.argument, Decimal) else rule.argument
    match rule.kind:
        case "required":
            return column.is_null()
        case "minimum":
            broken = column < pl.lit(argument)
        case "maximum":
            broken = column > pl.lit(argument)
        case "max_length":
            broken = column.str.len_chars() > argument
        case "enum":
            broken = ~column.is_in(list(argument))
        case "pattern":
            broken = ~column.str.contains(argument)
        case "expression":
            broken = ~expression(tree_of(rule, contract))
        case _:
            return pl.lit(False)
    return broken.fill_null(False)


def verdicts(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """One Boolean column per rule, named as the rule: true where the row breaks it."""
    return frame.select(breaks(rule, contract).alias(rule.name) for rule in contract.rules)


def broken_rules(contract: Contract, frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """For each row the names of the rules that it breaks, in the contract's order."""
    marks = verdicts(contract, frame)
    return [tuple(name for name, broken in zip(marks.columns, row, strict=True) if broken) for row in marks.iter_rows()]
