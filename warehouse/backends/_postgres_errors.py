"""What Postgres's errors mean to us, whichever driver brings them: try again, refused rows, or say so and stop.

Both psycopg and ADBC carry the SQLSTATE (PostgreSQL manual, appendix A) where the server spoke. Where it did not, the
connection failed. No message that leaves here shows a password.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from lake.errors import StorageError, WarehouseError

# Connection exceptions; shutdown, crash, starting up; serialization failure and deadlock; too many connections.
_AGAIN = ("08", "57P01", "57P02", "57P03", "40001", "40P01", "53300")
_STOP = {
    "28": "check user and password in staging.url",
    "3D": "create the database, or mend staging.url",
    "42501": "grant the user CREATE and USAGE on the schema, or let an administrator create it",
    "53100": "free some space on the server, then run again",
    "53200": "give the server more memory, then run again",
    "55P03": "wait until the reader or writer that holds the tables is done, then run again",
    "57014": "raise statement_timeout of the role, then run again",
}
# "system" is where a driver's own OpenSSL looks, which in psycopg's wheel is no folder of the machine's.
_CERTIFICATE = (
    "name the file of the server's authority in staging.url: sslrootcert=FILE (RDS: its global-bundle.pem; a public "
    "authority: the machine's bundle, such as /etc/ssl/certs/ca-certificates.crt)"
)
# A refusal at connecting has no SQLSTATE in either driver.
_MALFORMED = "write staging.url as postgresql://user:password@host:port/database"
_KEY_VALUE = re.compile(r"(?:^|\s)password\s*=\s*'?([^\s']+)")
_SPOKEN = {
    "authentication failed": _STOP["28"],
    "no password supplied": _STOP["28"],
    "no pg_hba.conf entry": _STOP["28"],
    "FATAL: role": _STOP["28"],
    "FATAL: database": _STOP["3D"],
    "connection info string": _MALFORMED,
    "invalid URI": _MALFORMED,
    "invalid port number": _MALFORMED,
    "invalid connection option": _MALFORMED,
    "certificate verify failed": _CERTIFICATE,
    "root certificate file": _CERTIFICATE,
    "server certificate for": "reach the server by the name that its certificate has, or say sslmode=verify-ca",
    "does not support SSL": "let the server speak TLS; staging.tls = optional is for a server on this machine",
}


class Lost(Exception):  # noqa: N818 (a state, not a fault of ours: it is caught and tried again)
    """The connection was lost, or never came about. What it says is fit for people."""


class Refused(Exception):  # noqa: N818 (turned into IntegrityError by who knows the batch)
    """A constraint refused rows. What it says may hold values of the row."""


def described(url: str) -> str:
    """Host and database of a libpq URL, without user, password and parameters."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or "@" in parts.path:
        return "the database of staging.url"
    host = parts.hostname or (parse_qs(parts.query).get("host") or ["local"])[0]
    return f"postgresql://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"


def hidden(text: str, url: str) -> str:
    """``text`` without the URL or its password, in case a driver quotes them."""
    parts = urlsplit(url)
    given = [parts.password or "", *parse_qs(parts.query).get("password", []), *_KEY_VALUE.findall(url)]
    for secret in filter(None, (url, *given, *map(unquote, given))):
        text = text.replace(secret, "****")
    return text


@contextlib.contextmanager
def judged(url: str, target: str) -> Iterator[None]:
    """Turn the drivers' errors into Lost, Refused, StorageError or WarehouseError; all others pass."""
    import adbc_driver_manager
    import psycopg

    try:
        yield
    except (psycopg.Error, adbc_driver_manager.Error) as error:
        raise _meaning(error, url, target) from None


def _meaning(error: Exception, url: str, target: str) -> Exception:
    state = getattr(error, "sqlstate", None)
    said = hidden(" ".join(str(error).split()), url)
    if state is None:
        for words, fix in _SPOKEN.items():
            if words in said:
                return StorageError(f"Postgres refuses: {said}", where=target, fix=fix)
        return Lost(said)
    if state.startswith("23"):
        return Refused(said)
    if state.startswith(_AGAIN):
        return Lost(said)
    for code, fix in _STOP.items():
        if state.startswith(code):
            return StorageError(f"Postgres refuses: {said}", where=target, fix=fix)
    return WarehouseError(f"Postgres: {said} (SQLSTATE {state})", where=target)
