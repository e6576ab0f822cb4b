"""Landing: the rows of a load before they touch their table; keys and lengths are checked here, on every backend.

Snowflake enforces neither keys nor (in its stand-in) lengths, and a MERGE whose source has a key twice differs from
database to database. So nothing is merged that has not passed here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import TYPE_CHECKING

from lake.contract.model import Contract
from lake.errors import WarehouseError
from warehouse.batch import Batch, select
from warehouse.duck import literal, quoted
from warehouse.history import RAW, Pending, TableLoad

if TYPE_CHECKING:
    import duckdb


def land(connection: duckdb.DuckDBPyConnection, step: Pending) -> int:
    """Read the files into the landing table and check them; rows read. WarehouseError where a check fails."""
    landing = _landing(step.contract)
    rows = select(connection, Batch(step.contract, step.files, step.options))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {landing} AS {rows}")
    for rule, condition in _checks(step.contract):
        broken = f"FROM {landing} AS t WHERE {condition}"
        count = _number(connection, f"SELECT count(*) {broken}")
        if count:
            raise _refused(connection, step.contract, rule, count, broken)
    return _number(connection, f"SELECT count(*) FROM {landing}")


def merge(connection: duckdb.DuckDBPyConnection, step: Pending, rows_in: int) -> TableLoad:
    """Merge the landing by key, then delete keys of the touched partitions (None: all) that it does not have."""
    contract = step.contract
    table, landing = f"{RAW}.{quoted(contract.table)}", _landing(contract)
    before = _number(connection, f"SELECT count(*) FROM {table}")
    affected = _number(connection, _merge_statement(contract, table, landing))
    after = _number(connection, f"SELECT count(*) FROM {table}")
    touched = _touched(contract, step.partitions)
    deleted = _number(
        connection,
        f"DELETE FROM {table} AS t WHERE {touched} "
        f"AND NOT EXISTS (SELECT 1 FROM {landing} AS l WHERE {_same_key(contract)})",
    )
    connection.execute(f"DROP TABLE {landing}")
    inserted = after - before
    return TableLoad(rows_in, inserted, affected - inserted, deleted, after - deleted, step.version)


def _merge_statement(contract: Contract, table: str, landing: str) -> str:
    names = [quoted(name) for name in contract.column_names]
    others = [quoted(name) for name in contract.column_names if name not in contract.primary_key]
    statement = f"MERGE INTO {table} AS t USING {landing} AS l ON {_same_key(contract)} "
    if others:
        # Rows that are equal already are left alone: they are no change, and cost no write.
        changed = " OR ".join(f"t.{name} IS DISTINCT FROM l.{name}" for name in others)
        assigned = ", ".join(f"{name} = l.{name}" for name in others)
        statement += f"WHEN MATCHED AND ({changed}) THEN UPDATE SET {assigned} "
    values = ", ".join(f"l.{name}" for name in names)
    return statement + f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"


def _checks(contract: Contract) -> Iterator[tuple[str, str]]:
    """``(rule in words, condition on t that breaks it)``."""
    key = [quoted(name) for name in contract.primary_key]
    yield f"key ({', '.join(contract.primary_key)}) is null", " OR ".join(f"t.{name} IS NULL" for name in key)
    listed = ", ".join(key)
    landing = _landing(contract)
    yield (
        f"key ({', '.join(contract.primary_key)}) stands more than once",
        f"({listed}) IN (SELECT ({listed}) FROM {landing} GROUP BY {listed} HAVING count(*) > 1)",
    )
    for column in contract.columns:
        if column.max_length is not None:
            name = quoted(column.name)
            yield f"{column.name} is longer than {column.max_length}", f"length(t.{name}) > {column.max_length}"


def _refused(
    connection: duckdb.DuckDBPyConnection, contract: Contract, rule: str, count: int, broken: str
) -> WarehouseError:
    shown = [name for name in contract.primary_key if not contract.column(name).sensitive]
    listed = ", ".join(quoted(name) for name in shown) or "'****'"
    examples = connection.execute(f"SELECT {listed} {broken} LIMIT 3").fetchall()
    words = "; ".join(", ".join(f"{n}={v}" for n, v in zip(shown, row, strict=False)) for row in examples)
    return WarehouseError(
        f"the landing of {contract.table} is refused: {rule}: {count} row{'s' * (count != 1)}, such as {words}",
        where=contract.path or contract.table,
        fix="the warehouse keeps what it had; mend the transformation, then run again",
    )


def _touched(contract: Contract, partitions: Collection[date] | None) -> str:
    if partitions is None or contract.partition is None:
        return "true"
    if not partitions:
        return "false"
    listed = ", ".join(f"DATE {literal(day.isoformat())}" for day in sorted(partitions))
    begin = f"date_trunc('{contract.partition.by}', t.{quoted(contract.partition.column)})"
    return f"CAST({begin} AS DATE) IN ({listed})"


def _same_key(contract: Contract) -> str:
    return " AND ".join(f"t.{quoted(name)} = l.{quoted(name)}" for name in contract.primary_key)


def _landing(contract: Contract) -> str:
    return quoted(f"_landing_{contract.table}")


def _number(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
