"""Snowflake as warehouse. What it holds is a cache of gold and what dbt made of it; readers see ``published`` alone.

Each call of this class opens a session where there is none, and starts anew where one was lost on the way: what it
had committed is looked for first (see the helper files beside this one).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from lake.contract.model import Contract
from lake.errors import MirrorlakeError, StorageError
from warehouse import snowflake_sql as sql
from warehouse.backends.base import Rows
from warehouse.batch import OpenTable, Snapshot
from warehouse.ddl import Dialect
from warehouse.exports import Days, Export
from warehouse.load import LoadResult
from warehouse.warehouses import _snowflake_ask, _snowflake_export, _snowflake_load, _snowflake_publish
from warehouse.warehouses._snowflake_account import KEY_PAIR, Account, login_by, with_line_breaks
from warehouse.warehouses._snowflake_ask import SnowflakeReader
from warehouse.warehouses._snowflake_session import LostSessionError, Session, connect, retried
from warehouse.warehouses._snowflake_setup import Names, require_setup, setup_names
from warehouse.warehouses.base import FilesOf, Publication, Warehouse

__all__ = [
    "KEY_PAIR",
    "Account",
    "LostSessionError",
    "Names",
    "SnowflakeReader",
    "SnowflakeWarehouse",
    "create",
    "login_by",
    "with_line_breaks",
]

T = TypeVar("T")


class SnowflakeWarehouse(Warehouse):
    """One database of one account; every statement carries ``tag``."""

    name: ClassVar[str] = "snowflake"
    dialect: ClassVar[Dialect] = "snowflake"
    libraries: ClassVar[tuple[str, ...]] = ("snowflake-connector-python",)

    def __init__(self, account: Account, names: Names, tag: str = "mirrorlake") -> None:
        self.account = account
        self.names = names
        self.tag = tag
        self._session: Session | None = None

    @property
    def place(self) -> str:
        """Account and database."""
        return self.account.place

    @property
    def published_place(self) -> str:
        """The schema for readers."""
        return f"{self.place}, schema {_snowflake_publish.PUBLISHED}"

    @property
    def session(self) -> Session:
        """The session of this warehouse, opened when first used."""
        if self._session is None:
            self._session = connect(self.account, self.tag)
        return self._session

    def close(self) -> None:
        """End the session."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _retried(self, work: Callable[[], T]) -> T:
        def anew() -> T:
            try:
                return work()
            except LostSessionError:
                self.close()
                raise

        return retried(anew)

    def setup_sql(self) -> str:
        """00_setup.sql with the names of this environment."""
        return sql.filled("00_setup.sql", setup_names(self.account, self.names))

    def set_up(self, login: str | None = None) -> int:
        """Run 00_setup.sql; statements run. ``login`` is who does it, by the account's key or token: a user who may
        take on ``setup_role``; without it the user of runs, who does not exist before the first time.
        """
        account = replace(self.account, user=login or self.account.user)
        statements = sql.statements(self.setup_sql())
        self.close()  # a session from before the database would not be in it

        def work() -> int:
            with contextlib.closing(connect(account, self.tag, bare=True)) as session:
                for statement in statements:
                    session.execute(statement)
            return len(statements)

        return retried(work)

    def load(
        self, snapshot: Snapshot, open_table: OpenTable, contracts: Mapping[str, Contract], *, full: bool = False
    ) -> LoadResult:
        """See ``Warehouse.load``."""
        load_id = _snowflake_load.new_load_id(snapshot)
        database, integration = self.account.database, self.names.integration

        def work() -> LoadResult:
            require_setup(self.session, self.account.database, self.place, self.names)
            load = _snowflake_load.Load(
                self.session, database, self.names.lake.rstrip("/"), integration, snapshot, load_id
            )
            return _snowflake_load.load(load, open_table, contracts, full=full)

        return self._retried(work)

    def stamp(self) -> object | None:
        """Table to Snowflake's own token of its last change; of schemas raw and marts."""
        return self._retried(lambda: {schema: self._tokens(schema) for schema in ("raw", "marts")})

    def _tokens(self, schema: str) -> Mapping[str, str]:
        names = _snowflake_publish.tables_of(self.session, self.account.database, schema)
        if not names:
            return {}
        places = [f"{self.account.database}.{schema}.{name}" for name in names]
        asked = ", ".join(f"SYSTEM$LAST_CHANGE_COMMIT_TIME('{place}')" for place in places)
        (tokens,) = self.session.execute(f"SELECT {asked}").rows
        return {name: str(token) for name, token in zip(names, tokens, strict=True)}

    def loaded(self, *known: object) -> object | None:
        """The tokens of schema raw; None where nobody answers, so that the load runs and says what is wrong."""
        try:
            return self._retried(lambda: self._tokens("raw")) or None
        except MirrorlakeError:
            return None

    def unloaded(self, tables: Collection[str]) -> list[str]:
        """See ``Warehouse.unloaded``."""
        return self._retried(lambda: _snowflake_load.unloaded(self.session, self.account.database, tables))

    def publish(self, run_id: str, *, code_version: str = "", stale: Sequence[str] = ()) -> Publication:
        """See ``Warehouse.publish``."""
        asked = _snowflake_publish.wanted(run_id, code_version, stale)
        database, reader = self.account.database, self.names.reader_role
        return self._retried(lambda: _snowflake_publish.publish(self.session, database, reader, asked))

    def standing(self) -> _snowflake_publish.Standing | None:
        """What is published now."""
        return self._retried(lambda: _snowflake_publish.current(self.session, self.account.database))

    def published(self) -> Mapping[str, object]:
        """Its name, and Snowflake's token of each table's last change; None before the first, and where nobody answers.

        A token is the table's own: neither the swap nor the publication after it changes it.
        """
        try:
            standing = self.standing()
            if standing is not None:
                tables = self._retried(lambda: self._tokens(_snowflake_publish.PUBLISHED))
                return {"published": standing.name, "tables": tables}
        except MirrorlakeError:
            pass  # the stage runs then, and says what is wrong
        return {"published": None}

    def open_reader(self) -> SnowflakeReader:
        """A session of its own, which is the caller's to close, in the role that only sees what is published."""
        session = connect(self.account, self.tag)
        try:
            return _snowflake_ask.reader(session, self.account, self.names.reader_role)
        except BaseException:
            session.close()
            raise

    @contextlib.contextmanager
    def reader(self) -> Iterator[SnowflakeReader]:
        """See ``Warehouse.reader``."""
        reader = self.open_reader()
        with contextlib.closing(reader.session):
            if reader.standing() is None:
                fix = "run the pipeline first: mirrorlake run"
                raise StorageError("nothing is published yet", where=self.place, fix=fix)
            yield reader

    def published_tables(self) -> list[str]:
        """See ``Warehouse.published_tables``."""
        return self._retried(
            lambda: _snowflake_publish.tables_of(self.session, self.account.database, _snowflake_publish.PUBLISHED)
        )

    def ask(
        self,
        sql: str,
        *,
        lake_tables: Collection[str],
        files_of: FilesOf,
        options: Mapping[str, str] | None = None,
        limit: int | None = None,
    ) -> tuple[Rows, bool]:
        """See ``Warehouse.ask``. Tables of the lake are read here, by DuckDB: the account has no rights on them."""
        kind = _snowflake_ask.tables_in(sql)
        in_lake = kind & set(lake_tables)
        if in_lake:
            return _snowflake_ask.ask_lake(sql, kind, lake_tables, files_of, options or {}, limit)
        with self.reader() as reader:
            return reader.ask(sql, limit, lake_tables)

    def query(self, sql: str) -> Rows:
        """See ``Warehouse.query``."""
        return self._retried(lambda: _snowflake_ask.in_schema(self.session, self.account.database, "raw", sql))

    def tables(self, schema: str) -> list[str]:
        """See ``Warehouse.tables``."""
        return self._retried(lambda: _snowflake_publish.tables_of(self.session, self.account.database, schema))

    def export(self, schema: str, table: str, to: Path, days: Days | None = None) -> Export:
        """See ``Warehouse.export``."""
        database = self.account.database
        return self._retried(lambda: _snowflake_export.export(self.session, database, schema, table, to, days))

    def database_file(self, copy: Path) -> Path:
        """See ``Warehouse.database_file``. Tables come one by one, in Arrow batches."""
        return _snowflake_export.copied(self.tables, self.export, ("raw", "marts"), copy)


def create(**settings: Any) -> SnowflakeWarehouse:
    """The warehouse; ``account`` and ``names`` say where, ``tag`` marks its statements."""
    return SnowflakeWarehouse(settings["account"], settings["names"], settings.get("tag", "mirrorlake"))
