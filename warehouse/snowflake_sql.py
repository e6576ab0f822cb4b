"""The SQL of the Snowflake warehouse: the files of warehouse/snowflake, and the statements that follow from contracts.

The files 00 to 02 are written by hand and filled in with names; 03 and 04 are generated from the contracts by the very
functions that a load calls, so what is committed for reading is what runs. Nothing here connects.
"""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path

from lake.contract.model import Contract
from lake.errors import ConfigError
from lake.sql import literal
from warehouse.ddl import column_type, create_table

FOLDER = Path(__file__).parent / "snowflake"
FILES_PER_COPY = 1000  # Snowflake's limit of a FILES list
RAW, LANDING = "raw", "landing"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*\Z")
_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)


def identifier(name: str, setting: str) -> str:
    """``name`` if it can stand unquoted in SQL; ConfigError that names the setting otherwise."""
    if not _NAME.match(name):
        raise ConfigError(
            f"{name!r} is no name that Snowflake takes unquoted", where=setting, fix="use letters, digits and _"
        )
    return name


def filled(file: str, values: Mapping[str, object]) -> str:
    """The text of a file of warehouse/snowflake with its ``${names}`` filled in."""
    text = (FOLDER / file).read_text(encoding="utf-8")
    return string.Template(text).substitute({name: str(value) for name, value in values.items()})


def statements(text: str) -> list[str]:
    """The statements of such a text, one by one, without comments. No literal in them holds a semicolon."""
    return [statement.strip() for statement in _COMMENT.sub("", text).split(";") if statement.strip()]


def create_landing(contract: Contract, database: str) -> str:
    """An empty landing table: the contract's types without lengths and keys, which are checked, not enforced.

    Made anew each time, so that its record of loaded files is empty too.
    """
    columns = ",\n    ".join(f"{column.name} {column_type(column.type, 'snowflake')}" for column in contract.columns)
    return f"CREATE OR REPLACE TRANSIENT TABLE {database}.{LANDING}.{contract.table} (\n    {columns}\n)"


def create_raw(contract: Contract, database: str) -> str:
    """The table in ``raw``, empty; what was there under its name goes."""
    created = create_table(contract, "snowflake", schema=f"{database}.{RAW}", constraints=False)
    return created.replace("CREATE TABLE", "CREATE OR REPLACE TABLE", 1)


def copies(contract: Contract, database: str, files: Sequence[str]) -> list[str]:
    """COPY of exactly these files (keys below the lake's root) into the landing table, so many at a time as may be.

    Columns are matched by name: one that a file lacks is null, one that the table lacks is left out. One bad value
    ends the statement, which then has loaded nothing.
    """
    parts = [files[start : start + FILES_PER_COPY] for start in range(0, len(files), FILES_PER_COPY)]
    return [_copy(contract, database, ",\n        ".join(map(literal, part))) for part in parts]


def _copy(contract: Contract, database: str, listed: str) -> str:
    return (
        f"COPY INTO {database}.{LANDING}.{contract.table}\n    FROM @{database}.{LANDING}.lake/\n"
        f"    FILES = (\n        {listed}\n    )\n"
        f"    FILE_FORMAT = (FORMAT_NAME = '{database}.{LANDING}.lake_parquet')\n"
        "    MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE\n    ON_ERROR = ABORT_STATEMENT"
    )


def merge(contract: Contract, database: str) -> str:
    """MERGE of the landing into ``raw`` by key. Rows that are equal already are left alone."""
    others = [name for name in contract.column_names if name not in contract.primary_key]
    names = ", ".join(contract.column_names)
    text = (
        f"MERGE INTO {database}.{RAW}.{contract.table} AS t\n"
        f"    USING {database}.{LANDING}.{contract.table} AS l\n    ON {_same_key(contract, 't')}\n"
    )
    if others:
        changed = "\n        OR ".join(f"t.{name} IS DISTINCT FROM l.{name}" for name in others)
        assigned = ",\n        ".join(f"t.{name} = l.{name}" for name in others)
        text += f"    WHEN MATCHED AND (\n        {changed}\n    ) THEN UPDATE SET\n        {assigned}\n"
    values = ", ".join(f"l.{name}" for name in contract.column_names)
    return text + f"    WHEN NOT MATCHED THEN INSERT ({names})\n    VALUES ({values})"


