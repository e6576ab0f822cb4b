"""What can be set: one frozen dataclass per section. Names, types, choices and defaults stand here and nowhere else.

A key of a profile (``[gold] engine``), an environment variable (``MIRRORLAKE_GOLD_ENGINE``) and a row of ``mirrorlake
doctor`` follow from a field's name, and its checks from its type. ``pipeline.settings`` fills these in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from lake.errors import ConfigError
from pipeline.secret import Secret

POSITIVE = {"minimum": 1}


@dataclass(frozen=True)
class LakeSettings:
    """Where bronze, silver and gold lie: a folder, or a URL of an object store (``s3://bucket/prefix``)."""

    root: str = field(default="{data}/lake", metadata={"place": True})
    format: Literal["delta"] = "delta"


@dataclass(frozen=True)
class S3Settings:
    """How the bucket of ``lake.root`` is reached. Keys are needed only where the machine has no role."""

    region: str = "eu-central-1"
    endpoint: str | None = None
    allow_http: bool = False
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None


@dataclass(frozen=True)
class GoldSettings:
    """What executes the transformations."""

    engine: Literal["polars", "duckdb", "spark"] = "polars"


@dataclass(frozen=True)
class StagingSettings:
    """The database that enforces keys and references before the warehouse may load."""

    backend: Literal["duckdb", "postgres"] = "duckdb"
    folder: Path = Path("{data}/staging")
    url: Secret | None = None


@dataclass(frozen=True)
class WarehouseSettings:
    """Where dbt builds."""

    backend: Literal["duckdb", "snowflake"] = "duckdb"
    path: Path = Path("{data}/warehouse/warehouse.duckdb")


@dataclass(frozen=True)
class SnowflakeSettings:
    """The account that is used when ``warehouse.backend`` is ``snowflake``; by key pair or by token."""

    account: str | None = None
    authenticator: Literal["snowflake_jwt", "oauth", "programmatic_access_token"] = "snowflake_jwt"
    user: str | None = None
    role: str | None = None
    warehouse: str | None = None
    database: str = "MIRRORLAKE"
    private_key: Secret | None = None
    private_key_passphrase: Secret | None = None
    token: Secret | None = None


@dataclass(frozen=True)
class PublishSettings:
    """Where audited marts become visible; the newest ``keep`` published files stay, for readers at work."""

    folder: Path = Path("{data}/published")
    keep: int = field(default=2, metadata={"minimum": 2})


@dataclass(frozen=True)
class SourceSettings:
    """One API. ``live`` allows the network; ``retry_budget_seconds`` bounds all attempts of one request together."""

    archive_url: str = field(default="https://archive-api.open-meteo.com/v1/archive", metadata={"url": True})
    forecast_url: str = field(default="https://api.open-meteo.com/v1/forecast", metadata={"url": True})
    live: bool = False
    timeout_seconds: float = field(default=10.0, metadata={"minimum": 0.1})
    retry_budget_seconds: float = field(default=60.0, metadata={"minimum": 0})
    attempts: int = field(default=5, metadata=POSITIVE)
    parallel: int = field(default=4, metadata=POSITIVE)
    max_bytes: int = field(default=16_777_216, metadata=POSITIVE)
    api_key: Secret | None = None


@dataclass(frozen=True)
class SourcesSettings:
    """One section per source system."""

    openmeteo: SourceSettings = SourceSettings()


@dataclass(frozen=True)
class RunSettings:
    """What ``mirrorlake run`` covers when the command line does not say, and how it takes a lost race.

    A stage whose commit another writer forestalled is tried up to ``attempts`` times, after ``retry_seconds``, twice
    that, and so on.
    """

    first_date: date = date(2013, 7, 1)
    last_date: date = date(2013, 7, 7)
    locations: tuple[str, ...] = ("JFK", "LGA", "EWR")
    attempts: int = field(default=3, metadata=POSITIVE)
    retry_seconds: float = field(default=0.4, metadata={"minimum": 0})


@dataclass(frozen=True)
class DbtSettings:
    """dbt's target (a name in profiles/profiles.yml) and how many models it builds at once."""

    target: Literal["dev", "prod"] = "dev"
    threads: int = field(default=2, metadata=POSITIVE)


@dataclass(frozen=True)
class LeaseSettings:
    """``ttl_seconds``: a lease that is not renewed lapses. ``hold_seconds``: how long it outlives an ended stage,

    so that an orchestrator's retry finds it: longer than the longest delay between two tries; 0 releases at once.
    """

    ttl_seconds: float = field(default=60.0, metadata={"minimum": 1})
    hold_seconds: float = field(default=0.0, metadata={"minimum": 0})


@dataclass(frozen=True)
class AlertsSettings:
    """Whom to tell when a run fails: a webhook (POST of JSON), a command (JSON on its standard input), or nobody."""

    webhook_url: Secret | None = None
    command: str | None = None
    timeout_seconds: float = field(default=5.0, metadata={"minimum": 0.1})


@dataclass(frozen=True)
class Settings:
    """All of it. ``origins`` maps each key to ``(value as people may see it, where it came from)``."""

    env: str = field(metadata={"fixed": True})
    root: Path = field(metadata={"fixed": True})
    data: Path = Path("data/{env}")
    samples: Path = Path("samples")
    lake: LakeSettings = LakeSettings()
    s3: S3Settings = S3Settings()
    gold: GoldSettings = GoldSettings()
    staging: StagingSettings = StagingSettings()
    warehouse: WarehouseSettings = WarehouseSettings()
    snowflake: SnowflakeSettings = SnowflakeSettings()
    publish: PublishSettings = PublishSettings()
    sources: SourcesSettings = SourcesSettings()
    run: RunSettings = RunSettings()
    dbt: DbtSettings = DbtSettings()
    lease: LeaseSettings = LeaseSettings()
    alerts: AlertsSettings = AlertsSettings()
    origins: Mapping[str, tuple[str, str]] = field(
        default_factory=dict, compare=False, repr=False, metadata={"fixed": True}
    )

    def missing(self) -> list[str]:
        """Keys that the chosen backends need and that nothing sets."""
        needed = {
            "staging.url": self.staging.backend == "postgres" and self.staging.url is None,
            "snowflake.account": self.warehouse.backend == "snowflake" and not self.snowflake.account,
            "snowflake.user": self.warehouse.backend == "snowflake" and not self.snowflake.user,
            "snowflake.private_key or snowflake.token": self.warehouse.backend == "snowflake"
            and self.snowflake.private_key is None
            and self.snowflake.token is None,
        }
        return [key for key, lacking in needed.items() if lacking]

    def unsupported(self) -> list[str]:
        """What this environment asks for and this version cannot do yet, in words."""
        asked = {
            f"lake.root {self.lake.root!r}: the lake must be a folder": "://" in self.lake.root,
            "gold.engine 'spark'": self.gold.engine == "spark",
            "warehouse.backend 'snowflake'": self.warehouse.backend == "snowflake",
            "secrets by name from AWS Secrets Manager": any(
                shown.startswith("secret:") for shown, _ in self.origins.values()
            ),
        }
        return [words for words, wanted in asked.items() if wanted]

    def require_supported(self) -> None:
        """Raise one ConfigError that names all that keeps commands from running on this environment."""
        lacks = [f"not available yet: {words}" for words in self.unsupported()]
        lacks += [f"not set: {key} (environment: {_variables(key)})" for key in self.missing()]
        if lacks:
            otherwise = "" if self.env == "dev" else "run with --env dev, or "
            raise ConfigError(
                f"the environment {self.env!r} cannot run yet:\n    " + "\n    ".join(lacks),
                where=f"profiles/{self.env}.toml",
                fix=f"{otherwise}set these keys otherwise (mirrorlake doctor shows each with its origin)",
            )


def _variables(keys: str) -> str:
    """``MIRRORLAKE_STAGING_URL`` for ``staging.url``; of several keys, joined by ``or``, each."""
    return " or ".join(f"MIRRORLAKE_{key.upper().replace('.', '_')}" for key in keys.split(" or "))
