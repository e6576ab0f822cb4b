"""How a Snowflake account is reached: names, waits, and a key pair or a token as the arguments of its connector."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lake.errors import ConfigError

Reveal = Callable[[], str]
KEY_PAIR, TOKEN = "snowflake_jwt", "programmatic_access_token"


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
    authenticator: str = KEY_PAIR
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

    @property
    def patience_seconds(self) -> int:
        """How long one statement is waited for: Snowflake ends it before, by its own timeout."""
        return self.statement_seconds + self.network_seconds

    def arguments(self, tag: str, *, bare: bool = False) -> dict[str, Any]:
        """For ``SnowflakeConnection``. ``tag`` marks every statement in the account's history.

        ``bare`` is for who sets the account up: a login with a role that does not exist yet is refused.
        """
        names = {"role": self.role, "warehouse": self.warehouse, "database": self.database}
        arguments: dict[str, Any] = {
            **({} if bare else names),
            "account": self.account,
            "user": self.user,
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
        word = login_by(self.authenticator, has_key=self.private_key is not None, has_token=self.token is not None)
        if word == KEY_PAIR and self.private_key:
            passphrase = self.private_key_passphrase
            key = _der(self.private_key(), passphrase() if passphrase else None)
            return {"authenticator": word.upper(), "private_key": key}
        return {"authenticator": word.upper(), "token": self.token() if self.token else None}


def login_by(authenticator: str, *, has_key: bool, has_token: bool) -> str:
    """The authenticator that the setting and what there is to log in with come to.

    The setting decides where there are both, so that a token can take the place of the key that a profile names.
    """
    if authenticator == KEY_PAIR:
        return TOKEN if has_token and not has_key else KEY_PAIR
    return authenticator if has_token or not has_key else KEY_PAIR


def with_line_breaks(key: str) -> str:
    r"""A private key that may stand in one line, as in .env, with ``\n`` for each line break."""
    return key.replace("\\n", "\n").strip()


def _der(text: str, passphrase: str | None) -> bytes:
    """A private key in PEM, or its DER in base64, as unencrypted PKCS#8. No error shows any of it."""
    from cryptography.hazmat.primitives import serialization

    secret = passphrase.encode() if passphrase else None
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_private_key(with_line_breaks(text).encode(), password=secret)
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
