"""Glue's and EMR Serverless's job runs, which moto only pretends: here they run. All else of both stays moto's.

What moto lacks and the platform uses is added: Glue's UpdateJob and BatchStopJobRun.
"""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

import moto.emrserverless.models as emr
import moto.glue.models as glue
from moto.core.responses import ActionResult
from moto.glue.responses import GlueResponse

from rehearsal.serve.job_files import JobSpecification
from rehearsal.serve.job_runner import FAILED, STOPPED, SUCCEEDED, TIMEOUT, Runner

_RESERVED = {"--extra-py-files", "--additional-python-modules", "--extra-jars", "--extra-files", "--conf"}
_EMR_STATES = {SUCCEEDED: "SUCCESS", FAILED: "FAILED", STOPPED: "CANCELLED", TIMEOUT: "FAILED"}
_ENDED = {*_EMR_STATES, *_EMR_STATES.values()}


class GlueRun(glue.FakeJobRun):  # type: ignore[misc, unused-ignore]
    """A run whose state is that of its process."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.state = "STARTING"
        self.message = ""

    @property
    def status(self) -> str:
        """STARTING, RUNNING, SUCCEEDED, FAILED, STOPPED or TIMEOUT."""
        return self.state

    def advance(self) -> None:
        """The process advances it."""

    def begun(self) -> None:
        """The script runs."""
        self.state = "RUNNING"

    def ended(self, state: str, message: str) -> None:
        """The script has ended."""
        self.message, self.completed_on = message, _now()
        self.state = state

    def as_dict(self) -> dict[str, Any]:
        """As GetJobRun answers."""
        told: dict[str, Any] = super().as_dict() | {"GlueVersion": "5.1", "LogGroupName": "/aws-glue/jobs"}
        until = self.completed_on if self.state in _ENDED else _now()
        told["ExecutionTime"] = int((until - self.started_on).total_seconds())
        if self.state not in _ENDED:
            told.pop("CompletedOn")
        if self.message:
            told["ErrorMessage"] = self.message
        return told


def install(runner: Runner) -> None:
    """Let moto's job runs run by ``runner``."""
    _install_glue(runner)
    _install_emr(runner)


def _install_glue(runner: Runner) -> None:
    glue.FakeJobRun = GlueRun  # type: ignore[misc]
    start_glue = glue.FakeJob.start_job_run

    def start_glue_run(job: Any, *arguments: Any, **named: Any) -> str:
        run_id: str = start_glue(job, *arguments, **named)
        run = job.job_runs[-1]
        run.started_on = _now()
        runner.start(glue_specification(job, run), run.begun, run.ended)
        return run_id

    def batch_stop_job_run(response: Any) -> ActionResult:
        asked = response.parameters
        for each in asked["JobRunIds"]:
            runner.stop(each)
        stopped = [{"JobName": asked["JobName"], "JobRunId": each} for each in asked["JobRunIds"]]
        return ActionResult({"SuccessfulSubmissions": stopped, "Errors": []})

    glue.FakeJob.start_job_run = start_glue_run  # type: ignore[method-assign]
    GlueResponse.batch_stop_job_run = batch_stop_job_run  # type: ignore[attr-defined]
    GlueResponse.update_job = _update_job  # type: ignore[attr-defined]


