"""Postgres as staging: all tables replaced in one transaction, rows by ADBC's binary COPY, reads by a pool.

Why so, and what else was measured: docs/adr/0010-adbc-into-postgres.md. Readers see the old tables or wait for the new
ones. A lost connection is tried again with backoff; since a commit whose answer was lost may have happened, a load that
is tried again first looks for its own mark in the table ``_loads``.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import uuid
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lake.errors import MissingExtraError, StorageError
from lake.retries import log_retries
from lake.sql import quoted
from warehouse.backends import _postgres_export
from warehouse.backends._postgres_errors import Lost, described, judged
from warehouse.backends._postgres_load import Load
from warehouse.backends._postgres_tls import with_tls
from warehouse.backends.base import SCHEMA, Backend, Dialect, Rows
from warehouse.batch import Batch
from warehouse.exports import Days, Export

if TYPE_CHECKING:
    import psycopg
    import psycopg_pool

    Connection = psycopg.Connection[tuple[object, ...]]

CONNECT_SECONDS = 5
RETRY_SECONDS = 5.0
LONGEST_WAIT = 5.0


class PostgresBackend(Backend):
    """Tables in one schema of one database; ``url`` is libpq's (``postgresql://user:password@host/database``).

    With ``tls`` nothing but verified TLS is spoken. A lost connection is tried again for ``retry_seconds`` (and at most
    ``attempts`` times), after ``wait_seconds`` at first.
    """

    name: ClassVar[str] = "postgres"
    dialect: ClassVar[Dialect] = "postgres"

    def __init__(
        self,
        url: str,
        schema: str = SCHEMA,
        *,
        tls: bool = False,
        attempts: int | None = None,
        wait_seconds: float = 0.2,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.url = with_tls(url, described(url)) if tls else url
        self.schema = schema
        self.attempts = attempts
        self.wait_seconds = wait_seconds
        self.retry_seconds = retry_seconds

    @property
    def target(self) -> str:
        """Host, database and schema, without user and password."""
        return f"{described(self.url)}, schema {self.schema}"

    def stage(self, batches: Sequence[Batch], run_id: str, snapshot: int) -> dict[str, int]:
        """See ``Backend.stage``."""
        _require("psycopg", "psycopg_pool", "adbc_driver_postgresql")
        import stamina

        log_retries()
        load = Load(self.url, self.schema, batches, run_id, snapshot, mark=uuid.uuid4().hex, target=self.target)
        tries = stamina.retry_context(
            on=Lost,
            attempts=self.attempts,
            timeout=self.retry_seconds,
            wait_initial=self.wait_seconds,
            wait_max=LONGEST_WAIT,
        )
        rows: dict[str, int] | None = None
        with self._gives_up():
            for attempt in tries:
                with attempt:
                    rows = self._landed(load.mark) if attempt.num > 1 else None
                    rows = rows if rows is not None else load.run()
        assert rows is not None
        return rows

    def query(self, sql: str) -> Rows:
        """See ``Backend.query``."""
        with self._gives_up(), self._reading() as connection:
            cursor = connection.execute(sql.encode())
            return Rows(tuple(column.name for column in cursor.description or ()), cursor.fetchall())

    def tables(self) -> list[str]:
        """See ``Backend.tables``."""
        _require("psycopg", "adbc_driver_postgresql")
        with self._gives_up():
            return _postgres_export.tables(self.url, self.target, self.schema)

    def export(self, table: str, to: Path, days: Days | None = None) -> Export:
        """See ``Backend.export``."""
        _require("psycopg", "adbc_driver_postgresql")
        with self._gives_up():
            return _postgres_export.export(self.url, self.target, self.schema, table, to, days)

    def close(self) -> None:
        """Close the pool."""
        if "_pool" in self.__dict__:
            self._pool.close()
            del self.__dict__["_pool"]

    def _landed(self, mark: str) -> dict[str, int] | None:
        """The rows by table of the load with that mark; None where its commit did not happen."""
        import psycopg

        # By a connection of its own: the pool would wait its whole time for a server that is down.
        with judged(self.url, self.target), psycopg.connect(self.url, **self._session) as connection:
            if connection.execute("SELECT to_regclass('_loads')").fetchone() == (None,):
                return None
            row = connection.execute("SELECT rows FROM _loads WHERE mark = %s", [mark]).fetchone()
        return None if row is None else {str(table): int(count) for table, count in json.loads(str(row[0])).items()}

    def standing(self, snapshot: int) -> str | None:
        """The mark of the load of that gold snapshot and a sum of its tables' row versions; None where another load is
        newer, or a table is not there or has more or fewer rows than were loaded.

        Each table is read through once, in the database; no row leaves it.
        """
        _require("psycopg", "adbc_driver_postgresql")
        import psycopg

        with (
            self._gives_up(),
            judged(self.url, self.target),
            psycopg.connect(self.url, **self._session) as connection,
        ):
            if connection.execute("SELECT to_regclass('_loads')").fetchone() == (None,):
                return None
            newest = connection.execute(
                "SELECT mark, snapshot_number, rows FROM _loads ORDER BY loaded_at DESC LIMIT 1"
            ).fetchone()
            if newest is None or newest[1] != snapshot:
                return None
            staged = sorted(json.loads(str(newest[2])).items())
            versions = [_versions(connection, *table) for table in staged]
            return f"{newest[0]} {' '.join(map(str, versions))}" if None not in versions else None

    @contextlib.contextmanager
    def _gives_up(self) -> Iterator[None]:
        try:
            yield
        except Lost as lost:
            raise StorageError(
                f"Postgres cannot be reached, or is lost again and again: {lost}",
                where=self.target,
                fix="check that it runs and that staging.url is right; what was staged before is still there",
            ) from None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        _require("psycopg", "psycopg_pool")
        import psycopg
        import psycopg_pool

        with judged(self.url, self.target):
            try:
                with self._pool.connection() as connection:
                    yield connection
            except psycopg_pool.PoolTimeout:
                # The pool does not say why; one connection of our own does.
                psycopg.connect(self.url, **self._session).close()
                raise

    @property
    def _session(self) -> dict[str, Any]:
        return {"options": _options(self.schema), "connect_timeout": CONNECT_SECONDS}

    @cached_property
    def _pool(self) -> psycopg_pool.ConnectionPool[Connection]:
        import psycopg_pool

        logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())  # it would print its tries
        pool: psycopg_pool.ConnectionPool[Any] = psycopg_pool.ConnectionPool(
            self.url,
            kwargs=self._session,
            min_size=1,
            max_size=4,
            timeout=float(CONNECT_SECONDS),
            check=psycopg_pool.ConnectionPool.check_connection,
            open=True,
            name="mirrorlake-staging",
        )
        return pool


def _versions(connection: Connection, table: str, rows: int) -> int | None:
    """The sum of the transactions that wrote the table's rows; None without the table, or with another number of rows.

    An UPDATE gives a row the number of its own, later transaction. VACUUM leaves these numbers as they are.
    """
    from psycopg import sql

    name = sql.Identifier(table)
    if connection.execute("SELECT to_regclass(%s)", [name.as_string(connection)]).fetchone() == (None,):
        return None
    summed = sql.SQL("SELECT count(*), coalesce(sum(xmin::text::bigint), 0)::bigint FROM {}").format(name)
    found = connection.execute(summed).fetchone()
    assert found is not None
    return int(str(found[1])) if found[0] == rows else None


def _options(schema: str) -> str:
    """Settings of a reading session, as libpq wants them: blanks and backslashes escaped."""
    escaped = quoted(schema).replace("\\", "\\\\").replace(" ", "\\ ")
    return f"-c search_path={escaped} -c timezone=UTC -c default_transaction_read_only=on"


def _require(*packages: str) -> None:
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError(package, "postgres") from error


def create(**settings: object) -> PostgresBackend:
    """The backend; ``url`` and, if another than ``staging`` is wanted, ``schema``."""
    return PostgresBackend(**settings)  # type: ignore[arg-type]
