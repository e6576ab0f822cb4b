"""Which rows a staging database refused, and why: its own word on the constraint, and example rows from the batch.

The database judges; it says little of what it met (DuckDB names neither constraint nor row). So the same conditions
are asked of the offending batch by query, where it lies, and values of sensitive columns are masked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lake.contract.model import Contract, Reference
from lake.errors import IntegrityError
from warehouse.batch import Batch, select
from warehouse.ddl import check_condition, constraint_name, foreign_key_name
from warehouse.duck import memory, quoted

if TYPE_CHECKING:
    import duckdb

MASK = "****"
EXAMPLES = 3


@dataclass(frozen=True)
class Violation:
    """One broken constraint of one table: how many rows, and the first of them as ``column=value`` texts."""

    table: str
    constraint: str
    rows: int
    examples: tuple[str, ...]

    def __str__(self) -> str:
        shown = "; ".join(self.examples)
        return f"{self.table}: {self.constraint}: {self.rows} row{'s' * (self.rows != 1)}, such as {shown}"


def refused(batches: Sequence[Batch], contract: Contract, said: str, *, where: str) -> IntegrityError:
    """The error for a database that refused rows of ``contract``'s table; ``said`` are its own words."""
    found = violations(batches, contract)
    if found:
        words = "".join(f"\n    {violation}" for violation in found)
    else:
        sensitive = any(column.sensitive for column in contract.columns)
        words = f"\n    {contract.table}: {said.splitlines()[0] if not sensitive else 'a constraint'}"
    return IntegrityError(
        f"staging refused rows, so nothing was loaded:{words}",
        where=where,
        fix=f"look at the rows by `mirrorlake show {contract.table}`; mend the transformation, the source or the "
        f"contract {contract.path or contract.table}; staging keeps what it had",
    )


def violations(batches: Sequence[Batch], contract: Contract) -> list[Violation]:
    """Every constraint that the batch of ``contract`` breaks, in the order of its definition."""
    with memory() as connection:
        for batch in batches:
            rows = select(connection, batch)
            connection.execute(f"CREATE TEMP VIEW {quoted(batch.contract.table)} AS {rows}")
        found = [_look(connection, contract, *condition) for condition in _conditions(contract)]
    return [violation for violation in found if violation]


def _conditions(contract: Contract) -> Iterator[tuple[str, str, Sequence[str]]]:
    """``(constraint, condition on a row t that breaks it, columns to show)``."""
    key = contract.primary_key
    required = dict.fromkeys([*key, *(column.name for column in contract.columns if column.required)])
    for name in required:
        yield f"{name} not null", f"t.{quoted(name)} IS NULL", [name]
    if key:
        yield f"primary key ({', '.join(key)})", _doubled(contract.table, key), key
    for reference in contract.references:
        target = f"{reference.to_table} ({', '.join(reference.to_columns)})"
        yield f"{foreign_key_name(reference)} to {target}", _orphan(reference), reference.columns
    for rule in contract.rules:
        condition = check_condition(rule, contract, "duckdb")
        if condition is not None:
            yield f"check {constraint_name(contract, rule)} ({condition})", f"NOT ({condition})", rule.columns


def _doubled(table: str, key: Sequence[str]) -> str:
    same = " AND ".join(f"o.{quoted(name)} = t.{quoted(name)}" for name in key)
    return f"(SELECT count(*) FROM {quoted(table)} o WHERE {same}) > 1"


def _orphan(reference: Reference) -> str:
    pairs = zip(reference.columns, reference.to_columns, strict=True)
    joined = " AND ".join(f"p.{quoted(theirs)} = t.{quoted(ours)}" for ours, theirs in pairs)
    given = " AND ".join(f"t.{quoted(name)} IS NOT NULL" for name in reference.columns)
    return f"{given} AND NOT EXISTS (SELECT 1 FROM {quoted(reference.to_table)} p WHERE {joined})"


def _look(
    connection: duckdb.DuckDBPyConnection, contract: Contract, constraint: str, condition: str, columns: Sequence[str]
) -> Violation | None:
    broken = f"FROM {quoted(contract.table)} AS t WHERE {condition}"
    row = connection.execute(f"SELECT count(*) {broken}").fetchone()
    if row is None or not row[0]:
        return None
    shown = list(dict.fromkeys([*contract.primary_key, *columns]))
    order = ", ".join(f"{quoted(name)} NULLS LAST" for name in contract.primary_key)
    listed = ", ".join(f"{quoted(name)}::VARCHAR" for name in shown)
    rows = connection.execute(f"SELECT {listed} {broken} ORDER BY {order} LIMIT {EXAMPLES}").fetchall()
    examples = tuple(
        ", ".join(f"{name}={_masked(contract, name, value)}" for name, value in zip(shown, values, strict=True))
        for values in rows
    )
    return Violation(contract.table, constraint, int(row[0]), examples)


def _masked(contract: Contract, name: str, value: str | None) -> str:
    if value is None:
        return "null"
    return MASK if contract.column(name).sensitive else value
