"""A session with Snowflake: logging in by key pair or token, our words for its errors, what may be tried again.

What is retried is a session or an answer that was lost, and it is retried by whoever knows how to find out what was
committed before (``retried``): here nothing is sent twice. A statement that the server ended by its own timeout would
only be ended again, and what it refuses it would refuse again.
"""

from __future__ import annotations

import contextlib
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from lake.errors import ConfigError, MirrorlakeError, MissingExtraError, StorageError, WarehouseError
from warehouse.backends.base import Rows
from warehouse.warehouses._snowflake_account import Account

T = TypeVar("T")
ATTEMPTS, FIRST_SECONDS = 4, 0.5

# Session gone or expired, and its tokens: the server does not know who asks. Logging in anew helps.
_SESSION = {390104, 390110, 390111, 390112, 390113, 390114, 390115, 390195, 390318}
# No connection, no answer in time, a gateway's error, a lost response.
_NETWORK = {250001, 250002, 250003, 250005, 250006, 251011, 251012, 253000, 261000, 604_001}
_TIMEOUT = {604, 630}  # cancelled: by somebody, or by STATEMENT_TIMEOUT_IN_SECONDS
# Of a login that the server has judged: user, key, token, role, network policy. The connector's own begin with 25.
_FIRST_REFUSAL, _LAST_REFUSAL = 390000, 399999
_NOT_THERE = {2003, 2043, 90105, 90106}
_RIGHTS = {3001, 3003, 3007, 3041}
_LOCKED = {625, 639}  # waited for another transaction's lock until LOCK_TIMEOUT; aborted as a deadlock's victim


class LostSessionError(StorageError):
    """The session, or the answer to a statement, is lost: what it did has to be looked for before it is done again."""