def remove_vanished(contract: Contract, database: str, touched: str) -> str:
    """DELETE of the keys that the landing does not have, among the rows for which ``touched`` holds."""
    return (
        f"DELETE FROM {database}.{RAW}.{contract.table}\nWHERE {touched}\n    AND NOT EXISTS (\n        SELECT 1\n"
        f"        FROM {database}.{LANDING}.{contract.table} AS l\n"
        f"        WHERE {_same_key(contract, contract.table)}\n    )"
    )


def touched(contract: Contract, partitions: Collection[date] | None) -> str:
    """The rows of these partitions (None: all rows), as a condition on the table in ``raw``."""
    if partitions is None or contract.partition is None:
        return "TRUE"
    if not partitions:
        return "FALSE"
    listed = ", ".join(f"DATE {literal(day.isoformat())}" for day in sorted(partitions))
    return f"{_partition(contract)} IN ({listed})"


def _partition(contract: Contract) -> str:
    """The first day of a row's partition; of an instant, in UTC."""
    assert contract.partition is not None
    column = contract.partition.column
    is_instant = contract.column(column).type.kind == "timestamp"
    moment = f"CONVERT_TIMEZONE('UTC', {column})" if is_instant else column
    return f"CAST(DATE_TRUNC('{contract.partition.by}', {moment}) AS DATE)"


def checks(contract: Contract, database: str) -> dict[str, str]:
    """Rule in words -> condition on a row ``t`` of the landing table that breaks it.

    Snowflake enforces no keys, and a MERGE whose source has a key twice is an error or, by a parameter, chance.
    """
    key = ", ".join(contract.primary_key)
    doubled = f"SELECT {key} FROM {database}.{LANDING}.{contract.table} GROUP BY {key} HAVING COUNT(*) > 1"
    found = {
        f"key ({key}) is null": " OR ".join(f"t.{name} IS NULL" for name in contract.primary_key),
        f"key ({key}) stands more than once": f"EXISTS (SELECT 1 FROM ({doubled}) AS l WHERE "
        f"{_same_key(contract, 't')})",
    }
    for column in contract.columns:
        longest = column.max_length
        if longest is not None:
            found[f"{column.name} is longer than {longest}"] = f"LENGTH(t.{column.name}) > {longest}"
    return found


def validate_landing(contract: Contract, database: str) -> str:
    """One row per rule and one for the number of rows: ``rule``, ``row_count``. No rule may have rows."""
    table = f"{database}.{LANDING}.{contract.table}"
    counted = [f"SELECT 'rows' AS rule, COUNT(*) AS row_count\nFROM {table}"]
    counted += [
        f"SELECT {literal(rule)} AS rule, COUNT(*) AS row_count\nFROM {table} AS t\nWHERE {broken}"
        for rule, broken in checks(contract, database).items()
    ]
    return "\nUNION ALL\n".join(counted)


def examples(contract: Contract, database: str, broken: str) -> str:
    """Keys (those that may be shown) of up to three rows that break a rule."""
    shown = [name for name in contract.primary_key if not contract.column(name).sensitive]
    listed = ", ".join(f"t.{name}" for name in shown) or "'****' AS masked"
    return f"SELECT {listed} FROM {database}.{LANDING}.{contract.table} AS t WHERE {broken} LIMIT 3"


def reconcile(contract: Contract, database: str, touched: str) -> str:
    """After merge and removal: rows of the touched partitions, rows of the landing (equal), and all rows."""
    raw, landing = f"{database}.{RAW}.{contract.table}", f"{database}.{LANDING}.{contract.table}"
    return (
        f"SELECT\n    COUNT_IF({touched}) AS touched_rows,\n    (SELECT COUNT(*) FROM {landing}) AS landed_rows,\n"
        f"    COUNT(*) AS all_rows\nFROM {raw}"
    )


def _same_key(contract: Contract, table: str) -> str:
    return " AND ".join(f"{table}.{name} = l.{name}" for name in contract.primary_key)
