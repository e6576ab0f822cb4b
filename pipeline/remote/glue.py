"""Glue's job runs: https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html and its neighbours."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.aws_client import asking, aws_client
from pipeline.remote.service import Arguments, JobState, standin_jobs, standin_log

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

SUCCEEDED = "SUCCEEDED"
ENDED = frozenset({SUCCEEDED, "FAILED", "STOPPED", "TIMEOUT", "ERROR", "EXPIRED"})


class Glue:
    """The job ``deploy.job``, which ``mirrorlake deploy`` points to script, wheel and jars; ``logs``: a stand-in's."""

    name = "Glue"

    def __init__(self, client: Any, job: str, env: str, logs: Path | None = None) -> None:
        self.client = client
        self.job = job
        self.env = env
        self.logs = logs

    def running(self, run_id: str) -> tuple[str, Arguments] | None:
        """See ``Service``."""
        with self._asking("list the job's runs"):
            found = self.client.get_job_runs(JobName=self.job, MaxResults=50)["JobRuns"]
        for run in found:
            arguments = _plain(run.get("Arguments") or {})
            if run["JobRunState"] not in ENDED and arguments.get("run_id") == run_id:
                return str(run["Id"]), arguments
        return None

    def start(self, arguments: Arguments) -> str:
        """See ``Service``."""
        given = {f"--{name}": value for name, value in arguments.items()}
        with self._asking("start the job"):
            return str(self.client.start_job_run(JobName=self.job, Arguments=given)["JobRunId"])

    def state(self, job_id: str) -> JobState:
        """See ``Service``."""
        with self._asking("ask for the job's state"):
            run = self.client.get_job_run(JobName=self.job, RunId=job_id)["JobRun"]
        word = str(run["JobRunState"])
        return JobState(word, word in ENDED, word == SUCCEEDED, str(run.get("ErrorMessage", "")))

    def stop(self, job_id: str) -> None:
        """See ``Service``."""
        with self._asking("stop the job"):
            self.client.batch_stop_job_run(JobName=self.job, JobRunIds=[job_id])

    def log_of(self, job_id: str) -> str:
        """See ``Service``."""
        cloud = f"CloudWatch, groups below /aws-glue/jobs, streams of {job_id}"
        return str(standin_log(self.logs, job_id) or cloud)

    def _asking(self, what: str) -> AbstractContextManager[None]:
        return asking(what, f"Glue job {self.job}", f"register it: mirrorlake deploy --env {self.env}")


def _plain(arguments: Arguments) -> dict[str, str]:
    return {name.removeprefix("--"): value for name, value in arguments.items()}


def create(workspace: Workspace) -> Glue:
    """The service of this workspace."""
    settings = workspace.settings
    client = aws_client(settings.s3.credentials(), "glue")
    return Glue(client, settings.deploy.job, settings.env, standin_jobs(settings))
