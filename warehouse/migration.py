"""The statements that bring a table from one contract to another, per dialect, for databases that are kept by hand.

What the platform fills itself needs none of them: DuckDB's staging is a fresh file each time, and the warehouse's raw
tables are made anew when their definition changes. ``schema`` is where the tables lie.
"""

from __future__ import annotations

from collections.abc import Iterator

from lake.contract.model import Column, Contract
from warehouse.ddl import (
    Dialect,
    check_condition,
    column_type,
    constraint_name,
    create_table,
    foreign_key,
    foreign_key_name,
)


def migration(old: Contract | None, new: Contract | None, dialect: Dialect, schema: str) -> list[str]:
    """The statements from ``old`` to ``new`` (None: no table there); none where nothing physical changes."""
    before = old if old and old.warehouse else None
    after = new if new and new.warehouse else None
    if before is None:
        return [create_table(after, dialect, schema=schema)] if after else []
    if after is None:
        return [f"DROP TABLE {schema}.{before.table}"]
    alter = f"ALTER TABLE {schema}.{after.table}"
    if dialect == "duckdb":
        # DuckDB alters no table that has constraints: the warehouse's raw tables carry none.
        return [f"{alter} {step}" for step in _columns(before, after, dialect, nulls=False)]
    dropped = [*_dropped_keys(before, after, dialect), *_dropped_checks(before, after, dialect)]
    added = [*_added_keys(before, after, dialect, schema), *_added_checks(before, after, dialect)]
    return [f"{alter} {step}" for step in (*dropped, *_columns(before, after, dialect, nulls=True), *added)]


def _columns(old: Contract, new: Contract, dialect: Dialect, *, nulls: bool) -> Iterator[str]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    for name in before:
        if name not in after:
            yield f"DROP COLUMN {name}"
    for name, column in after.items():
        if name not in before:
            yield f"ADD COLUMN {name} {column_type(column, dialect)}"
        elif column_type(before[name], dialect) != column_type(column, dialect):
            yield _retype(column, dialect)
        was_required = name in before and _required(old, before[name])
        if nulls and _required(new, column) != was_required:
            yield f"ALTER COLUMN {name} {'DROP' if was_required else 'SET'} NOT NULL"


def _retype(column: Column, dialect: Dialect) -> str:
    kind = column_type(column, dialect)
    using = f" USING {column.name}::{kind}" if dialect == "postgres" else ""
    return f"ALTER COLUMN {column.name} SET DATA TYPE {kind}{using}"


def _required(contract: Contract, column: Column) -> bool:
    enforced = column.required and dict(column.severities).get("required", "error") == "error"
    return enforced or column.name in contract.primary_key


def _dropped_keys(old: Contract, new: Contract, dialect: Dialect) -> Iterator[str]:
    for reference in old.references:
        if reference not in new.references:
            yield f"DROP CONSTRAINT {foreign_key_name(reference)}"
    if old.primary_key != new.primary_key:
        # Whatever refers to the old key goes with it, and comes back by that table's own migration.
        yield "DROP PRIMARY KEY" if dialect == "snowflake" else f"DROP CONSTRAINT {old.table}_pkey CASCADE"


def _added_keys(old: Contract, new: Contract, dialect: Dialect, schema: str) -> Iterator[str]:
    if old.primary_key != new.primary_key:
        yield f"ADD PRIMARY KEY ({', '.join(new.primary_key)})"
    for reference in new.references:
        if reference not in old.references:
            yield f"ADD {foreign_key(reference, schema)}"


def _checks(contract: Contract, dialect: Dialect) -> dict[str, str]:
    if dialect == "snowflake":
        return {}
    return {
        constraint_name(contract, rule): condition
        for rule in contract.rules
        if (condition := check_condition(rule, contract, dialect)) is not None
    }


def _dropped_checks(old: Contract, new: Contract, dialect: Dialect) -> Iterator[str]:
    after = _checks(new, dialect)
    for name, condition in _checks(old, dialect).items():
        if after.get(name) != condition:
            yield f"DROP CONSTRAINT {name}"


def _added_checks(old: Contract, new: Contract, dialect: Dialect) -> Iterator[str]:
    before = _checks(old, dialect)
    for name, condition in _checks(new, dialect).items():
        if before.get(name) != condition:
            yield f"ADD CONSTRAINT {name} CHECK ({condition})"
