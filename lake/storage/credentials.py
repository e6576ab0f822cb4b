"""One spelling of credentials: how AWS is reached, said once and turned into each library's own options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from lake.errors import StorageError

if TYPE_CHECKING:
    import duckdb

ALLOW_HTTP = "allow_http"
RETRIES = "max_retries"
RETRY_TIMEOUT = "retry_timeout"
# obstore alone splits them: what is meant for the connection is no setting of the store
_OF_THE_CONNECTION = frozenset({ALLOW_HTTP, "allow_invalid_certificates", "timeout", "connect_timeout", "proxy_url"})
_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
MOST_RETRIES = 10
CONNECT_SECONDS = 5.0
NOBODY = object()
# What to do about credentials, for the errors of whoever is refused for them.
LOG_IN = "log in (aws sso login, aws configure), or set s3.access_key_id and s3.secret_access_key"
LOG_IN_AGAIN = "log in again (aws sso login), or check AWS_PROFILE and the profiles of ~/.aws/config"
RENEW = "log in again, or renew s3.session_token"


@dataclass(frozen=True)
class S3Credentials:
    """A region, and where needed an endpoint of one's own and keys. Without keys the machine's role has the rights.

    ``timeout_seconds`` bounds one request, ``retry_seconds`` all tries of one.
    """

    region: str
    endpoint: str | None = None
    allow_http: bool = False
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    retry_seconds: float = 60.0

    def object_options(self) -> dict[str, str]:
        """For deltalake as they are, for obstore and Polars by ``obstore_arguments`` and ``polars_options``.

        Without keys, those of the machine's role as they are now, where boto3 can tell; else each library looks for
        itself. They expire, so ask again for each use.
        """
        options = {
            "aws_region": self.region,
            "aws_endpoint": self.endpoint,
            **dict(zip(_KEYS, self._keys(), strict=True)),
            ALLOW_HTTP: "true" if self.allow_http else None,
            "timeout": f"{self.timeout_seconds:g}s",
            "connect_timeout": f"{min(self.timeout_seconds, CONNECT_SECONDS):g}s",
            RETRIES: str(MOST_RETRIES if self.retry_seconds else 0),
            RETRY_TIMEOUT: f"{self.retry_seconds:g}s",
        }
        return {name: value for name, value in options.items() if value}

    def spark_options(self) -> dict[str, str]:
        """For Spark's S3A file system, as configuration of a session."""
        temporary = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider"
        simple = "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider"
        provider = (temporary if self.session_token else simple) if self.access_key_id else None
        options = {
            "endpoint": self.endpoint,
            "endpoint.region": self.region,
            "access.key": self.access_key_id,
            "secret.key": self.secret_access_key,
            "session.token": self.session_token,
            "aws.credentials.provider": provider,
            # an endpoint of one's own knows buckets by path, and speaks TLS unless it was said otherwise
            "path.style.access": "true" if self.endpoint else None,
            "connection.ssl.enabled": "false" if self.allow_http else None,
        }
        return {f"spark.hadoop.fs.s3a.{name}": value for name, value in options.items() if value}

    def boto3_options(self) -> dict[str, str]:
        """For ``boto3.client(service, **options)``."""
        options = {
            "region_name": self.region,
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }
        return {name: value for name, value in options.items() if value}

    def _keys(self) -> tuple[str | None, str | None, str | None]:
        if self.access_key_id:
            return self.access_key_id, self.secret_access_key, self.session_token
        with _having_credentials(self.endpoint or self.region):
            role = _role()
        if role is None:
            return None, None, None
        if role is NOBODY:
            raise StorageError(
                "no credentials for AWS were found: neither keys nor a role of this machine",
                where=self.endpoint or self.region,
                fix=LOG_IN,
            )
        with _having_credentials(self.endpoint or self.region):
            keys = role.get_frozen_credentials()  # renewed by boto3 before they expire
        return keys.access_key, keys.secret_key, keys.token


@contextmanager
def _having_credentials(where: str) -> Iterator[None]:
    """A session that has expired, or a profile that is not there, as a StorageError."""
    try:
        yield
    except Exception as error:  # botocore's errors have no base in common
        if not type(error).__module__.startswith("botocore."):
            raise
        raise StorageError(
            f"no credentials for AWS could be had: {error}",
            where=where,
            fix=LOG_IN_AGAIN,
        ) from None


def _role() -> Any:
    """What boto3's chain finds (profile, single sign-on, container, instance): credentials that renew themselves.

    None without boto3: then each library looks for itself. NOBODY where nothing is found, which is asked anew each
    time: whoever logs in then need not start the process again.
    """
    try:
        return _found()
    except LookupError:
        return NOBODY


@cache
def _found() -> Any:
    """What is found once is kept: no error is."""
    try:
        import boto3
    except ImportError:
        return None
    found = boto3.Session().get_credentials()
    if found is None:
        raise LookupError
    return found


def obstore_arguments(options: Mapping[str, str]) -> dict[str, Any]:
    """``config``, ``client_options`` and ``retry_config`` of an obstore store, from object options."""
    client: dict[str, object] = {name: value for name, value in options.items() if name in _OF_THE_CONNECTION}
    if ALLOW_HTTP in client:
        client[ALLOW_HTTP] = client[ALLOW_HTTP] == "true"
    retry: dict[str, object] = {}
    if RETRIES in options:
        retry[RETRIES] = int(options[RETRIES])
    if RETRY_TIMEOUT in options:
        retry[RETRY_TIMEOUT] = timedelta(seconds=_seconds(options[RETRY_TIMEOUT]))
    config = {name: value for name, value in options.items() if name not in {*client, *retry}}
    return {"config": config, "client_options": client or None, "retry_config": retry or None}


def polars_options(options: Mapping[str, str]) -> dict[str, Any]:
    """Object options as Polars takes them: it has words of its own for retries."""
    plain: dict[str, Any] = {name: value for name, value in options.items() if name not in (RETRIES, RETRY_TIMEOUT)}
    if RETRIES in options:
        plain["max_retries"] = int(options[RETRIES])
    if RETRY_TIMEOUT in options:
        plain["retry_timeout_ms"] = int(_seconds(options[RETRY_TIMEOUT]) * 1000)
    return plain


def retry_seconds(options: Mapping[str, str]) -> float:
    """How long all tries of one call may take."""
    return _seconds(options.get(RETRY_TIMEOUT, "60s"))


def _seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def serve(connection: duckdb.DuckDBPyConnection, options: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Let a DuckDB connection read ``s3://`` by obstore, with the object options of a lake; a folder needs nothing."""
    if not options or "s3" in connection.list_filesystems():
        return connection
    from lake.storage.files import LakeFiles

    connection.register_filesystem(LakeFiles("s3", **obstore_arguments(options)))
    return connection
