"""Questions to Snowflake: one SELECT, in the role that sees what is published and nothing else.

Snowflake has no read-only transaction: what keeps a question from writing is that its role owns nothing and may only
SELECT from the schema of published tables, and that the statement is taken apart and found to be one SELECT.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, UnknownChoiceError, UsageError, WarehouseError
from warehouse import sandbox
from warehouse.backends.base import Rows
from warehouse.ddl import Dialect
from warehouse.snowflake_sql import identifier
from warehouse.warehouses import _snowflake_publish
from warehouse.warehouses._snowflake_account import Account
from warehouse.warehouses._snowflake_session import Session, is_not_there
from warehouse.warehouses.base import FilesOf

if TYPE_CHECKING:
    from sqlglot.errors import SqlglotError

_ONE = "give one SELECT (or WITH ... SELECT) statement; `mirrorlake sql` alone lists the tables"


class SnowflakeReader:
    """See ``Reader``: a session whose schema is ``published``."""

    dialect: Dialect = "snowflake"

    def __init__(self, session: Session, database: str) -> None:
        self.session = session
        self._database = database

    def query(self, sql: str) -> Rows:
        """See ``Reader.query``."""
        return self.session.execute(sql)

    def place_of(self, schema: str, table: str) -> tuple[str, str]:
        """See ``Reader.place_of``."""
        return self._database, f"{self._database}.{_snowflake_publish.PUBLISHED}.{table}"

    def ask(self, sql: str, limit: int | None = None, beside: Collection[str] = ()) -> tuple[Rows, bool]:
        """See ``Warehouse.ask``; ``beside`` are tables that can be asked elsewhere, for who misspells one."""
        try:
            answer = self.session.execute(sql) if limit is None else self.session.fetch_some(sql, limit + 1)
        except WarehouseError as error:
            raise self._explained(error, sql, beside) from error
        more = limit is not None and len(answer.rows) > limit
        return Rows(answer.columns, answer.rows[:limit]), more

    def standing(self) -> _snowflake_publish.Standing | None:
        """What is published now; None before the first publication."""
        return _snowflake_publish.current(self.session, self._database)

    def _explained(self, error: WarehouseError, sql: str, beside: Collection[str]) -> MirrorlakeError:
        if is_not_there(error):
            known = _snowflake_publish.tables_of(self.session, self._database, _snowflake_publish.PUBLISHED)
            missing = sorted(tables_in(sql) - set(known))
            if missing:
                return UnknownChoiceError("table", missing[0], {*known, *beside})
        return UsageError(f"the SQL cannot be run: {error.what}", fix="the question is asked in Snowflake's SQL")


def reader(session: Session, account: Account, role: str) -> SnowflakeReader:
    """Give up all rights but the reader's."""
    session.execute(f"USE ROLE {identifier(role, 'snowflake.reader_role')}")
    session.execute("USE SECONDARY ROLES NONE")
    session.execute(f"USE WAREHOUSE {identifier(account.warehouse, 'snowflake.warehouse')}")
    session.execute(f"USE SCHEMA {account.database}.{_snowflake_publish.PUBLISHED}")
    return SnowflakeReader(session, account.database)


def tables_in(sql: str) -> set[str]:
    """The tables that one SELECT names, in lower case and without schema. UsageError for anything but one SELECT."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        found = [statement for statement in sqlglot.parse(sql, dialect="snowflake") if statement is not None]
    except SqlglotError as error:
        raise UsageError(f"the SQL cannot be read: {_told(error)}", fix=_ONE) from None
    if len(found) != 1:
        raise UsageError(f"there are {len(found)} statements", fix=_ONE)
    (statement,) = found
    changes = (exp.Into, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Command)
    if not isinstance(statement, exp.Query) or statement.find(*changes) is not None:
        raise UsageError(f"statements of kind {statement.key.upper()} are not allowed here", fix=_ONE)
    inner = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
    return {table.name.lower() for table in statement.find_all(exp.Table) if table.name} - inner


def _told(error: SqlglotError) -> str:
    """What is wrong and where, in one line; the error's own text underlines it by codes for a terminal."""
    wrong = next(iter(getattr(error, "errors", [])), None)
    if wrong is None:
        return " ".join(str(error).split())
    around = "".join(wrong.get(part) or "" for part in ("start_context", "highlight", "end_context"))
    where = f"line {wrong['line']}, column {wrong['col']}, at {wrong['highlight']!r} in {' '.join(around.split())!r}"
    return f"{wrong['description']}: {where}"


def ask_lake(
    sql: str,
    named: Collection[str],
    lake_tables: Collection[str],
    files_of: FilesOf,
    options: Mapping[str, str],
    limit: int | None,
) -> tuple[Rows, bool]:
    """A question to tables of the lake alone, answered by DuckDB on this machine; UsageError where it mixes them."""
    beside = sorted(set(named) - set(lake_tables))
    if beside:
        raise UsageError(
            f"{', '.join(beside)} is published in Snowflake, {', '.join(sorted(set(named) & set(lake_tables)))} lies "
            "in the lake: one question cannot ask both",
            fix="ask published tables and the lake's apart",
        )
    with tempfile.TemporaryDirectory(prefix="mirrorlake-") as nothing_published:
        return sandbox.ask(
            sql,
            published=Path(nothing_published),
            lake_tables=lake_tables,
            files_of=files_of,
            options=options,
            limit=limit,
        )


def in_schema(session: Session, database: str, schema: str, sql: str) -> Rows:
    """Run a SELECT that names its tables without schema."""
    session.execute(f"USE SCHEMA {database}.{schema}")
    return session.execute(sql)
