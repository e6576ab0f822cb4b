"""One read-only SELECT over what is published and what lies in the lake, in a DuckDB that can do nothing else.

The statement is taken apart by DuckDB's own parser: exactly one, and a SELECT. It runs in a transaction that cannot
write, on a database in memory whose external access is off but for the Parquet files of the tables that it names,
whose extensions cannot load and whose configuration is locked.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, UnknownChoiceError, UsageError
from lake.storage.credentials import serve
from warehouse.backends.base import Rows
from warehouse.batch import parquet
from warehouse.duck import explained, literal, memory, quoted, translated
from warehouse.publish import MARTS, attach_published, lock, published_path

if TYPE_CHECKING:
    import duckdb

_MISSING_TABLE = re.compile(r"Catalog Error: Table with name (\S+) does not exist")
FilesOf = Callable[[str], Sequence[str]]
_COLUMNS = "`mirrorlake sql` alone lists the tables, `mirrorlake sql 'describe <table>'` the columns of one"
_ONE = "give one SELECT (or WITH ... SELECT) statement; `mirrorlake sql` alone lists the tables"


def ask(
    sql: str,
    *,
    published: Path,
    lake_tables: Collection[str],
    files_of: FilesOf,
    options: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> tuple[Rows, bool]:
    """Run ``sql``; the rows (at most ``limit``), and whether there are more.

    ``published`` is the folder of publications, ``files_of`` gives the Parquet files of a table of ``lake_tables``;
    ``options`` are the object options by which files in a bucket are read.
    Raises UsageError for what is no single SELECT, for an error in it and for what it may not do, and
    UnknownChoiceError for a table that is not there.
    """
    with _opened(sql, published, lake_tables, files_of, options or {}) as connection:
        try:
            cursor = connection.execute(sql)
            rows = cursor.fetchall() if limit is None else cursor.fetchmany(limit + 1)
        except Exception as error:
            raise _explained(error, connection, published, lake_tables) from None
        columns = tuple(str(column[0]) for column in cursor.description or ())
        more = limit is not None and len(rows) > limit
        return Rows(columns, rows[:limit]), more


def published_tables(published: Path) -> list[str]:
    """The names of the published tables, metadata (``_...``) left out; none before the first publication."""
    with memory() as connection:
        if published_path(published) is None:
            return []
        attach_published(connection, published)
        return _published(connection)


@contextlib.contextmanager
def _opened(
    sql: str, published: Path, lake_tables: Collection[str], files_of: FilesOf, options: Mapping[str, str]
) -> Iterator[duckdb.DuckDBPyConnection]:
    with memory() as connection, tempfile.TemporaryDirectory(prefix="mirrorlake-") as spill:
        _require_select(connection, sql)
        path = "memory.main"
        if published_path(published) is not None:  # before the first publication the lake can still be asked
            attach_published(connection, published)
            path = f"published.{MARTS},published.main,memory.main"
        named = set(_tables_in(connection, sql)) & set(lake_tables)
        serve(connection, options)
        allowed: list[str] = []
        for name in sorted(named):
            if files := list(files_of(name)):
                with explained(published):
                    connection.execute(f"CREATE VIEW memory.main.{quoted(name)} AS FROM {parquet(files)}")
                allowed += files
        connection.execute(f"SET search_path = '{path}'")
        connection.execute(f"SET temp_directory = {literal(spill)}")
        connection.execute(f"SET allowed_paths = [{', '.join(literal(file) for file in allowed)}]")
        lock(connection)
        connection.execute("BEGIN TRANSACTION READ ONLY")
        yield connection


def _require_select(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    import duckdb

    try:
        sql.encode()
        statements = connection.extract_statements(sql)
    except (duckdb.Error, UnicodeEncodeError) as error:
        raise UsageError(f"the SQL cannot be read: {error}", fix=_ONE) from None
    kinds = [statement.type for statement in statements]
    if len(kinds) != 1:
        raise UsageError(f"there are {len(kinds)} statements", fix=_ONE)
    if kinds[0] != duckdb.StatementType.SELECT:
        raise UsageError(f"statements of kind {kinds[0].name} are not allowed here", fix=_ONE)


def _tables_in(connection: duckdb.DuckDBPyConnection, sql: str) -> Collection[str]:
    import duckdb

    try:
        return {name.split(".")[-1].strip('"').lower() for name in connection.get_table_names(sql)}
    except duckdb.Error:
        return ()  # running it will say what is wrong


def _published(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'published' ORDER BY table_name NULLS LAST"
    )
    return [name for row in rows.fetchall() if not (name := str(row[0])).startswith("_")]


def _explained(
    error: Exception, connection: duckdb.DuckDBPyConnection, published: Path, lake_tables: Collection[str]
) -> MirrorlakeError:
    import duckdb

    message = str(error).strip()
    if isinstance(error, duckdb.PermissionException):
        return UsageError(f"not allowed: {message}", fix="only the published tables and the lake's can be read")
    if isinstance(error, duckdb.IOException):
        return translated(error, published)
    if missing := _MISSING_TABLE.match(message):
        connection.execute("ROLLBACK")
        return UnknownChoiceError("table", missing[1], {*_published(connection), *lake_tables})
    return UsageError(f"the SQL cannot be run: {message}", fix=_COLUMNS)
