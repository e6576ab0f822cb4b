"""A job in the cloud as the gold stage sees it: started or joined, awaited, its result taken, its death noticed."""

from __future__ import annotations

import json
import shlex
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from lake.errors import CloudError, ConfigError, EngineError, LostRaceError, MirrorlakeError
from lake.storage.objects import Objects
from pipeline.gold_build import Built, BuiltTable
from pipeline.remote import messages, submit
from pipeline.remote.emr import AT_WORK, ENDED, EmrServerless, create
from pipeline.remote.glue import Glue
from pipeline.remote.job import read_arguments
from pipeline.remote.service import Arguments, JobState, standin_jobs
from pipeline.settings import load_settings
from pipeline.validation import Question
from pipeline.validation.cloud import job

BUILT = Built(3, {"t": BuiltTable(7, 10, 9, unchanged=False)}, {"s": 1, "t": 7}, {"s": 2})
RUNNING, DONE = JobState("RUNNING"), JobState("SUCCEEDED", ended=True, succeeded=True)


class Cloud:
    """A service whose job goes through ``states``; at the end it leaves ``result``."""

    name = "Cloud"

    def __init__(self, objects: Objects, states: list[JobState | Exception], result: object = None) -> None:
        self.objects, self.states, self.result = objects, states, result
        self.started: list[Arguments] = []
        self.stopped: list[str] = []
        self.at_work: tuple[str, Arguments] | None = None

    def running(self, run_id: str) -> tuple[str, Arguments] | None:
        return self.at_work

    def start(self, arguments: Arguments) -> str:
        self.started.append(arguments)
        return "job-1"

    def state(self, job_id: str) -> JobState:
        state = self.states.pop(0)
        if isinstance(state, BaseException):
            raise state
        key = (self.at_work[1] if self.at_work else self.started[-1])["result"]
        if not state.ended:
            messages.put_progress(self.objects, key, 2, 6)
        elif isinstance(self.result, Built):
            messages.put_result(self.objects, key, self.result)
        elif isinstance(self.result, MirrorlakeError):
            messages.put_error(self.objects, key, self.result)
        return state

    def stop(self, job_id: str) -> None:
        self.stopped.append(job_id)

    def log_of(self, job_id: str) -> str:
        return f"the log of {job_id}"


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "lake"))


