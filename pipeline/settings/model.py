"""What can be set: one frozen dataclass per section. Names, types, choices and defaults stand here and nowhere else.

A key of a profile (``[gold] engine``), an environment variable (``MIRRORLAKE_GOLD_ENGINE``) and a row of ``mirrorlake
doctor`` follow from a field's name, and its checks from its type. ``pipeline.settings`` fills these in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lake.errors import ConfigError
from pipeline.secret import Secret
from pipeline.settings.airflow import AirflowSettings
from pipeline.settings.databases import (
    DbtSettings,
    PublishSettings,
    SnowflakeSettings,
    StagingSettings,
    WarehouseSettings,
)
from pipeline.settings.gold import GoldSettings, SparkSettings
from pipeline.settings.values import POSITIVE

if TYPE_CHECKING:
    from lake.storage.credentials import S3Credentials

DEFAULT = "dev"  # the environment of who names none
REHEARSAL = "rehearsal"  # the one environment whose addresses and keys are those of the stand-ins at work


@dataclass(frozen=True)
class LakeSettings:
    """Where bronze, silver and gold lie: a folder, or a URL of an object store (``s3://bucket/prefix``).

    ``mirror`` is such a place, too: ``run --write-s3`` copies there what the run left in ``root``.
    """

    root: str = field(default="{data}/lake", metadata={"place": True})
    format: Literal["delta"] = "delta"
    mirror: str | None = field(default=None, metadata={"place": True})


@dataclass(frozen=True)
class S3Settings:
    """How AWS is reached: the bucket of ``lake.root``, Secrets Manager, Glue. Keys only where the machine has no role.

    A call that gets no answer in ``timeout_seconds``, or is told to come again, is repeated for up to
    ``retry_seconds``.
    """

    region: str = "eu-central-1"
    endpoint: str | None = field(default=None, metadata={"url": True})
    allow_http: bool = False
    access_key_id: Secret | None = None
    secret_access_key: Secret | None = None
    session_token: Secret | None = None
    timeout_seconds: float = field(default=30.0, metadata={"minimum": 0.1})
    retry_seconds: float = field(default=60.0, metadata={"minimum": 0})

    def credentials(self) -> S3Credentials:
        """The one spelling that every library's options are made of."""
        from lake.storage.credentials import S3Credentials

        access, secret, token = self.access_key_id, self.secret_access_key, self.session_token
        return S3Credentials(
            self.region,
            self.endpoint,
            self.allow_http,
            access.reveal() if access else None,
            secret.reveal() if secret else None,
            token.reveal() if token else None,
            timeout_seconds=self.timeout_seconds,
            retry_seconds=self.retry_seconds,
        )


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
    """What a run covers when nobody says, and how it takes a lost race.

    ``first_date`` to ``last_date``; where the profile names none, the day ``days_behind`` days before today, which is
    also the day of a run by schedule: as many as the sources need until a day is whole. A day that is more than
    ``longest_gap_days`` away from all that the lake has of its slice is refused.
    A stage whose commit another writer forestalled is tried up to ``attempts`` times, after ``retry_seconds``, twice
    that, and so on.
    """

    first_date: date | None = None
    last_date: date | None = None
    days_behind: int = field(default=1, metadata=POSITIVE)
    longest_gap_days: int = field(default=366, metadata=POSITIVE)
    locations: tuple[str, ...] = ("JFK", "LGA", "EWR")
    attempts: int = field(default=3, metadata=POSITIVE)
    retry_seconds: float = field(default=0.4, metadata={"minimum": 0})

    def dates(self, today: date) -> tuple[date, date]:
        """First and last run date of a command that names none, on the UTC day ``today``."""
        if self.first_date and self.last_date:
            return self.first_date, self.last_date
        day = today - timedelta(days=self.days_behind)
        return day, day


@dataclass(frozen=True)
class DeploySettings:
    """Where ``mirrorlake deploy`` puts what jobs in the cloud run from, and the names that it registers there.

    ``artifacts`` is a URL (``s3://bucket/prefix``); ``job`` is Glue's job, ``catalog`` Glue's database, ``role`` the
    ARN of the role that jobs run as, ``emr_application`` the id of an application of EMR Serverless and
    ``emr_environment`` the URL of a packed Python environment for it (docs/spark.md).
    """

    artifacts: str | None = field(default=None, metadata={"place": True})
    job: str = "mirrorlake-gold"
    catalog: str = "mirrorlake"
    role: str | None = None
    emr_application: str | None = None
    emr_environment: str | None = None


@dataclass(frozen=True)
class LeaseSettings:
    """``ttl_seconds``: a lease that is not renewed lapses. ``hold_seconds``: how long it outlives an ended stage under

    an orchestrator (``run --tries-left``), so that its next task or try finds it: longer than the longest delay between
    two tries (``airflow.retry_max_seconds``). A run of one's own releases it at once.
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
class ParitySettings:
    """``folder`` takes the reports of ``mirrorlake parity``.

    ``dev_data`` is the data of a dev run that was made to be compared with this environment: beside it, ``dev`` alone
    means that run.
    """

    folder: Path = Path("data/parity")
    dev_data: Path | None = None


@dataclass(frozen=True)
class Settings:
    """All of it. ``origins`` maps each key to ``(value as people may see it, where it came from)``."""

    env: str = field(metadata={"fixed": True})
    root: Path = field(metadata={"fixed": True})
    data: Path = Path("data/{env}")
    samples: Path = Path("samples")
    lake: LakeSettings = LakeSettings()
    s3: S3Settings = S3Settings()
    gold: GoldSettings = field(default_factory=GoldSettings)
    spark: SparkSettings = field(default_factory=SparkSettings)
    staging: StagingSettings = field(default_factory=StagingSettings)
    warehouse: WarehouseSettings = field(default_factory=WarehouseSettings)
    snowflake: SnowflakeSettings = field(default_factory=SnowflakeSettings)
    publish: PublishSettings = field(default_factory=PublishSettings)
    sources: SourcesSettings = SourcesSettings()
    run: RunSettings = RunSettings()
    dbt: DbtSettings = field(default_factory=DbtSettings)
    deploy: DeploySettings = DeploySettings()
    airflow: AirflowSettings = field(default_factory=AirflowSettings)
    lease: LeaseSettings = LeaseSettings()
    alerts: AlertsSettings = AlertsSettings()
    parity: ParitySettings = ParitySettings()
    origins: Mapping[str, tuple[str, str]] = field(
        default_factory=dict, compare=False, repr=False, metadata={"fixed": True}
    )

    def missing(self, *also: str) -> list[str]:
        """Keys that the chosen backends need, or ``also`` a command, and that nothing sets."""
        on_snowflake = self.warehouse.backend == "snowflake"
        needed = {
            "staging.url": self.staging.backend == "postgres" and self.staging.url is None,
            "snowflake.account": on_snowflake and not self.snowflake.account,
            "snowflake.user": on_snowflake and not self.snowflake.user,
            "snowflake.private_key or snowflake.token": on_snowflake
            and self.snowflake.private_key is None
            and self.snowflake.token is None,
            "s3.secret_access_key": self.s3.access_key_id is not None and self.s3.secret_access_key is None,
            "s3.access_key_id": self.s3.access_key_id is None and self.s3.secret_access_key is not None,
            "lake.root": self.gold.runs_on != "here" and "://" not in self.lake.root,
            "deploy.artifacts": self.gold.runs_on != "here" and not self.deploy.artifacts,
            "deploy.emr_application": self.gold.runs_on == "emr-serverless" and not self.deploy.emr_application,
        }
        needed |= {key: not attrgetter(key)(self) for key in also}
        return [key for key, lacking in needed.items() if lacking]

    @property
    def is_default(self) -> bool:
        """Whether this is the environment of who names none."""
        return self.env == DEFAULT

    @property
    def lacks_standins(self) -> bool:
        """Whether this environment speaks to stand-ins, and none are up: they would have said where they are."""
        return self.env == REHEARSAL and self.s3.endpoint is None

    def require_standins(self) -> None:
        """Raise ConfigError where stand-ins are not up: else the real cloud would be asked for their names."""
        if self.lacks_standins:
            raise ConfigError(
                "the stand-ins are not up", where=f"environment {self.env}", fix="start them: just rehearse --keep"
            )

    def require_supported(self, *also: str, section: str = "") -> None:
        """Raise one ConfigError that names all that keeps commands, or one that needs ``also``, from running here.

        With ``section``: a command that needs no other one of the settings that belong to an account.
        """
        self.require_standins()
        missing = [key for key in self.missing(*also) if key.startswith(section)]
        lacks = [f"not set: {key} (environment: {variables(key)})" for key in missing]
        if lacks:
            fix = f"set these variables, in the shell or in .env.{self.env}"
            if not self.is_default and self.env != REHEARSAL:
                fix += (
                    " (docs/promotion.md); to rehearse without an account: just rehearse --keep, then --env rehearsal"
                )
            raise ConfigError(
                f"the environment {self.env!r} cannot run yet:\n    " + "\n    ".join(lacks),
                where=f"profiles/{self.env}.toml",
                fix=fix,
            )


def variables(keys: str) -> str:
    """``MIRRORLAKE_STAGING_URL`` for ``staging.url``; of several keys, joined by ``or``, each."""
    return " or ".join(f"MIRRORLAKE_{key.upper().replace('.', '_')}" for key in keys.split(" or "))
