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

_BINARY: dict[str, Callable[[Any, Any], pl.Expr]] = {
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
        return _BINARY[kind](expression(parts[0]), expression(parts[1]))
    return _OTHER[kind](*parts)


def _between(value: Tree, low: Tree, high: Tree) -> pl.Expr:
    return (expression(value) >= expression(low)) & (expression(value) <= expression(high))


def _among(value: Tree, choices: tuple[Tree, ...]) -> pl.Expr:
    return reduce(operator.or_, (expression(value) == expression(choice) for choice in choices))


_OTHER: dict[str, Callable[..., pl.Expr]] = {
    "column": pl.col,
    "number": lambda text: pl.lit(float(text) if "." in text else int(text)),
    "text": pl.lit,
    "boolean": pl.lit,
    "not": lambda tree: ~expression(tree),
    "negative": lambda tree: -expression(tree),
    "is_null": lambda tree: expression(tree).is_null(),
    "between": _between,
    "in": _among,
}


def breaks(rule: Rule, contract: Contract) -> pl.Expr:
    """True where a row of a typed frame breaks the rule, false elsewhere, never null."""
    column = pl.col(rule.columns[0]) if rule.columns else pl.lit(None)
    argument: Any = float(rule.argument) if isinstance(rule.argument, Decimal) else rule.argument
    broken: dict[str, Callable[[], pl.Expr]] = {
        "required": column.is_null,
        "minimum": lambda: column < pl.lit(argument),
        "maximum": lambda: column > pl.lit(argument),
        "max_length": lambda: column.str.len_chars() > argument,
        "enum": lambda: ~column.is_in(list(argument)),
        "pattern": lambda: ~column.str.contains(argument),
        "expression": lambda: ~expression(tree_of(rule, contract)),
    }
    return broken[rule.kind]().fill_null(False)


def verdicts(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """One Boolean column per rule, named as the rule: true where the row breaks it."""
    return frame.select(breaks(rule, contract).alias(rule.name) for rule in contract.rules)


def broken_rules(contract: Contract, frame: pl.DataFrame) -> list[tuple[str, ...]]:
    """For each row the names of the rules that it breaks, in the contract's order."""
    marks = verdicts(contract, frame)
    return [tuple(name for name, broken in zip(marks.columns, row, strict=True) if broken) for row in marks.iter_rows()]