@pytest.fixture
def build(objects: Objects, project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``build(cloud)``: the stage's build by that service; gives what came and what progress was told."""
    monkeypatch.setattr(submit, "FIRST_PAUSE_SECONDS", 0.0)

    def call(cloud: Cloud, *, interrupted: bool = False) -> tuple[Built, list[tuple[int, int]]]:
        monkeypatch.setattr(submit, "service", lambda _workspace: cloud)
        told: list[tuple[int, int]] = []
        context: Any = SimpleNamespace(
            workspace=SimpleNamespace(objects=objects, settings=load_settings("dev"), contracts={}),
            run_id="run-1",
            advance=lambda _stage, done, total: told.append((done, total)),
            interrupted=threading.Event(),
        )
        if interrupted:
            context.interrupted.set()
        return submit.build_remotely(context, full=True), told

    return call


def test_the_result_is_what_the_job_left(build: Any, objects: Objects) -> None:
    cloud = Cloud(objects, [RUNNING, RUNNING, DONE], BUILT)
    built, told = build(cloud)
    assert built == BUILT
    assert told == [(2, 6), (2, 6)]
    (arguments,) = cloud.started
    assert arguments["run_id"] == "run-1"
    assert arguments["full"] == "true"
    assert json.loads(arguments["settings"])["gold.engine"] == "spark"


def test_a_job_of_this_run_that_is_at_work_is_joined(build: Any, objects: Objects) -> None:
    cloud = Cloud(objects, [RUNNING, DONE], BUILT)
    cloud.at_work = ("job-0", {"result": "_state/jobs/run-1/other.json", "run_id": "run-1"})
    assert build(cloud)[0] == BUILT
    assert cloud.started == []


def test_a_job_whose_start_was_not_answered_is_joined(
    build: Any, objects: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = Cloud(objects, [RUNNING, DONE], BUILT)

    def refused(arguments: Arguments) -> str:
        if cloud.result is BUILT:
            cloud.at_work = ("job-1", arguments)
        raise CloudError("cannot start the job: ConcurrentRunsExceededException")

    monkeypatch.setattr(cloud, "start", refused)
    assert build(cloud)[0] == BUILT
    cloud.at_work, cloud.result = None, None  # nothing of ours is at work: somebody else's job is
    with pytest.raises(CloudError, match="ConcurrentRunsExceeded"):
        build(cloud)


def test_an_error_of_the_job_is_the_stages(build: Any, objects: Objects) -> None:
    failed = JobState("FAILED", ended=True, message="exit code 1")
    with pytest.raises(LostRaceError, match="quicker") as caught:
        build(Cloud(objects, [failed], LostRaceError("another was quicker", where="t", fix="again")))
    assert (caught.value.where, caught.value.fix) == ("t", "again")


def test_a_job_that_died_without_a_word_is_told_with_its_log(build: Any, objects: Objects) -> None:
    died = JobState("FAILED", ended=True, message="signal 9")
    with pytest.raises(EngineError, match="Cloud ended as FAILED: signal 9") as caught:
        build(Cloud(objects, [RUNNING, died]))
    assert caught.value.where == "the log of job-1"


def test_a_result_counts_whatever_became_of_the_job(build: Any, objects: Objects) -> None:
    assert build(Cloud(objects, [JobState("TIMEOUT", ended=True)], BUILT))[0] == BUILT


def test_a_few_unanswered_questions_are_no_end(build: Any, objects: Objects) -> None:
    silence = CloudError("cannot ask: no answer")
    states: list[JobState | Exception] = [silence, silence, RUNNING, silence, DONE]
    assert build(Cloud(objects, states, BUILT))[0] == BUILT
    with pytest.raises(CloudError, match="no answer"):
        build(Cloud(objects, [silence] * submit.PATIENCE))


def test_whoever_interrupts_the_run_stops_the_job(build: Any, objects: Objects) -> None:
    cloud = Cloud(objects, [RUNNING, RUNNING, DONE], BUILT)
    with pytest.raises(EngineError, match="interrupted"):
        build(cloud, interrupted=True)
    assert cloud.stopped == ["job-1"]


@pytest.mark.parametrize(("seconds", "late", "questions"), [(8, 1, 16), (60, 6, 40), (3600, 10, 400)])
def test_a_short_job_is_noticed_soon_and_a_long_one_seldom_asked_for(
    objects: Objects, project: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, late: float, questions: int
) -> None:
    now, asked = 0.0, 0

    class Job(Cloud):
        def state(self, job_id: str) -> JobState:
            nonlocal asked
            asked += 1
            self.states = [DONE if now >= seconds else RUNNING]
            return super().state(job_id)

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            nonlocal now
            now += timeout or 0.0
            return False

    monkeypatch.setattr(submit, "clock", lambda: now)
    monkeypatch.setattr(submit, "service", lambda _workspace: Job(objects, [], BUILT))
    workspace = SimpleNamespace(objects=objects, settings=load_settings("dev"), contracts={})
    context: Any = SimpleNamespace(
        workspace=workspace, run_id="run-1", advance=lambda *_: None, interrupted=Interrupted()
    )
    assert submit.build_remotely(context, full=True) == BUILT
    assert now - seconds <= late
    assert asked <= questions


def test_no_secret_is_among_the_settings_of_a_job(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", "the-key")
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", "the-secret")
    told = json.dumps(messages.settings_for_job(load_settings("prod")))
    assert "the-key" not in told
    assert "the-secret" not in told
    assert "lake.root" in told


def test_an_error_of_another_kind_is_an_engines(objects: Objects) -> None:
    objects.put(
        "e.json", json.dumps({"error": {"type": "Surprise", "what": "w", "where": None, "fix": None}}).encode(), "x"
    )
    objects.put(
        "m.json",
        json.dumps({"error": {"type": "MissingExtraError", "what": "w", "where": None, "fix": None}}).encode(),
        "x",
    )
    assert type(messages.result(objects, "e.json")) is EngineError
    assert type(messages.result(objects, "m.json")) is EngineError
    assert messages.result(objects, "nothing.json") is None


def test_arguments_are_read_without_glue() -> None:
    words = [word for name in messages.ARGUMENTS for word in (f"--{name}", f"<{name}>")]
    assert read_arguments(words) == {name: f"<{name}>" for name in messages.ARGUMENTS}
    with pytest.raises(ConfigError, match="not given: --code"):
        read_arguments(words[:-2])


class Recorder:
    """A client that writes down what it is asked and answers from ``answers``."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []  # type: ignore[var-annotated]

    def get_paginator(self, name: str) -> Any:
        return SimpleNamespace(paginate=lambda **arguments: [getattr(self, name)(**arguments)])

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append((name, arguments))
            return self.answers.get(name, {})

        return call


def test_glue_is_asked_by_its_own_words() -> None:
    runs = [
        {"Id": "old", "JobRunState": "FAILED", "Arguments": {"--run_id": "r"}},
        {"Id": "other", "JobRunState": "RUNNING", "Arguments": {"--run_id": "q"}},
        {"Id": "mine", "JobRunState": "STARTING", "Arguments": {"--run_id": "r", "--result": "k"}},
    ]
    client = Recorder(
        get_job_runs={"JobRuns": runs},
        start_job_run={"JobRunId": "jr"},
        get_job_run={"JobRun": {"JobRunState": "FAILED", "ErrorMessage": "why"}},
    )
    glue = Glue(client, "gold", "prod")
    assert glue.running("r") == ("mine", {"run_id": "r", "result": "k"})
    assert glue.running("z") is None
    assert glue.start({"run_id": "r"}) == "jr"
    assert client.asked[-1] == ("start_job_run", {"JobName": "gold", "Arguments": {"--run_id": "r"}})
    assert glue.state("jr") == JobState("FAILED", ended=True, message="why")
    glue.stop("jr")
    assert client.asked[-1] == ("batch_stop_job_run", {"JobName": "gold", "JobRunIds": ["jr"]})
    assert "jr" in glue.log_of("jr")


def test_the_log_of_a_job_that_a_stand_in_runs_is_a_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = project / "standins" / "aws" / "jobs"
    assert standin_jobs(load_settings("rehearsal")) is None, "they are not up"
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", "http://127.0.0.1:7777")
    logs = standin_jobs(load_settings("rehearsal"))
    services = (
        Glue(Recorder(), "gold", "rehearsal", logs),
        EmrServerless(Recorder(), "app", "r", FILES, None, logs),
    )
    assert not any(str(project) in each.log_of("jr") for each in services), "none of this folder's"
    (jobs / "jr").mkdir(parents=True)
    (jobs / "jr" / "log").touch()
    assert [each.log_of("jr") for each in services] == [str(jobs / "jr" / "log")] * 2


def test_a_job_that_is_not_registered_is_told_with_the_command_of_its_environment() -> None:
    told = {"Code": "EntityNotFoundException", "Message": "Job gold not found."}
    refused = ClientError({"Error": told}, "GetJobRuns")

    class Empty(Recorder):
        def get_job_runs(self, **_: Any) -> Any:
            raise refused

    with pytest.raises(CloudError, match="Job gold not found") as caught:
        Glue(Empty(), "gold", "rehearsal").running("r")
    assert caught.value.fix == "register it: mirrorlake deploy --env rehearsal"


FILES = {"script/glue_job.py": "s3://b/s.py", "wheel/m.whl": "s3://b/m.whl", "jar/a.jar": "s3://b/a.jar",
         "jar/b.jar": "s3://b/b.jar", "project/project.zip": "s3://b/p.zip"}  # fmt: skip


def test_emr_is_given_the_words_of_spark_submit() -> None:
    emr = EmrServerless(Recorder(), "app", "arn:role", FILES, None)
    request = emr.request({"run_id": "r", "env": "prod"})
    driver = request["jobDriver"]["sparkSubmit"]
    assert request["executionRoleArn"] == "arn:role"
    assert driver["entryPoint"] == "s3://b/s.py"
    assert driver["entryPointArguments"] == ["--run_id", "r", "--env", "prod", "--project", "s3://b/p.zip"]
    words = shlex.split(driver["sparkSubmitParameters"])
    assert words[:4] == ["--jars", "s3://b/a.jar,s3://b/b.jar", "--py-files", "s3://b/m.whl"]
    assert "spark.sql.session.timeZone=UTC" in words
    assert emr.request({"run_id": "r", "env": "prod"})["clientToken"] == request["clientToken"]
    assert emr.request({"run_id": "q", "env": "prod"})["clientToken"] != request["clientToken"]


def test_emr_takes_a_packed_environment_in_place_of_the_wheel() -> None:
    words = EmrServerless(Recorder(), "app", "arn:role", FILES, "s3://b/env.tar.gz").submit_parameters()
    assert "--py-files" not in words
    assert "spark.archives=s3://b/env.tar.gz#environment" in words


def test_emr_is_given_words_that_need_no_quotes() -> None:
    emr = EmrServerless(Recorder(), "app", "arn:role", FILES, "s3://b/env.tar.gz")
    told = emr.request({"run_id": "r"})["jobDriver"]["sparkSubmit"]["sparkSubmitParameters"]
    assert told.split(" ") == emr.submit_parameters()
    assert not set("'\"\\") & set(told)


def test_emr_without_our_packages_is_not_begun_with(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_ARTIFACTS", "s3://artifacts")
    monkeypatch.setenv("MIRRORLAKE_GOLD_RUNS_ON", "emr-serverless")
    workspace: Any = SimpleNamespace(settings=load_settings("prod"))
    with pytest.raises(ConfigError, match="no packed environment"):
        create(workspace)
    with pytest.raises(ConfigError, match="no packed environment"):
        list(job(Question(workspace)))  # `mirrorlake validate` says so before


def test_emr_is_asked_by_its_own_words() -> None:
    listed = [
        {"id": "other", "name": "mirrorlake gold s", "state": "RUNNING"},
        {"id": "mine", "name": "mirrorlake gold r", "state": "RUNNING"},
    ]
    run = {
        "state": "RUNNING",
        "stateDetails": "",
        "jobDriver": {"sparkSubmit": {"entryPointArguments": ["--run_id", "r", "--result", "k"]}},
    }
    client = Recorder(list_job_runs={"jobRuns": listed}, get_job_run={"jobRun": run}, start_job_run={"jobRunId": "j"})
    emr = EmrServerless(client, "app", "arn:role", FILES, None)
    assert emr.running("r") == ("mine", {"run_id": "r", "result": "k"})
    assert client.asked[0] == ("list_job_runs", {"applicationId": "app", "states": list(AT_WORK)})
    assert not ENDED & set(AT_WORK)
    named = get_session().get_service_model("emr-serverless").shape_for("JobRunState").enum
    assert {*ENDED, *AT_WORK} == set(named)
    assert emr.running("q") is None
    assert emr.start({"run_id": "r"}) == "j"
    assert emr.state("j") == JobState("RUNNING")
    emr.stop("j")
    assert client.asked[-1] == ("cancel_job_run", {"applicationId": "app", "jobRunId": "j"})
    assert "app" in emr.log_of("j")
