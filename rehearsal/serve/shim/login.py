"""Logging in by key pair, really verified: https://docs.snowflake.com/en/user-guide/key-pair-auth."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from rehearsal.serve.shim.account import Account


class LoginError(Exception):
    """The login is refused; ``code`` is Snowflake's number."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def verified(account: Account, data: dict[str, Any]) -> str:
    """The user whom the request's token proves; LoginError otherwise."""
    user = str(data.get("LOGIN_NAME", "")).upper()
    if str(data.get("AUTHENTICATOR", "")).upper() != "SNOWFLAKE_JWT":
        raise LoginError("390100", "Incorrect username or password was specified: this account takes key pairs only.")
    token = str(data.get("TOKEN", ""))
    for key in account.users.get(user, []):
        try:
            claims = jwt.decode(token, key, algorithms=["RS256", "ES256"], options={"require": ["iss", "sub", "exp"]})
        except jwt.InvalidTokenError:
            continue
        subject = f"{account.name}.{user}"
        if claims["sub"] == subject and claims["iss"] == f"{subject}.{fingerprint(key)}":
            return user
    raise LoginError("390144", "JWT token is invalid.")


def fingerprint(key: str) -> str:
    """``SHA256:`` and the hash of a public key (PEM), as DESCRIBE USER shows it."""
    der = serialization.load_pem_public_key(key.encode()).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()