def _install_emr(runner: Runner) -> None:
    start_emr, cancel_emr = emr.EMRServerlessBackend.start_job_run, emr.EMRServerlessBackend.cancel_job_run
    list_emr = emr.EMRServerlessBackend.list_job_runs

    def start_emr_run(backend: Any, *arguments: Any, **named: Any) -> Any:
        run = start_emr(backend, *arguments, **named)
        run.state, run.state_details, run.created_at = "SCHEDULED", "", _now()

        def begun() -> None:
            run.state = "RUNNING"

        def ended(state: str, message: str) -> None:
            run.state_details, run.updated_at = message, _now()
            run.total_execution_duration_seconds = int((run.updated_at - run.created_at).total_seconds())
            run.state = _EMR_STATES[state]

        runner.start(emr_specification(run, backend.region_name), begun, ended)
        return run

    def cancel_emr_run(backend: Any, application_id: str, job_run_id: str) -> Any:
        runner.stop(job_run_id)
        return cancel_emr(backend, application_id, job_run_id)

    def list_emr_runs(backend: Any, application_id: str, *arguments: Any, **named: Any) -> Any:
        if application_id in backend.applications:  # moto knows an application only from its first run on
            backend.job_runs.setdefault(application_id, [])
        return list_emr(backend, application_id, *arguments, **named)

    emr.EMRServerlessBackend.start_job_run = start_emr_run  # type: ignore[method-assign]
    emr.EMRServerlessBackend.cancel_job_run = cancel_emr_run  # type: ignore[method-assign]
    emr.EMRServerlessBackend.list_job_runs = list_emr_runs  # type: ignore[method-assign]


def glue_specification(job: Any, run: Any) -> JobSpecification:
    """What Glue reads out of a job's definition and a run's arguments."""
    given = {name: str(value) for name, value in (run.arguments or {}).items()}
    words = ["--JOB_NAME", job.name, "--JOB_ID", f"j_{job.name}", "--JOB_RUN_ID", run.job_run_id]
    for name, value in given.items():
        if name not in _RESERVED:
            words += [name, value]
    modules = [*_urls(given, "--additional-python-modules"), *_urls(given, "--extra-py-files")]
    return JobSpecification(
        run_id=run.job_run_id,
        role=job.role,
        region=job.backend.region_name,
        script=job.command["ScriptLocation"],
        words=tuple(words),
        modules=tuple(each for each in modules if each.startswith("s3://")),
        jars=_urls(given, "--extra-jars"),
        files=_urls(given, "--extra-files"),
        # Several settings stand in one argument: "a=b --conf c=d".
        configuration=tuple(each.strip() for each in given.get("--conf", "").split("--conf") if each.strip()),
        timeout_seconds=60.0 * (run.timeout or job.timeout or 60),
    )


def emr_specification(run: Any, region: str) -> JobSpecification:
    """What EMR Serverless reads out of a job driver."""
    driver = run.job_driver["sparkSubmit"]
    words, found = shlex.split(driver.get("sparkSubmitParameters") or ""), {}
    configuration = []
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name == "--conf":
            configuration.append(value)
        else:
            found[name] = value
    return JobSpecification(
        run_id=run.id,
        role=run.execution_role_arn,
        region=region,
        script=driver["entryPoint"],
        words=tuple(driver.get("entryPointArguments") or ()),
        modules=_urls(found, "--py-files"),
        jars=_urls(found, "--jars"),
        files=_urls(found, "--files"),
        configuration=tuple(each for each in configuration if not _is_of_the_cluster(each)),
        timeout_seconds=60.0 * run.execution_timeout_minutes,
    )


def _is_of_the_cluster(setting: str) -> bool:
    """Sizes of machines and archives of environments, which a laptop has not."""
    return setting.startswith(
        ("spark.executor", "spark.driver.", "spark.dynamicAllocation", "spark.archives", "spark.emr")
    )


def _update_job(response: Any) -> ActionResult:
    """https://docs.aws.amazon.com/glue/latest/webapi/API_UpdateJob.html: what is not given becomes its default."""
    name, update = response.parameters["JobName"], response.parameters["JobUpdate"]
    job = response.glue_backend.get_job(name)
    job.role, job.command = update["Role"], update["Command"]
    job.default_arguments = update.get("DefaultArguments", {})
    for key, attribute in (
        ("Description", "description"),
        ("Timeout", "timeout"),
        ("MaxRetries", "max_retries"),
        ("GlueVersion", "glue_version"),
        ("WorkerType", "worker_type"),
        ("NumberOfWorkers", "number_of_workers"),
        ("ExecutionProperty", "execution_property"),
    ):
        setattr(job, attribute, update.get(key, getattr(job, attribute)))
    job.last_modified_on = _now()
    return ActionResult({"JobName": name})


def _urls(given: dict[str, str], name: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in given.get(name, "").split(",") if each.strip())


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