class Session:
    """One session, closed by its owner. Outside ``transaction`` each statement commits by itself."""

    def __init__(self, connection: Any, place: str, patience_seconds: int) -> None:
        self._connection = connection
        self.place = place
        self._patience_seconds = patience_seconds

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Rows:
        """Run one statement; its rows. ``%s`` are parameters where there are any. Column names come in lower case."""
        with self._answered(sql, parameters) as cursor:
            columns = tuple(str(column.name).lower() for column in cursor.description or ())
            return Rows(columns, [tuple(row) for row in cursor.fetchall()])

    def fetch_some(self, sql: str, count: int) -> Rows:
        """The first ``count`` rows of a SELECT."""
        with self._answered(sql) as cursor:
            columns = tuple(str(column.name).lower() for column in cursor.description or ())
            return Rows(columns, [tuple(row) for row in cursor.fetchmany(count)])

    def fetch_arrow(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The rows of a SELECT as an Arrow table, its columns in lower case; also where there is no row."""
        with self._answered(sql, parameters) as cursor:
            table = cursor.fetch_arrow_all(force_return_table=True)
        return table.rename_columns([name.lower() for name in table.column_names])

    def arrow_batches(self, sql: str) -> Iterator[Any]:
        """The rows of a SELECT as Arrow tables, as they come; instants in microseconds."""
        with self._answered(sql) as cursor:
            yield from cursor.fetch_arrow_batches(force_microsecond_precision=True)

    def number(self, sql: str) -> int:
        """The one number that a SELECT gives; 0 for NULL or no row."""
        rows = self.execute(sql).rows
        return int(str(rows[0][0])) if rows and rows[0][0] is not None else 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Callable[[], None]]:
        """All or nothing: the caller is given what commits, for the end; without that, all of it is rolled back.

        No definition may stand inside: in Snowflake each one commits what is open.
        """
        self.execute("BEGIN TRANSACTION")
        asked = False

        def commit() -> None:
            nonlocal asked
            asked = True
            self.execute("COMMIT")

        try:
            yield commit
        finally:
            if not asked:
                with contextlib.suppress(MirrorlakeError):
                    self.execute("ROLLBACK")

    def close(self) -> None:
        """End it; what is open is rolled back by the server."""
        with contextlib.suppress(Exception):
            self._connection.close(retry=False)

    @contextlib.contextmanager
    def _answered(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Iterator[Any]:
        """A cursor on the answer; errors in our words, also those that come while it is read."""
        import snowflake.connector.errors as theirs

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, parameters or None, timeout=self._patience_seconds)
                yield cursor
        except theirs.Error as error:
            raise translated(error, self.place, sql) from error
        except OSError as error:  # what the connector's own HTTP client lets through: an answer that broke off
            raise _lost(str(error), f"{self.place}: {_first_words(sql)}") from error


def connect(account: Account, tag: str, *, bare: bool = False) -> Session:
    """Log in. StorageError where nobody answers, ConfigError where the login is refused, both without any secret.

    ``bare``: without role, warehouse and database, which may not exist yet.
    """
    try:
        with warnings.catch_warnings():
            # It carries a copy of requests, which does not know the newest releases of what it detects charsets with.
            warnings.simplefilter("ignore")
            import snowflake.connector
            import snowflake.connector.errors as theirs
    except ImportError:
        raise MissingExtraError("snowflake-connector-python", "snowflake") from None
    arguments = account.arguments(tag, bare=bare)
    try:
        connection = _patient(snowflake.connector.SnowflakeConnection)(**arguments)
    except theirs.Error as error:
        raise _refused_login(error, account) from None
    return Session(connection, account.place, account.patience_seconds)


def _patient(base: Any) -> Any:
    """The connector's connection, made to wait for long statements.

    A cursor knows one timeout, by default ``network_timeout``: after that long it cancels its statement, though the
    server answers all the time that it is still at work. So cursors are given a longer one, and it is kept from the
    single requests of a statement, whose tries it would bound, too.
    """

    class Patient(base):  # type: ignore[misc]
        def cmd_query(self, *arguments: Any, **named: Any) -> Any:
            return super().cmd_query(*arguments, **{**named, "timeout": self.network_timeout})

    return Patient


def _refused_login(error: Any, account: Account) -> MirrorlakeError:
    said = _said(error)
    if _FIRST_REFUSAL <= int(error.errno or 0) <= _LAST_REFUSAL:
        return ConfigError(
            f"Snowflake refuses the login of {account.user}: {said}",
            where=account.place,
            fix="check snowflake.user and role, the public key (ALTER USER ... SET RSA_PUBLIC_KEY) or token, and this "
            "clock; an account that is not set up yet has neither: docs/snowflake.md",
        )
    # The connector has tried again for login_seconds.
    return StorageError(
        f"Snowflake does not answer: {said}",
        where=account.place,
        fix="check snowflake.account and the network; in the rehearsal: just rehearse --keep",
    )


def translated(error: Any, place: str, sql: str) -> MirrorlakeError:
    """Our error for the connector's, by its number."""
    number, said = int(error.errno or 0), _said(error)
    where = f"{place}: {_first_words(sql)}"
    if number in _SESSION | _NETWORK or type(error).__name__ in ("OperationalError", "InterfaceError", "RetryRequest"):
        return _lost(said, where)
    if number in _TIMEOUT:
        return WarehouseError(
            f"Snowflake ended the statement: {said}",
            where=where,
            fix="give it longer (snowflake.statement_seconds) or a larger warehouse; nothing of it was kept",
        )
    if number in _LOCKED:
        return WarehouseError(f"another transaction is in the way: {said}", where=where, fix="run again when it ended")
    if number in _RIGHTS:
        return WarehouseError(
            f"the role may not do this: {said}", where=where, fix="run 00_setup.sql: mirrorlake warehouse --setup"
        )
    return WarehouseError(f"Snowflake: {said}", where=where)


def _lost(said: str, where: str) -> LostSessionError:
    return LostSessionError(f"the session with Snowflake was lost: {said}", where=where, fix="run again")


def is_not_there(error: MirrorlakeError) -> bool:
    """Whether a statement named something that does not exist (or may not be seen)."""
    return getattr(error.__cause__, "errno", None) in _NOT_THERE


def _said(error: Any) -> str:
    return " ".join(str(error.msg or error).split())[:400]


def _first_words(sql: str) -> str:
    return " ".join(sql.split()[:4])


def retried(work: Callable[[], T]) -> T:
    """Do ``work``, again from its start where its session was lost, with backoff. It has to look for what is done."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return work()
        except LostSessionError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(FIRST_SECONDS * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))  # noqa: S311 (jitter)
    raise AssertionError("the last attempt returns or raises")
