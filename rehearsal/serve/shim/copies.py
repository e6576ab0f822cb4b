"""CLONE of a schema and SWAP of schemas or tables, which DuckDB has not: by copying, in one transaction.

In Snowflake both are changes of metadata and copy nothing. Views of a cloned schema are cloned by their text.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from duckdb import DuckDBPyConnection

from rehearsal.serve.shim.errors import problem

Held = list[tuple[str, str, bool]]  # name, query, whether it is a view
_NAME = r"(?P<{}>(?:\"[^\"]+\"|\w+)(?:\.(?:\"[^\"]+\"|\w+)){{0,2}})"
_CLONE = re.compile(
    r"\s*CREATE\s+(?P<replace>OR\s+REPLACE\s+)?(?:TRANSIENT\s+)?SCHEMA\s+(?P<new>IF\s+NOT\s+EXISTS\s+)?"
    + _NAME.format("name")
    + r"\s+CLONE\s+"
    + _NAME.format("source")
    + r"\s*(?:(?:COMMENT|DATA_RETENTION|WITH)\b.*)?;?\s*\Z",
    re.I | re.S,
)
_SWAP = re.compile(
    r"\s*ALTER\s+(?P<kind>SCHEMA|TABLE)\s+(?:IF\s+EXISTS\s+)?"
    + _NAME.format("name")
    + r"\s+SWAP\s+WITH\s+"
    + _NAME.format("other")
    + r"\s*;?\s*\Z",
    re.I,
)
_OBJECTS = """
SELECT table_name, table_type = 'VIEW' FROM system.information_schema.tables
WHERE table_catalog = ? AND table_schema = ? ORDER BY 2, 1
"""


def carried_out(statement: str, duck: DuckDBPyConnection, database: str | None, schema: str | None) -> str | None:
    """Do it if ``statement`` is one of these; what Snowflake would say, or None."""
    clone, swap = _CLONE.match(statement), _SWAP.match(statement)
    if clone:
        source, target = (_path(clone[each], 2, database, schema) for each in ("source", "name"))
        _clone(duck, source, target, bool(clone["replace"]), bool(clone["new"]))
        return f"Schema {target[1]} successfully created."
    if swap:
        parts = 2 if swap["kind"].upper() == "SCHEMA" else 3
        one, other = (_path(swap[each], parts, database, schema) for each in ("name", "other"))
        action = _swap_schemas if parts == 2 else _swap_tables
        action(duck, one, other)
        return "Statement executed successfully."
    return None


def _clone(duck: DuckDBPyConnection, source: list[str], target: list[str], replace: bool, new: bool) -> None:
    held = _held(duck, source)
    if _has_schema(duck, target):
        if new:
            return
        if not replace:
            raise problem(f"SQL compilation error:\nObject '{target[1]}' already exists.", 2002, "42710")
    _in_transaction(duck, lambda: _put(duck, held, target))


def _swap_schemas(duck: DuckDBPyConnection, one: list[str], other: list[str]) -> None:
    held = _held(duck, one), _held(duck, other)

    def put() -> None:
        _put(duck, held[1], one)
        _put(duck, held[0], other)

    _in_transaction(duck, put)


def _swap_tables(duck: DuckDBPyConnection, one: list[str], other: list[str]) -> None:
    held = [_hold(duck, each) for each in (other, one)]

    def put() -> None:
        for name, target in zip(held, (one, other), strict=True):
            duck.execute(f"CREATE OR REPLACE TABLE {_quoted(target)} AS SELECT * FROM {name}")

    _in_transaction(duck, put)


def _held(duck: DuckDBPyConnection, schema: list[str]) -> Held:
    """What is in a schema: of each table a copy in the session, of each view its text.

    The copies are made before the transaction: DuckDB cannot commit one in which a filled table was made and dropped.
    """
    if not _has_schema(duck, schema):
        message = f"SQL compilation error:\nSchema '{'.'.join(schema)}' does not exist or not authorized."
        raise problem(message, 2003, "02000")
    return [
        (name, _text(duck, [*schema, name]) if is_view else f"SELECT * FROM {_hold(duck, [*schema, name])}", is_view)
        for name, is_view in duck.execute(_OBJECTS, schema).fetchall()
    ]


def _hold(duck: DuckDBPyConnection, table: list[str]) -> str:
    name = f"temp.main._held_{uuid.uuid4().hex}"
    duck.execute(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {_quoted(table)}")
    return name


def _text(duck: DuckDBPyConnection, view: list[str]) -> str:
    sql = "SELECT sql FROM duckdb_views() WHERE database_name = ? AND schema_name = ? AND view_name = ?"
    row = duck.execute(sql, view).fetchone()
    assert row is not None
    return str(row[0]).partition(" AS ")[2].rstrip("; ")


def _put(duck: DuckDBPyConnection, held: Held, schema: list[str]) -> None:
    """Make a schema of what is held, in the place of what is there."""
    duck.execute(f"DROP SCHEMA IF EXISTS {_quoted(schema)} CASCADE")
    duck.execute(f"CREATE SCHEMA {_quoted(schema)}")
    for name, query, is_view in held:
        duck.execute(f"CREATE {'VIEW' if is_view else 'TABLE'} {_quoted([*schema, name])} AS {query}")


def _in_transaction(duck: DuckDBPyConnection, work: Callable[[], None]) -> None:
    duck.begin()
    try:
        work()
    except BaseException:
        duck.rollback()
        raise
    duck.commit()
    for (name,) in duck.execute("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE '_held_%'").fetchall():
        duck.execute(f"DROP TABLE temp.main.{name}")


def _has_schema(duck: DuckDBPyConnection, path: list[str]) -> bool:
    sql = "SELECT 1 FROM system.information_schema.schemata WHERE catalog_name = ? AND schema_name = ?"
    return duck.execute(sql, path).fetchone() is not None


def _path(name: str, parts: int, database: str | None, schema: str | None) -> list[str]:
    """The full name, folded as Snowflake folds it, completed by what the session uses."""
    given = [part[1:-1] if part.startswith('"') else part.upper() for part in re.findall(r'"[^"]+"|\w+', name)]
    session = [str(each) for each in (database, schema)][: parts - 1]
    return [*session[: parts - len(given)], *given]


def _quoted(path: list[str]) -> str:
    return ".".join(f'"{part}"' for part in path)
