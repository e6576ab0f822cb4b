"""A session: fakesnow's connection and cursor, with the shim before each statement."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Any

from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse
from fakesnow.instance import FakeSnow
from sqlglot import exp

from rehearsal.serve.shim import account, copies, merging, rewriting, speed
from rehearsal.serve.shim.errors import problem, translated

logger = logging.getLogger("rehearsal.snowflake")
_CHANGING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy)
_DEFINING = (exp.Create, exp.Drop, exp.Alter, exp.Comment)
_FUNCTIONS = {exp.CurrentUser: "user", exp.CurrentRole: "role", exp.CurrentWarehouse: "warehouse"}
# DuckDB fails where two change a catalogue at once, Snowflake waits: so one statement that changes things at a time.
_one_at_a_time = threading.RLock()


class Instance(FakeSnow):
    """The account's databases, all in memory. A login makes no database, as in Snowflake."""

    def __init__(self, of: account.Account) -> None:
        super().__init__(create_database_on_connect=False, create_schema_on_connect=False)
        self.account = of

    def connect(
        self, database: str | None = None, schema: str | None = None, nop_regexes: Any = None, **named: Any
    ) -> Session:
        """See ``FakeSnow.connect``."""
        return Session(
            self.account,
            self.duck_conn.cursor(),
            self.results_cache,
            database,
            schema,
            create_database=False,
            create_schema=False,
            **named,
        )


class Session(FakeSnowflakeConnection):
    """What one login has: user, role and warehouse, an open transaction, temporary objects."""

    def __init__(self, of: account.Account, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.account = of
        self.user = self.role = self.warehouse = ""
        self.is_open = False  # a transaction that BEGIN opened
        self.temporary: dict[str, str] = {}

    def cursor(self, cursor_class: Any = None) -> Statement:
        """See ``FakeSnowflakeConnection.cursor``."""
        return Statement(conn=self, duck_conn=self._duck_conn)

    def end(self) -> None:
        """Roll back what is open, drop what is temporary, close."""
        with _one_at_a_time, contextlib.suppress(Exception):
            if self.is_open or self._in_transaction:
                self._duck_conn.rollback()
            for name, kind in self.temporary.items():
                self._duck_conn.execute(f"DROP {kind} IF EXISTS {name}")
        self._duck_conn.close()


class Statement(FakeSnowflakeCursor):
    """A cursor whose statements pass the shim."""

    _conn: Session

    def execute(self, command: str, params: Any = None, *arguments: Any, **named: Any) -> Statement:
        """See ``FakeSnowflakeCursor.execute``; every error has a number of Snowflake's."""
        try:
            answer = self._answered(command)
            if answer is not None:
                super().execute(answer, None, server=True)
                return self
            tree = self._rooted(_only(command))
            with self._guarded(tree):
                if isinstance(tree, exp.Merge):
                    super().execute(self._merged(tree), None, server=True)
                else:
                    super().execute(command, params, *arguments, **named)
        except Exception as error:
            told = translated(error)
            if told is not error:
                logger.warning("%s\n  %s: %s", command, type(error).__name__, error)
            self._sqlstate = told.sqlstate
            raise told from None
        return self

    def _answered(self, command: str) -> str | None:
        """The SQL that answers in the statement's place, where the shim itself has carried it out."""
        session = self._conn
        used = account.used(command)
        if used:
            setattr(session, used[0].lower(), used[1])
        answer = session.account.answer(command, session.user)
        if answer is not None:
            return answer
        with _one_at_a_time:
            said = copies.carried_out(command, self._duck_conn, session.database, session.schema)
        return None if said is None else f"SELECT '{said}' AS \"status\""

    def _rooted(self, tree: exp.Expression) -> exp.Expression:
        """Keep account of what the statement means to the session."""
        session = self._conn
        temporary = rewriting.temporary_name(tree)
        if temporary:
            kind, table = temporary
            path = [table.catalog or session.database, table.db or session.schema, table.name]
            session.temporary[".".join(f'"{str(part).upper()}"' for part in path)] = kind
        if session.is_open and isinstance(tree, _DEFINING):
            self._duck_conn.commit()  # DDL ends an open transaction, and commits it
            session.is_open = False
        if isinstance(tree, exp.Transaction):
            session.is_open = True
        elif isinstance(tree, exp.Commit | exp.Rollback):
            session.is_open = False
        return tree

    @contextlib.contextmanager
    def _guarded(self, tree: exp.Expression) -> Iterator[None]:
        """One statement is one transaction, also where fakesnow makes several of it; and changes queue up."""
        if isinstance(tree, exp.Select | exp.SetOperation | exp.Show | exp.Describe):
            yield
            return
        with _one_at_a_time:
            alone = isinstance(tree, _CHANGING) and not self._conn.is_open and self._conn._autocommit
            if not alone:
                yield
                return
            self._duck_conn.begin()
            try:
                yield
            except BaseException:
                self._duck_conn.rollback()
                raise
            self._duck_conn.commit()

    def _merged(self, tree: exp.Merge) -> str:
        self.check_db_and_schema(tree)
        question = merging.question(tree)
        if question and super().execute(question, None, server=True).fetchall():
            raise problem(merging.DUPLICATE, 100090, "42P18")
        sql = self._transform(merging.native(tree), None).sql(dialect="duckdb")
        rows = self._duck_conn.execute(f"{sql} RETURNING merge_action").fetchall()
        return merging.counts(tree, (str(row[0]) for row in rows))

    def _transform(self, expression: exp.Expression, params: Any) -> exp.Expression:
        tree = rewriting.strict(expression.copy())
        for node in list(tree.find_all(*_FUNCTIONS)):
            node.replace(exp.Literal.string(getattr(self._conn, _FUNCTIONS[type(node)])))
        with speed.in_place():
            rewritten: exp.Expression = super()._transform(tree, params)
        return rewritten


def _only(command: str) -> exp.Expression:
    """The one statement of a request; several are refused, as by an account that was not told to expect them."""
    found = [each for each in parse(command) if each is not None and not isinstance(each, exp.Semicolon)]
    if len(found) != 1:
        words = f"Actual statement count {len(found)} did not match the desired statement count 1."
        raise problem(words, 8, "0A000")
    tree: exp.Expression = found[0]
    return tree
