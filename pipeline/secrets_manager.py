"""Secrets by name: what ``secret:NAME`` in a profile stands for, read from AWS Secrets Manager when it is needed.

Asked with the region, endpoint and keys of the section ``[s3]``, or with the machine's role. A value is kept for the
life of the process and never written down.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from lake.errors import ConfigError
from lake.storage.credentials import LOG_IN, RENEW
from pipeline.aws_client import CHECK_KEYS, aws_client, remedy

if TYPE_CHECKING:
    from lake.storage.credentials import S3Credentials

_ELSE = "or give the value by its environment variable (mirrorlake doctor names it)"
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html, and the errors common to AWS
_MEANING = {
    "ResourceNotFoundException": ("there is no secret of that name", "create it in this region and account"),
    "InvalidRequestException": ("it is marked for deletion, or has no current version", "restore it or put a value"),
    "DecryptionFailure": ("it cannot be decrypted", "grant kms:Decrypt on its key"),
    "AccessDeniedException": ("access is denied", "grant secretsmanager:GetSecretValue on it to this role"),
    "AccessDenied": ("access is denied", "grant secretsmanager:GetSecretValue on it to this role"),
    "ExpiredTokenException": ("the session's credentials have expired", RENEW),
    "ExpiredToken": ("the session's credentials have expired", RENEW),
    "UnrecognizedClientException": ("the credentials are not valid", CHECK_KEYS),
    "InvalidSignatureException": ("the credentials are not valid", CHECK_KEYS),
    "InvalidClientTokenId": ("the credentials are not valid", CHECK_KEYS),
}


class SecretsManager:
    """The Secrets Manager that credentials open; asked once for each name."""

    def __init__(self, credentials: Callable[[], S3Credentials]) -> None:
        self._credentials = credentials
        self._values: dict[str, str] = {}
        self._alone = Lock()

    def resolve(self, name: str) -> str:
        """The value of the secret ``name``; ConfigError that says why there is none."""
        with self._alone:
            if name not in self._values:
                self._values[name] = self._ask(name)
            return self._values[name]

    def _ask(self, name: str) -> str:
        credentials = self._credentials()
        client = aws_client(credentials, "secretsmanager")
        import botocore.exceptions

        try:
            answer = client.get_secret_value(SecretId=name)
        except botocore.exceptions.ClientError as error:
            told = error.response.get("Error", {})
            code = str(told.get("Code", "unknown"))
            meaning, fix = _MEANING.get(code, (f"{code}: {told.get('Message', '')}".strip(), "check name and rights"))
            raise _refused(name, credentials, meaning, fix) from None
        except botocore.exceptions.NoCredentialsError:
            meaning = "neither keys nor a role of this machine were found"
            raise _refused(name, credentials, meaning, LOG_IN) from None
        except botocore.exceptions.BotoCoreError as error:
            raise _refused(name, credentials, f"no answer: {error}", remedy(error)) from None
        value = answer.get("SecretString")
        if not value:
            raise _refused(name, credentials, "it holds no text", "store it as text (SecretString)")
        return str(value)


def _refused(name: str, credentials: S3Credentials, meaning: str, fix: str) -> ConfigError:
    where = f"AWS Secrets Manager, {credentials.endpoint or credentials.region}"
    return ConfigError(f"the secret {name!r} cannot be read: {meaning}", where=where, fix=f"{fix}; {_ELSE}")
