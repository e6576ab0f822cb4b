"""What can be set of databases: staging, warehouse, Snowflake's account, dbt, and where marts are published."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.secret import Secret
from pipeline.settings.values import POSITIVE


@dataclass(frozen=True)
class StagingSettings:
    """The database that enforces keys and references before the warehouse may load.

    ``tls`` required: a server that does not speak TLS, or whose certificate cannot be verified, is not spoken to.
    ``retry_seconds``: a lost connection is tried again for so long, be it while the server restarts.
    """

    backend: Literal["duckdb", "postgres"] = "duckdb"
    folder: Path = Path("{data}/staging")
    url: Secret | None = None
    tls: Literal["optional", "required"] = "optional"
    retry_seconds: float = field(default=5.0, metadata={"minimum": 0.1})


@dataclass(frozen=True)
class WarehouseSettings:
    """Where dbt builds."""

    backend: Literal["duckdb", "snowflake"] = "duckdb"
    path: Path = Path("{data}/warehouse/warehouse.duckdb")


@dataclass(frozen=True)
class SnowflakeSettings:
    """The account that is used when ``warehouse.backend`` is ``snowflake``; by key pair or by token.

    ``host``, ``port`` and ``protocol`` are set only where something stands in for the account's own address.
    ``role`` loads, builds and publishes; ``reader_role`` sees what is published; ``setup_role`` makes both, once.
    ``storage_role`` is the AWS role (ARN) by which ``integration`` reads the lake.
    ``login_seconds`` bounds logging in, ``network_seconds`` all tries of one request, ``statement_seconds`` one
    statement.
    """

    account: str | None = None
    host: str | None = None
    port: int = field(default=443, metadata=POSITIVE)
    protocol: Literal["https", "http"] = "https"
    authenticator: Literal["snowflake_jwt", "oauth", "programmatic_access_token"] = "snowflake_jwt"
    user: str | None = None
    role: str = "MIRRORLAKE_LOADER"
    reader_role: str = "MIRRORLAKE_READER"
    setup_role: str = "ACCOUNTADMIN"
    warehouse: str = "MIRRORLAKE"
    database: str = "MIRRORLAKE"
    integration: str = "MIRRORLAKE_LAKE"
    storage_role: str | None = None
    private_key: Secret | None = None
    private_key_passphrase: Secret | None = None
    token: Secret | None = None
    login_seconds: int = field(default=30, metadata=POSITIVE)
    network_seconds: int = field(default=120, metadata=POSITIVE)
    statement_seconds: int = field(default=3600, metadata=POSITIVE)


@dataclass(frozen=True)
class DbtSettings:
    """dbt's target (a name in profiles/profiles.yml) and how many models it builds at once."""

    target: Literal["dev", "prod"] = "dev"
    threads: int = field(default=2, metadata=POSITIVE)


@dataclass(frozen=True)
class PublishSettings:
    """Where audited marts become visible; the newest ``keep`` published files stay, for readers at work."""

    folder: Path = Path("{data}/published")
    keep: int = field(default=2, metadata={"minimum": 2})
