"""A session with Snowflake: logging in by key pair or token, our words for its errors, what may be tried again.

What is retried is a session or an answer that was lost, and it is retried by whoever knows how to find out what was
committed before (``retried``): here nothing is sent twice. A statement that the server ended by its own timeout would
only be ended again, and what it refuses it would refuse again.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import random
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lake.errors import ConfigError, MirrorlakeError, MissingExtraError, StorageError, WarehouseError
from warehouse.backends.base import Rows

T = TypeVar("T")
Reveal = Callable[[], str]
ATTEMPTS, FIRST_SECONDS = 4, 0.5

# Session gone or expired, and its tokens: the server does not know who asks. Logging in anew helps.
_SESSION = {390104, 390110, 390111, 390112, 390113, 390114, 390115, 390195, 390318}
# No connection, no answer in time, a gateway's error, a lost response.
_NETWORK = {250001, 250002, 250003, 250005, 250006, 251011, 251012, 253000, 261000, 390189, 604_001}
_TIMEOUT = {604, 630}  # cancelled: by somebody, or by STATEMENT_TIMEOUT_IN_SECONDS
_LOGIN = {250001, 390100, 390144, 394304, 394303, 394300, 390186, 390189, 390190, 390422}
_NOT_THERE = {2003, 2043, 90105, 90106}
_RIGHTS = {3001, 3003, 3007, 3041}
_LOCKED = {625, 639}  # waited for another transaction's lock until LOCK_TIMEOUT; aborted as a deadlock's victim


class LostSessionError(StorageError):
    """The session, or the answer to a statement, is lost: what it did has to be looked for before it is done again."""


@dataclass(frozen=True)
class Account:
    """How an account is reached. ``host``, ``port`` and ``protocol`` only where something stands in for its address.

    Secrets are functions, called when a session is opened and not before.
    """

    account: str
    user: str
    role: str
    warehouse: str
    database: str
    authenticator: str = "snowflake_jwt"
    private_key: Reveal | None = field(default=None, repr=False)
    private_key_passphrase: Reveal | None = field(default=None, repr=False)
    token: Reveal | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    protocol: str | None = None
    login_seconds: int = 30
    network_seconds: int = 120
    statement_seconds: int = 3600

    @property
    def place(self) -> str:
        """For people."""
        at = f" at {self.host}:{self.port}" if self.host else ""
        return f"snowflake {self.account}{at}, database {self.database}"

    def arguments(self, tag: str) -> dict[str, Any]:
        """For ``snowflake.connector.connect``. ``tag`` marks every statement in the account's history."""
        arguments: dict[str, Any] = {
            "account": self.account,
            "user": self.user,
            "role": self.role,
            "warehouse": self.warehouse,
            "database": self.database,
            "host": self.host,
            "port": self.port,
            "protocol": self.protocol,
            "login_timeout": self.login_seconds,
            "network_timeout": self.network_seconds,
            "socket_timeout": self.network_seconds,
            "application": "mirrorlake",
            "client_session_keep_alive": False,
            "platform_detection_timeout_seconds": 0.0,  # it would ask clouds who we are; keys and tokens need it not
            "session_parameters": {
                "QUERY_TAG": tag,
                "TIMEZONE": "UTC",
                "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
                "STATEMENT_TIMEOUT_IN_SECONDS": self.statement_seconds,
                # A COPY or MERGE whose client is gone must not go on beside the one that replaces it.
                "ABORT_DETACHED_QUERY": True,
                "LOCK_TIMEOUT": min(self.statement_seconds, 600),
            },
        }
        arguments |= self._credentials()
        return {name: value for name, value in arguments.items() if value is not None}

    def _credentials(self) -> dict[str, Any]:
        if self.private_key:
            passphrase = self.private_key_passphrase
            key = _der(self.private_key(), passphrase() if passphrase else None)
            return {"authenticator": "SNOWFLAKE_JWT", "private_key": key}
        word = "programmatic_access_token" if self.authenticator == "snowflake_jwt" else self.authenticator
        return {"authenticator": word.upper(), "token": self.token() if self.token else None}


