"""One spelling of credentials: how the bucket is reached, said once and turned into each library's own options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

ALLOW_HTTP = "allow_http"


@dataclass(frozen=True)
class S3Credentials:
    """A region, and where needed an endpoint of one's own and keys. Without keys the machine's role has the rights."""

    region: str
    endpoint: str | None = None
    allow_http: bool = False
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    retry_seconds: float = 60.0

    def object_options(self) -> dict[str, str]:
        """For obstore, deltalake and Polars, which spell them alike."""
        options = {
            "aws_region": self.region,
            "aws_endpoint": self.endpoint,
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
            ALLOW_HTTP: "true" if self.allow_http else None,
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


def serve(connection: duckdb.DuckDBPyConnection, options: Mapping[str, str]) -> duckdb.DuckDBPyConnection:
    """Let a DuckDB connection read ``s3://`` by obstore, with the object options of a lake; a folder needs nothing."""
    if not options:
        return connection
    from obstore.fsspec import FsspecStore

    config: Any = {name: value for name, value in options.items() if name != ALLOW_HTTP}
    client: Any = {ALLOW_HTTP: True} if ALLOW_HTTP in options else {}
    connection.register_filesystem(FsspecStore("s3", config=config, client_options=client))
    return connection
