"""The two SQL files for a Postgres that people set up by hand or read: tables with keys and checks, then the star."""

from __future__ import annotations

from collections.abc import Iterator

from lake.contract.model import Contract, Contracts, Reference
from pipeline.generate import COMMAND
from warehouse.backends.base import SCHEMA
from warehouse.ddl import create_table, foreign_key, foreign_key_name, literal, parents_first

_HEAD = "-- Generated from the contracts by `{command}`; do not edit. Safe to run again.\n-- {what}\n"


def create_tables(contracts: Contracts) -> str:
    """01: the schema and the tables that go to the warehouse, with keys and checks but without references."""
    what = "Tables with primary keys, NOT NULL and the checks that the gate makes too. Timestamps are instants, in UTC."
    statements = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};"]
    statements += [
        create_table(contract, "postgres", schema=SCHEMA, references=False, if_not_exists=True) + ";"
        for contract in _tables(contracts)
    ]
    return _HEAD.format(command=COMMAND, what=what) + "\n" + "\n\n".join(statements) + "\n"


def star_schema(contracts: Contracts) -> str:
    """02: what makes the tables a star: references, indexes on them, and comments."""
    what = "Foreign keys from facts to dimensions, indexes for the joins, and comments."
    parts = [statement for contract in _tables(contracts) for statement in _star(contract)]
    return _HEAD.format(command=COMMAND, what=what) + "\n" + "\n\n".join(parts) + "\n"


def _tables(contracts: Contracts) -> list[Contract]:
    return parents_first(contract for contract in contracts.values() if contract.warehouse)


def _star(contract: Contract) -> Iterator[str]:
    table = f"{SCHEMA}.{contract.table}"
    for reference in contract.references:
        name = foreign_key_name(reference)
        yield (f"ALTER TABLE {table}\n    DROP CONSTRAINT IF EXISTS {name},\n    ADD {foreign_key(reference, SCHEMA)};")
        if not _indexed_by_key(contract, reference):
            index = f"{contract.table}__{reference.columns[0]}"
            yield f"CREATE INDEX IF NOT EXISTS {index} ON {table} ({', '.join(reference.columns)});"
    comments = [f"COMMENT ON TABLE {table} IS {literal(contract.description, 'postgres')};"]
    for column in contract.columns:
        unit = f" Unit: {column.unit}." if column.unit else ""
        text = literal(column.description + unit, "postgres")
        comments.append(f"COMMENT ON COLUMN {table}.{column.name} IS {text};")
    yield "\n".join(comments)


def _indexed_by_key(contract: Contract, reference: Reference) -> bool:
    """Whether the primary key's index begins with the reference's columns."""
    return contract.primary_key[: len(reference.columns)] == reference.columns
