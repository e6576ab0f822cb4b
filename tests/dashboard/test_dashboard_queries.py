"""The data pages ask published marts and nothing else: their SQL is read, and all of it stands in one file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from dashboard import queries
from tests.conftest import REPOSITORY
from warehouse import pointer

PLACES = ("jfk", "lga")


def questions() -> dict[str, str]:
    """Every SELECT of the module by its name: constants, and what its functions make."""
    found = {name: value for name, value in vars(queries).items() if name.isupper() and isinstance(value, str)}
    for name, made in inspect.getmembers(queries, inspect.isfunction):
        if made.__module__ == queries.__name__ and name != "marks":
            make: Callable[[tuple[str, ...]], str] = made
            found[name] = make(PLACES)
    return found


def published_columns(file: Path) -> dict[str, dict[str, str]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'marts' OR table_name = '_publication'"
        ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in columns:
        found.setdefault(table, {})[column] = kind
    return found


@pytest.mark.parametrize("name", sorted(questions()))
def test_reads_published_tables_only(week: Path, name: str) -> None:
    file = pointer.current(week / "published")
    assert file is not None
    known = published_columns(file)
    [tree] = sqlglot.parse(questions()[name], dialect="duckdb")
    assert isinstance(tree, exp.Select)
    tables = {table.name for table in tree.find_all(exp.Table)}
    assert tables
    assert all(table.startswith("mart_") or table == "_publication" for table in tables), tables
    assert tables <= known.keys()
    assert not list(tree.find_all(exp.Star))
    # qualify raises for a column that none of the tables has
    qualify(tree, schema=known, dialect="duckdb", validate_qualify_columns=True)


@pytest.mark.parametrize("name", sorted(questions()))
def test_runs_on_every_dialect(name: str) -> None:
    """Nothing that only DuckDB understands: the same text is to run on Snowflake."""
    sql = questions()[name]
    for dialect in ("duckdb", "snowflake"):
        assert sqlglot.parse_one(sql, dialect=dialect, error_level=sqlglot.ErrorLevel.RAISE)


def test_values_are_bound_not_written() -> None:
    hostile = ("'; DROP TABLE x --",)
    for name, made in inspect.getmembers(queries, inspect.isfunction):
        if name != "marks":
            assert hostile[0] not in made(hostile)
            assert made(hostile).count("?") >= 3


def test_sql_stands_in_one_file() -> None:
    for path in (REPOSITORY / "dashboard").rglob("*.py"):
        if path.name != "queries.py":
            text = path.read_text(encoding="utf-8")
            assert "SELECT" not in text.replace("SELECTs", ""), path
