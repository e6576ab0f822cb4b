"""Tables of every database from the contract: types, keys, references, and checks from the rules that the gate has.

Names stay unquoted: contracts hold only lower snake case that no backend reserves. A timestamp is an instant, stored
with time zone; sessions speak UTC. Rules of severity ``warn`` are never constraints. Snowflake enforces NOT NULL only;
there keys and references are declared for readers and optimisers, and checks are left to the gate and to dbt. Postgres
would sort texts by the database's language; ``COLLATE "C"`` sorts them by code point, as the other two do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Literal

from lake import sql
from lake.contract import relations
from lake.contract.model import Column, Contract, Reference, Rule, RuleKind, Type
from lake.errors import UnknownChoiceError

Dialect = Literal["duckdb", "postgres", "snowflake"]
DIALECTS: tuple[Dialect, ...] = ("duckdb", "postgres", "snowflake")

_TYPES = {
    "duckdb": {"string": "VARCHAR", "float": "DOUBLE", "timestamp": "TIMESTAMPTZ"},
    "postgres": {"string": 'TEXT COLLATE "C"', "float": "DOUBLE PRECISION", "timestamp": "TIMESTAMPTZ"},
    "snowflake": {"string": "VARCHAR", "float": "DOUBLE", "timestamp": "TIMESTAMP_TZ(6)"},
}
_COMMON_TYPES = {"integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE"}


def parents_first(contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts so ordered that each table stands after those that it refers to."""
    return relations.parents_first(contracts)


def column_type(column: Column | Type, dialect: Dialect) -> str:
    """The type of a column, or of a bare type, in a dialect; Snowflake's texts carry their maximal length."""
    if dialect not in DIALECTS:
        raise UnknownChoiceError("dialect", dialect, DIALECTS)
    kind = column if isinstance(column, Type) else column.type
    if kind.kind == "decimal":
        return f"DECIMAL({kind.precision}, {kind.scale or 0})"
    if isinstance(column, Column) and column.max_length and dialect == "snowflake":
        return f"VARCHAR({column.max_length})"
    return _TYPES[dialect].get(kind.kind) or _COMMON_TYPES[kind.kind]


def check_condition(rule: Rule, contract: Contract, dialect: Dialect) -> str | None:
    """The condition that a row must not make false, as SQL; None where the rule is no check constraint.

    None are: rules of severity warn, ``required`` (that is NOT NULL), and kinds that a row alone cannot break.
    """
    return rule_condition(rule, contract, dialect) if rule.severity == "error" else None


def rule_condition(rule: Rule, contract: Contract, dialect: Dialect) -> str | None:
    """As ``check_condition``, of any severity: for who counts rows that break a rule."""
    if dialect not in DIALECTS:
        raise UnknownChoiceError("dialect", dialect, DIALECTS)
    name = rule.columns[0] if rule.columns else ""
    length = "char_length" if dialect == "postgres" else "length"
    written: dict[RuleKind, Callable[[], str | None]] = {
        "minimum": lambda: f"{name} >= {literal(rule.argument, dialect)}",
        "maximum": lambda: f"{name} <= {literal(rule.argument, dialect)}",
        "max_length": lambda: f"{length}({name}) <= {rule.argument}",
        "enum": lambda: _among(name, rule.argument, dialect),
        "pattern": lambda: _pattern(name, literal(rule.argument, dialect), dialect),
        "expression": lambda: rule.expression,
    }
    return written[rule.kind]() if rule.kind in written else None


def _among(name: str, choices: object, dialect: Dialect) -> str:
    assert isinstance(choices, tuple)
    return f"{name} IN ({', '.join(literal(choice, dialect) for choice in choices)})"


def _pattern(name: str, pattern: str, dialect: Dialect) -> str:
    if dialect == "postgres":
        return f"{name} ~ {pattern}"
    return f"{'regexp_full_match' if dialect == 'duckdb' else 'regexp_like'}({name}, {pattern})"


def literal(value: object, dialect: Dialect) -> str:
    """A bound, as ``Rule.argument`` holds it, written in SQL."""
    if isinstance(value, datetime):
        text = value.isoformat(sep=" ")
        return f"'{text}'::TIMESTAMP_TZ" if dialect == "snowflake" else f"TIMESTAMPTZ '{text}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, str):
        return sql.literal(value)
    return str(value)


def constraint_name(contract: Contract, rule: Rule) -> str:
    """The name of a rule's constraint, unique in its table: ``temperature_c.minimum`` is ``temperature_c__minimum``."""
    return rule.name.replace(".", "__")


def rule_of(contract: Contract, constraint: str) -> Rule | None:
    """The rule behind a constraint's name; None for keys, references and names of others."""
    return next((rule for rule in contract.rules if constraint_name(contract, rule) == constraint), None)


def foreign_key_name(reference: Reference) -> str:
    """The name of a reference's constraint, unique in its table."""
    return f"{reference.columns[0]}__reference"


def foreign_key(reference: Reference, schema: str) -> str:
    """The constraint of a reference; its target lies in the same schema."""
    own, other = ", ".join(reference.columns), ", ".join(reference.to_columns)
    return (
        f"CONSTRAINT {foreign_key_name(reference)} "
        f"FOREIGN KEY ({own}) REFERENCES {schema}.{reference.to_table} ({other})"
    )


def create_table(
    contract: Contract,
    dialect: Dialect,
    *,
    schema: str,
    constraints: bool = True,
    references: bool = True,
    if_not_exists: bool = False,
) -> str:
    """CREATE TABLE with the contract's columns, in its order; ``schema`` must exist.

    Without ``constraints`` it takes any row of these types (a landing table); without ``references`` the tables that
    it refers to need not exist yet.
    """
    lines = [_column(column, contract, dialect, constraints) for column in contract.columns]
    if constraints:
        lines.append(f"PRIMARY KEY ({', '.join(contract.primary_key)})")
        lines += checks(contract, dialect)
        lines += [foreign_key(reference, schema) for reference in contract.references if references]
    create = "CREATE TABLE IF NOT EXISTS" if if_not_exists else "CREATE TABLE"
    return f"{create} {schema}.{contract.table} (\n    " + ",\n    ".join(lines) + "\n)"


def _column(column: Column, contract: Contract, dialect: Dialect, constraints: bool) -> str:
    required = column.required and dict(column.severities).get("required", "error") == "error"
    null = " NOT NULL" if constraints and (required or column.name in contract.primary_key) else ""
    return f"{column.name} {column_type(column, dialect)}{null}"


def checks(contract: Contract, dialect: Dialect) -> list[str]:
    """The named check constraints, in the order of the rules; none in Snowflake, which has no such thing."""
    if dialect == "snowflake":
        return []
    return [
        f"CONSTRAINT {constraint_name(contract, rule)} CHECK ({condition})"
        for rule in contract.rules
        if (condition := check_condition(rule, contract, dialect)) is not None
    ]