def _der(text: str, passphrase: str | None) -> bytes:
    """A private key in PEM, or its DER in base64, as unencrypted PKCS#8. No error shows any of it."""
    from cryptography.hazmat.primitives import serialization

    secret = passphrase.encode() if passphrase else None
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_private_key(text.replace("\\n", "\n").encode(), password=secret)
        else:
            key = serialization.load_der_private_key(base64.b64decode(text, validate=True), password=secret)
    except (ValueError, TypeError, binascii.Error):
        raise ConfigError(
            "the private key for Snowflake cannot be read, or its passphrase does not fit",
            where="snowflake.private_key",
            fix="give a PKCS#8 key in PEM, or its DER in base64, and snowflake.private_key_passphrase if it has one",
        ) from None
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Session:
    """One session, closed by its owner. Outside ``transaction`` each statement commits by itself."""

    def __init__(self, connection: Any, place: str) -> None:
        self._connection = connection
        self.place = place

    def execute(self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()) -> Rows:
        """Run one statement; its rows. ``%s`` are parameters where there are any. Column names come in lower case."""
        with self._explained(sql), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            columns = tuple(str(column.name).lower() for column in cursor.description or ())
            return Rows(columns, [tuple(row) for row in cursor.fetchall()])

    def fetch_some(self, sql: str, count: int) -> Rows:
        """The first ``count`` rows of a SELECT."""
        with self._explained(sql), self._connection.cursor() as cursor:
            cursor.execute(sql)
            columns = tuple(str(column.name).lower() for column in cursor.description or ())
            return Rows(columns, [tuple(row) for row in cursor.fetchmany(count)])

    def fetch_arrow(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The rows of a SELECT as an Arrow table, its columns in lower case; also where there is no row."""
        with self._explained(sql), self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            table = cursor.fetch_arrow_all(force_return_table=True)
        return table.rename_columns([name.lower() for name in table.column_names])

    def arrow_batches(self, sql: str) -> Iterator[Any]:
        """The rows of a SELECT as Arrow tables, as they come; instants in microseconds."""
        with self._explained(sql), self._connection.cursor() as cursor:
            cursor.execute(sql)
            yield from cursor.fetch_arrow_batches(force_microsecond_precision=True)

    def number(self, sql: str) -> int:
        """The one number that a SELECT gives; 0 for NULL or no row."""
        rows = self.execute(sql).rows
        return int(str(rows[0][0])) if rows and rows[0][0] is not None else 0

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. No definition may stand inside: in Snowflake each one commits what is open."""
        self.execute("BEGIN TRANSACTION")
        try:
            yield
        except BaseException:
            with contextlib.suppress(MirrorlakeError):
                self.execute("ROLLBACK")
            raise
        self.execute("COMMIT")

    def close(self) -> None:
        """End it; what is open is rolled back by the server."""
        with contextlib.suppress(Exception):
            self._connection.close(retry=False)

    @contextlib.contextmanager
    def _explained(self, sql: str) -> Iterator[None]:
        import snowflake.connector.errors as theirs

        try:
            yield
        except theirs.Error as error:
            raise translated(error, self.place, sql) from error
        except OSError as error:  # what the connector's own HTTP client lets through: an answer that broke off
            raise _lost(str(error), f"{self.place}: {_first_words(sql)}") from error


def connect(account: Account, tag: str) -> Session:
    """Log in. StorageError where nobody answers, ConfigError where the login is refused, both without any secret."""
    try:
        with warnings.catch_warnings():
            # It carries a copy of requests, which does not know the newest releases of what it detects charsets with.
            warnings.simplefilter("ignore")
            import snowflake.connector
            import snowflake.connector.errors as theirs
    except ImportError:
        raise MissingExtraError("snowflake-connector-python", "snowflake") from None
    arguments = account.arguments(tag)
    try:
        return Session(snowflake.connector.connect(**arguments), account.place)
    except theirs.Error as error:
        raise _refused_login(error, account) from None


def _refused_login(error: Any, account: Account) -> MirrorlakeError:
    said = _said(error)
    if error.errno in _LOGIN - {250001} or "JWT" in said or "password was specified" in said:
        return ConfigError(
            f"Snowflake refuses the login of {account.user}: {said}",
            where=account.place,
            fix="check snowflake.user, its public key (ALTER USER ... SET RSA_PUBLIC_KEY) or token, and this clock",
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
