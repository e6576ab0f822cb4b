"""EMR Serverless's job runs: spark-submit by request.

https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html. What Glue reads out of its job's
definition is said here with every run: script, wheel or packed environment, jars, settings of Spark. They are those of
the deployment in force (``pipeline.deployed``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.engines.spark_session import spark_submit_options
from lake.errors import ConfigError
from pipeline.aws_client import asking, aws_client
from pipeline.deployed import artifacts_bucket, jars_of_job, manifest
from pipeline.remote.service import Arguments, JobState, standin_jobs, standin_log

if TYPE_CHECKING:
    from pipeline.settings import Settings
    from pipeline.workspace import Workspace

SUCCEEDED = "SUCCESS"
ENDED = frozenset({SUCCEEDED, "FAILED", "CANCELLED"})
AT_WORK = ("SUBMITTED", "PENDING", "SCHEDULED", "QUEUED", "RUNNING", "CANCELLING")
MINUTES = 60


class EmrServerless:
    """One application; ``files`` maps ``kind/name`` of the deployment to URLs; ``logs``: a stand-in's."""

    name = "EMR Serverless"

    def __init__(
        self,
        client: Any,
        application: str,
        role: str,
        files: Mapping[str, str],
        environment: str | None,
        logs: Path | None = None,
    ) -> None:
        self.client = client
        self.application = application
        self.role = role
        self.files = files
        self.environment = environment
        self.logs = logs

    def running(self, run_id: str) -> tuple[str, Arguments] | None:
        """See ``Service``; a run is known by its name. In which order they are listed is not promised."""
        with asking("list the application's runs", self._where):
            pages = self.client.get_paginator("list_job_runs").paginate(
                applicationId=self.application, states=list(AT_WORK)
            )
            found = [str(run["id"]) for page in pages for run in page["jobRuns"] if run.get("name") == _name(run_id)]
        return (found[0], self._arguments(found[0])) if found else None

    def start(self, arguments: Arguments) -> str:
        """See ``Service``. The same request again starts nothing: its token is a hash of the arguments."""
        with asking("start the job", self._where):
            started = self.client.start_job_run(**self.request(arguments))
        return str(started["jobRunId"])

    def request(self, arguments: Arguments) -> dict[str, Any]:
        """What StartJobRun is asked, with the parameters of spark-submit."""
        words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        driver = {
            "entryPoint": self._only("script"),
            "entryPointArguments": [*words, "--project", self._only("project")],
            # As in all of AWS's examples no word is quoted, not even one with a "#"; none of ours has a blank.
            "sparkSubmitParameters": " ".join(self.submit_parameters()),
        }
        return {
            "applicationId": self.application,
            "executionRoleArn": self.role,
            "name": _name(arguments["run_id"]),
            "clientToken": hashlib.sha256(json.dumps(sorted(arguments.items())).encode()).hexdigest()[:32],
            "jobDriver": {"sparkSubmit": driver},
            "executionTimeoutMinutes": MINUTES,
        }

    def submit_parameters(self) -> list[str]:
        """The words of spark-submit: our code (a packed environment, else the wheel alone), jars, settings."""
        jars = [url for name, url in sorted(self.files.items()) if name.startswith("jar/")]
        words = ["--jars", ",".join(jars)]
        options = spark_submit_options()
        if self.environment is None:
            words += ["--py-files", self._only("wheel")]
        else:
            python = "./environment/bin/python"
            options |= {
                "spark.archives": f"{self.environment}#environment",
                "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": python,
                "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": python,
                "spark.executorEnv.PYSPARK_PYTHON": python,
            }
        for name, value in options.items():
            words += ["--conf", f"{name}={value}"]
        return words

    def state(self, job_id: str) -> JobState:
        """See ``Service``."""
        run = self._run(job_id)
        word = str(run["state"])
        return JobState(word, word in ENDED, word == SUCCEEDED, str(run.get("stateDetails") or ""))

    def stop(self, job_id: str) -> None:
        """See ``Service``."""
        with asking("stop the job", self._where):
            self.client.cancel_job_run(applicationId=self.application, jobRunId=job_id)

    def log_of(self, job_id: str) -> str:
        """See ``Service``."""
        cloud = f"the console: job run {job_id} of application {self.application}, driver log (kept for 30 days)"
        return str(standin_log(self.logs, job_id) or cloud)

    def _run(self, job_id: str) -> dict[str, Any]:
        with asking("ask for the job's state", self._where):
            return dict(self.client.get_job_run(applicationId=self.application, jobRunId=job_id)["jobRun"])

    def _arguments(self, job_id: str) -> Arguments:
        words = self._run(job_id)["jobDriver"]["sparkSubmit"]["entryPointArguments"]
        return {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=False)}

    def _only(self, kind: str) -> str:
        return next(url for name, url in sorted(self.files.items()) if name.startswith(f"{kind}/"))

    @property
    def _where(self) -> str:
        return f"EMR Serverless application {self.application}"


def _name(run_id: str) -> str:
    return f"mirrorlake gold {run_id}"


def deployed(workspace: Workspace) -> tuple[dict[str, str], str | None]:
    """URLs by ``kind/name`` of the deployment in force, and its application; ConfigError before the first one."""
    settings = workspace.settings
    bucket = artifacts_bucket(workspace)
    found = manifest(bucket, settings.env)
    if not found:
        raise ConfigError(
            f"nothing was deployed for {settings.env!r} yet",
            where=bucket.root,
            fix=f"mirrorlake deploy --env {settings.env}",
        )
    files = {name: bucket.url(key) for name, key in found["artifacts"].items()}
    given = jars_of_job(settings, [url for name, url in files.items() if name.startswith("jar/")])
    kept = {name: url for name, url in files.items() if not name.startswith("jar/") or url in given}
    return kept, found.get("emr_application")


def require_settings(settings: Settings) -> None:
    """Raise ConfigError for what a job could not do without."""
    if settings.s3.endpoint is None and settings.deploy.emr_environment is None:
        raise ConfigError(
            "EMR Serverless has neither our Python nor our dependencies, and is told of no packed environment",
            where="setting deploy.emr_environment",
            fix="pack one, upload it below environments/ of the artifacts bucket and set its URL (docs/spark.md)",
        )
    if settings.deploy.role is None:
        raise ConfigError(
            "EMR Serverless has to be told which role a job runs as",
            where="setting deploy.role",
            fix="set MIRRORLAKE_DEPLOY_ROLE to its ARN (terraform output)",
        )


def create(workspace: Workspace) -> EmrServerless:
    """The service of this workspace. Raises ConfigError, and StorageError where the deployment cannot be read."""
    settings = workspace.settings
    require_settings(settings)
    files, application = deployed(workspace)
    client = aws_client(settings.s3.credentials(), "emr-serverless")
    chosen = application or settings.deploy.emr_application or ""
    role, environment = settings.deploy.role or "", settings.deploy.emr_environment
    return EmrServerless(client, chosen, role, files, environment, standin_jobs(settings))
