"""Judging: each rule of a contract as a Polars expression that is true where a row breaks it, and one that says why.

Both read the gate's own frame: typed columns by their names, the raw ones as ``raw.<field>``. A rule is broken only
where its expression is true; null passes, as in SQL's CHECK. Part of the gate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from lake.contract.model import Column, Contract, Rule, RuleKind, Severity
from lake.contract.types import polars_schema, polars_type
from lake.errors import ContractError
from lake.gate.text import json_of
from lake.gate.types import RawColumn

SEPARATOR = "\x1f"
"""Stands between findings while they are one text; no rule's name and no reason has it."""
_LONGEST_VALUE = 120
_ASKED = {
    "string": "text without NUL characters",
    "integer": "a whole number of 64 bits",
    "float": "a finite number",
    "decimal": "a decimal number",
    "boolean": "true or false",
    "date": "a date YYYY-MM-DD",
    "timestamp": "a timestamp YYYY-MM-DDTHH:MM[:SS] with an offset or in UTC",
}


@dataclass(frozen=True)
class Check:
    """One rule on rows: ``broken`` is a Boolean expression, ``reason`` a String one that is never null."""

    rule: str
    severity: Severity
    broken: pl.Expr
    reason: pl.Expr


def rule_name(contract: Contract, kind: RuleKind, column: str | None = None) -> str:
    """What the contract calls its rule of that kind, or ``<column>.<kind>`` (``key``) where it lists none."""
    for rule in contract.rules:
        if rule.kind == kind and (column is None or rule.columns == (column,)):
            return rule.name
    return f"{column}.{kind}" if column else kind


def type_severity(column: Column, contract: Contract) -> Severity:
    """``warn`` where a value of the wrong type is nulled and counted, ``error`` where its row is rejected."""
    if contract.evolution == "discard_value":
        return "warn"
    return dict(column.severities).get("type", "error")


def type_check(column: Column, contract: Contract, raw: RawColumn) -> Check:
    """A value that is there and cannot be taken."""
    broken = raw.expression.is_not_null() & pl.col(column.name).is_null()
    reason = pl.format("{}: {} is not {}", pl.lit(column.name), _raw_value(raw), pl.lit(_asked(column)))
    return Check(rule_name(contract, "type", column.name), type_severity(column, contract), broken, reason)


def rule_checks(contract: Contract, missing: Mapping[str, pl.Expr]) -> list[Check]:
    """Every rule of the contract on typed values; type and key are judged elsewhere.

    ``missing`` says per column where its value is missing: a null made by a type fault is not also a missing value.
    Columns of the primary key are required, whether the contract says so or not.
    """
    rules = [rule for rule in contract.rules if rule.kind not in ("type", "key")]
    named = {rule.columns for rule in rules if rule.kind == "required"}
    keys = [name for name in contract.primary_key if (name,) not in named]
    rules += [Rule(rule_name(contract, "required", name), "required", (name,)) for name in keys]
    return [_BUILDERS.get(rule.kind, _expression)(rule, contract, missing) for rule in rules]


def unknown_check(raw: RawColumn, severity: Severity) -> Check:
    """A value in a field that the contract does not know."""
    reason = pl.format("unknown column {}: {}", pl.lit(repr(raw.field)), _raw_value(raw))
    name = raw.field if raw.field.isprintable() else repr(raw.field)[1:-1]
    return Check(f"{name}.unknown", severity, raw.expression.is_not_null(), reason)


def key_check(contract: Contract) -> Check:
    """The rule that a key stands once in a load; ``broken`` is the column ``doubled`` that the gate adds."""
    names = list(contract.primary_key)
    parts = [pl.format("{}={}", pl.lit(name), _value(contract.column(name))) for name in names]
    reason = pl.format("the key {} stands more than once in this load", pl.concat_str(parts, separator=", "))
    severity: Severity = "error" if contract.on_duplicate == "reject" else "warn"
    return Check(rule_name(contract, "key"), severity, pl.col("gate.doubled"), reason)


def violations(checks: Sequence[Check]) -> pl.Expr:
    """True where any of the checks is broken, else false, never null."""
    return pl.any_horizontal([check.broken for check in checks] or [pl.lit(False)]).fill_null(False)


def _asked(column: Column) -> str:
    kind = column.type
    if kind.kind == "decimal":
        return f"a decimal number of {kind.precision or 38} digits, {kind.scale or 0} of them decimals"
    return _ASKED[kind.kind]


