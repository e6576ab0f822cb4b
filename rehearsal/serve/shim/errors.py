"""Errors as Snowflake numbers them, made of what DuckDB says. Whatever else goes wrong is an answer, never HTTP 500,

for the connector repeats such a request for minutes.
"""

from __future__ import annotations

import re

import duckdb
from snowflake.connector.errors import ProgrammingError

DIVISION_BY_ZERO = "Division by zero"
TOO_LONG = "is too long and would be truncated"
_CHECK = re.compile(
    r"CHECK constraint failed on table (?P<table>\S+) with expression CHECK\(?.*?length\((?P<column>[^)]*)\)"
)
_MISSING = re.compile(r"with name \"?(?P<name>[^\s\"]+)\"? does not exist")

# https://docs.snowflake.com/en/developer-guide/sql-api/reference: number and SQLSTATE
_MEANING: list[tuple[type[Exception], str, int, str, str]] = [
    (duckdb.Error, DIVISION_BY_ZERO, 100051, "22012", DIVISION_BY_ZERO),
    (duckdb.ConstraintException, "NOT NULL constraint failed", 100072, "22000", "NULL result in a non-nullable column"),
    (duckdb.OutOfRangeException, "", 100039, "22003", "Numeric value is out of range"),
    (duckdb.ConversionException, "", 100038, "22018", "a value is not recognized"),
    (
        duckdb.CatalogException,
        "does not exist",
        2003,
        "42S02",
        "SQL compilation error: object does not exist or not authorized",
    ),
    (duckdb.CatalogException, "already exists", 2002, "42710", "SQL compilation error: object already exists"),
    (duckdb.TransactionException, "", 90232, "40001", "the transaction cannot go on"),
    (duckdb.HTTPException, "", 91016, "22000", "a remote file cannot be read"),
    (duckdb.IOException, "", 91016, "22000", "a remote file cannot be read"),
]


def problem(message: str, number: int, state: str) -> ProgrammingError:
    """The error that a client of Snowflake would see."""
    return ProgrammingError(msg=message, errno=number, sqlstate=state)


def _reworded(error: ProgrammingError) -> ProgrammingError:
    """fakesnow's own errors; adapters (dbt's among them) know Snowflake's by their words."""
    text = str(error.msg)
    if DIVISION_BY_ZERO in text:
        return problem(DIVISION_BY_ZERO, 100051, "22012")
    missing = _MISSING.search(text)
    if error.errno == 2003 and missing:
        what = f"SQL compilation error:\nObject '{missing['name']}' does not exist or not authorized."
        return problem(what, 2003, "42S02")
    return error


def translated(error: Exception) -> ProgrammingError:
    """``error`` as Snowflake would number it; those that it would not have are numbered 9999."""
    if isinstance(error, ProgrammingError):
        return _reworded(error)
    text = str(error).split("\n")[0]
    too_long = _CHECK.search(text)
    if too_long:
        return problem(f"String of column {too_long['column']} {TOO_LONG}", 100078, "22000")
    for kind, words, number, state, meaning in _MEANING:
        if isinstance(error, kind) and words in text:
            return problem(meaning if words == DIVISION_BY_ZERO else f"{meaning}: {text}", number, state)
    return problem(f"the stand-in cannot run this: {type(error).__name__}: {text}", 9999, "99999")
