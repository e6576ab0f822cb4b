"""How the stand-in for Snowflake reads external stages: with the key of its storage integration, by obstore."""

from __future__ import annotations

from typing import Any

from duckdb import DuckDBPyConnection
from obstore.fsspec import FsspecStore


def serve(duck: DuckDBPyConnection, endpoint: str, key: str, secret: str) -> None:
    """Let every session read ``s3://``; DuckDB's own extension is not needed, and not downloaded."""
    config: Any = {
        "aws_endpoint": endpoint,
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        "aws_region": "eu-central-1",
    }
    duck.register_filesystem(FsspecStore("s3", config=config, client_options={"allow_http": True}))
