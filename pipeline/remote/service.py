"""What the stage asks of a service that runs jobs: start one, say how it is, stop it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

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


def service(workspace: Workspace) -> Service:
    """The service that ``gold.runs_on`` names. Raises ConfigError, MissingExtraError, StorageError."""
    module = {"glue": "glue", "emr-serverless": "emr"}[workspace.settings.gold.runs_on]
    return cast(Service, importlib.import_module(f"pipeline.remote.{module}").create(workspace))