def _raw_value(raw: RawColumn) -> pl.Expr:
    text = json_of(raw.name, raw.dtype, mixed=raw.mixed)
    return _shown(text.str.replace_all(SEPARATOR, " ", literal=True) if raw.mixed else text)


def _shown(text: pl.Expr) -> pl.Expr:
    short = text.str.head(_LONGEST_VALUE) + "..."
    return pl.when(text.str.len_chars() > _LONGEST_VALUE).then(short).otherwise(text)


def _value(column: Column) -> pl.Expr:
    """The typed value as a reader expects it; ``null`` where there is none."""
    if column.type.kind == "timestamp":
        return pl.col(column.name).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ").fill_null("null")
    return _shown(json_of(column.name, polars_type(column.type)))


def _required(rule: Rule, contract: Contract, missing: Mapping[str, pl.Expr]) -> Check:
    (name,) = rule.columns
    severity: Severity = "error" if name in contract.primary_key else rule.severity
    return Check(rule.name, severity, missing[name], pl.lit(f"{name}: a value is required"))


def _one_column(words: str, broken: Callable[[pl.Expr, Any], pl.Expr], attribute: str) -> Callable[..., Check]:
    """A rule that compares a column with the rule's argument (or, where it has none, the column's attribute)."""

    def build(rule: Rule, contract: Contract, missing: Mapping[str, pl.Expr]) -> Check:
        column = contract.column(rule.columns[0])
        argument = getattr(column, attribute) if rule.argument is None else rule.argument
        wanted = _arguments(column, argument) if attribute in ("minimum", "maximum", "enum") else argument
        shown = pl.lit(_shown_argument(argument))
        reason = pl.format("{}: {} {} {}", pl.lit(column.name), _value(column), pl.lit(words), shown)
        return Check(rule.name, rule.severity, broken(pl.col(column.name), wanted), reason)

    return build


def _expression(rule: Rule, contract: Contract, missing: Mapping[str, pl.Expr]) -> Check:
    text = rule.expression or str(rule.argument)
    try:
        broken = ~pl.sql_expr(text)
        empty = pl.DataFrame(schema=polars_schema(contract))
        found = empty.select(broken.alias("gate.broken")).schema["gate.broken"]
    except pl.exceptions.PolarsError as error:
        what = f"rule {rule.name}: the expression {text!r} cannot be read: {str(error).splitlines()[0]}"
        raise ContractError(what, where=contract.path or contract.table) from error
    if found != pl.Boolean:
        raise ContractError(f"rule {rule.name}: {text!r} gives {found}, not true or false", where=contract.path)
    columns = [contract.column(name) for name in rule.columns]
    values = [pl.format("{}={}", pl.lit(column.name), _value(column)) for column in columns] or [pl.lit("this row")]
    reason = pl.format("{} does not hold for {}", pl.lit(text), pl.concat_str(values, separator=", "))
    return Check(rule.name, rule.severity, broken, reason)


def _shown_argument(argument: object) -> str:
    if isinstance(argument, list | tuple):
        return ", ".join(map(str, argument))
    return argument.isoformat().replace("+00:00", "Z") if isinstance(argument, datetime) else str(argument)


def _arguments(column: Column, argument: object) -> object:
    if isinstance(argument, list | tuple):
        return [_argument(column, one) for one in argument]
    return _argument(column, argument)


def _argument(column: Column, argument: object) -> object:
    """A bound in the column's own type, so that Polars compares exactly and not by way of floats."""
    kind = column.type.kind
    if kind == "date" and isinstance(argument, str):
        return date.fromisoformat(argument)
    if kind == "timestamp" and isinstance(argument, str):
        moment = datetime.fromisoformat(argument)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if kind == "integer" and isinstance(argument, str | float) and float(argument).is_integer():
        return int(float(argument))
    if kind == "decimal":
        return Decimal(str(argument))
    return argument


_BUILDERS: dict[str, Callable[..., Check]] = {
    "required": _required,
    "minimum": _one_column("is below the minimum", lambda value, bound: value < bound, "minimum"),
    "maximum": _one_column("is above the maximum", lambda value, bound: value > bound, "maximum"),
    "max_length": _one_column("is longer than", lambda value, most: value.str.len_chars() > most, "max_length"),
    "enum": _one_column("is not one of", lambda value, known: ~value.is_in(known), "enum"),
    "pattern": _one_column("does not match", lambda value, form: ~value.str.contains(form), "pattern"),
}
