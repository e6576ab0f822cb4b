"""What the stage asks of a service that runs jobs: start one, say how it is, stop it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.workspace import Workspace

STANDIN_JOBS = Path("standins", "aws", "jobs")  # in the data folder of the rehearsal
Arguments = Mapping[str, str]  # what the job's script is given, by name


@dataclass(frozen=True)
class JobState:
    """How a job is: the service's own word, whether it has ended and well, and what the service says beside it."""

    word: str
    ended: bool = False
    succeeded: bool = False
    message: str = ""


class Service(Protocol):
    """A service that runs jobs. Every method raises CloudError where the service refuses."""

    name: str

    def running(self, run_id: str) -> tuple[str, Arguments] | None:
        """A job of this run that has not ended, started by a process that is gone: its id and its arguments."""
        ...

    def start(self, arguments: Arguments) -> str:
        """Start the job with these arguments and give its id."""
        ...

    def state(self, job_id: str) -> JobState:
        """How it is now."""
        ...

    def stop(self, job_id: str) -> None:
        """Ask it to end."""
        ...

    def log_of(self, job_id: str) -> str:
        """Where people find what it said."""
        ...


def standin_jobs(settings: Settings) -> Path | None:
    """Where a stand-in of this data folder keeps ``<job id>/log``; None where nothing stands in."""
    return settings.data / STANDIN_JOBS if settings.s3.endpoint is not None else None


def standin_log(jobs: Path | None, job_id: str) -> Path | None:
    """The log of a job, once a stand-in has it."""
    log = None if jobs is None else jobs / job_id / "log"
    return log if log is not None and log.is_file() else None


def service(workspace: Workspace) -> Service:
    """The service that ``gold.runs_on`` names. Raises ConfigError, MissingExtraError, StorageError."""
    module = {"glue": "glue", "emr-serverless": "emr"}[workspace.settings.gold.runs_on]
    return cast(Service, importlib.import_module(f"pipeline.remote.{module}").create(workspace))
