"""Two of the SQL files for Snowflake, as a load runs them, for people to read and for CI to parse.

They are made by the functions that a load calls (``warehouse.snowflake_sql``). ``${database}`` and, in comments, what
a load fills in otherwise is said where it stands.
"""

from __future__ import annotations

from lake import layout
from lake.contract.model import Contract, Contracts
from pipeline.generate import COMMAND
from warehouse import snowflake_sql as sql
from warehouse.ddl import parents_first

DATABASE = "${database}"
_HEAD = """-- Generated from the contracts by `{command}`; do not edit.
-- {what}
"""
_COPY = """What a load runs, per table that has changed since the last one. Definitions first, since each of them
-- commits; then COPY of exactly the files of gold's committed snapshot (up to 1,000 a statement; one stands here for
-- them); then the checks of 04_validation.sql; then, for all tables in one transaction, the merge and the removal of
-- keys that the landing no longer has, among the touched partitions (all of them in a first load, as here)."""
_VALIDATION = """What a load asks before it merges (rows of the landing; rows that break a rule: there may be none) and
-- after it, before it commits (rows of the touched partitions equal rows that landed)."""


def copy_into(contracts: Contracts) -> str:
    """03: landing, COPY, MERGE, removal."""
    parts: list[str] = []
    tables = _tables(contracts)
    for contract in tables:
        example = f"{layout.table(contract.layer, contract.table)}/part-00000.snappy.parquet"
        parts += [
            f"-- {contract.table}",
            sql.create_raw(contract, DATABASE).replace("CREATE OR REPLACE TABLE", "CREATE TABLE IF NOT EXISTS", 1)
            + ";",
            sql.create_landing(contract, DATABASE) + ";",
            *(statement + ";" for statement in sql.copies(contract, DATABASE, [example])),
        ]
    parts.append("BEGIN TRANSACTION;")
    for contract in tables:
        parts += [
            sql.merge(contract, DATABASE) + ";",
            sql.remove_vanished(contract, DATABASE, sql.touched(contract, None)) + ";",
        ]
    parts.append("COMMIT;")
    parts += [f"DROP TABLE IF EXISTS {DATABASE}.landing.{contract.table};" for contract in tables]
    return _HEAD.format(command=COMMAND, what=_COPY) + "\n" + "\n\n".join(parts) + "\n"


def validation(contracts: Contracts) -> str:
    """04: the checks."""
    parts: list[str] = []
    for contract in _tables(contracts):
        parts += [
            f"-- {contract.table}",
            sql.validate_landing(contract, DATABASE) + ";",
            sql.reconcile(contract, DATABASE, sql.touched(contract, None)) + ";",
        ]
    return _HEAD.format(command=COMMAND, what=_VALIDATION) + "\n" + "\n\n".join(parts) + "\n"


def _tables(contracts: Contracts) -> list[Contract]:
    return parents_first(contract for contract in contracts.values() if contract.warehouse)
