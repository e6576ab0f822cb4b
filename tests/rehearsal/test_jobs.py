"""Jobs really run: with what lies in the bucket, the rights of their role, and the outcome of their script."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import pytest

from pipeline.remote.emr import EmrServerless
from rehearsal import accounts
from rehearsal.aws import Aws
from rehearsal.standins import StandIns

SCRIPT = """
import os, sys, boto3
from greeting import WORD
from awsglue.utils import getResolvedOptions
told = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket", "answer"])
if told["answer"] == "fail":
    raise SystemExit("nothing to greet")
if told["answer"] == "sleep":
    import time; time.sleep(60)
said = WORD + b" from " + told["JOB_NAME"].encode()
boto3.client("s3").put_object(Bucket=told["bucket"], Key=told["answer"], Body=said)
"""
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "SUCCESS", "CANCELLED"}


@pytest.fixture
def artifacts(aws: Aws, bucket: str) -> dict[str, str]:
    """The script and a wheel in the bucket: their URLs."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        wheel.writestr("greeting.py", "WORD = b'hello'\n")
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="job.py", Body=SCRIPT.encode())
    s3.put_object(Bucket=bucket, Key="greeting-1-py3-none-any.whl", Body=packed.getvalue())
    return {"script": f"s3://{bucket}/job.py", "wheel": f"s3://{bucket}/greeting-1-py3-none-any.whl"}


def create(aws: Aws, name: str, role: str, artifacts: dict[str, str], **more: Any) -> Any:
    glue = aws.client("glue")
    glue.create_job(
        Name=name,
        Role=role,
        Command={"Name": "glueetl", "ScriptLocation": artifacts["script"]},
        DefaultArguments={"--additional-python-modules": f"{artifacts['wheel']},polars==2.1", "--answer": "default"},
        **more,
    )
    return glue


def outcome(glue: Any, name: str, run_id: str, *, until: set[str] = ENDED) -> dict[str, Any]:
    for _ in range(300):
        run: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        if run["JobRunState"] in until:
            return run
        time.sleep(0.1)
    raise AssertionError(run)


def test_a_job_runs_from_the_bucket_and_writes_with_its_role(
    standins: StandIns, artifacts: dict[str, str], bucket: str, unique: str
) -> None:
    glue = create(standins.aws, unique, standins.job_role, artifacts)
    run = glue.start_job_run(JobName=unique, Arguments={"--bucket": bucket, "--answer": "out"})["JobRunId"]
    ended = outcome(glue, unique, run)
    assert ended["JobRunState"] == "SUCCEEDED", ended
    assert ended["CompletedOn"] >= ended["StartedOn"]
    written = standins.aws.client("s3").get_object(Bucket=bucket, Key="out")["Body"].read()
    assert written == f"hello from {unique}".encode()
    asked = [json.loads(line) for line in standins.aws.actions.read_text().splitlines() if bucket in line]
    wanted = ("role/mirrorlake-transformer", "s3:PutObject", f"arn:aws:s3:::{bucket}/out", True)
    folder = standins.aws.actions.parent / "jobs" / run
    assert [path.name for path in folder.iterdir()] == ["log"]  # and nothing else of some megabytes
    assert wanted in {(each["principal"], each["action"], each["resource"], each["allowed"]) for each in asked}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"answer": "fail"}, "exit code 1: nothing to greet"),
        ({"role": "nobody"}, "does not exist or cannot be assumed"),
        ({"script": "s3://no-such-bucket-here/job.py"}, "no-such-bucket-here/job.py cannot be read"),
    ],
)
def test_a_job_that_cannot_succeed_says_why(
    standins: StandIns, artifacts: dict[str, str], bucket: str, unique: str, change: dict[str, str], said: str
) -> None:
    glue = create(standins.aws, unique, change.get("role", standins.job_role), artifacts | change)
    told = {"--bucket": bucket, "--answer": change.get("answer", "out")}
    run = outcome(glue, unique, glue.start_job_run(JobName=unique, Arguments=told)["JobRunId"])
    assert run["JobRunState"] == "FAILED"
    assert said in run["ErrorMessage"]


def test_a_role_without_the_right_to_the_script_cannot_run_it(
    aws: Aws, artifacts: dict[str, str], bucket: str, unique: str
) -> None:
    role = accounts.role(aws, unique, accounts.policy(accounts.allow(["s3:GetObject"], "arn:aws:s3:::another/*")))
    glue = create(aws, unique, role, artifacts)
    run = outcome(glue, unique, glue.start_job_run(JobName=unique, Arguments={"--bucket": bucket})["JobRunId"])
    assert (run["JobRunState"], "Forbidden" in run["ErrorMessage"]) == ("FAILED", True)


def test_a_job_runs_once_at_a_time_and_stops_when_it_is_told(
    standins: StandIns, artifacts: dict[str, str], bucket: str, unique: str
) -> None:
    glue = create(standins.aws, unique, standins.job_role, artifacts, ExecutionProperty={"MaxConcurrentRuns": 1})
    told = {"--bucket": bucket, "--answer": "sleep"}
    run = glue.start_job_run(JobName=unique, Arguments=told)["JobRunId"]
    outcome(glue, unique, run, until={"RUNNING"})
    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName=unique, Arguments=told)
    glue.batch_stop_job_run(JobName=unique, JobRunIds=[run])
    assert outcome(glue, unique, run)["JobRunState"] == "STOPPED"


def test_a_job_that_is_stopped_before_its_script_runs_ends_at_once(
    standins: StandIns, artifacts: dict[str, str], bucket: str, unique: str
) -> None:
    glue = create(standins.aws, unique, standins.job_role, artifacts)
    run = glue.start_job_run(JobName=unique, Arguments={"--bucket": bucket, "--answer": "sleep"})["JobRunId"]
    glue.batch_stop_job_run(JobName=unique, JobRunIds=[run])  # its files are still being fetched
    ended = outcome(glue, unique, run)
    assert (ended["JobRunState"], ended["ExecutionTime"] < 20) == ("STOPPED", True)


def test_emr_serverless_runs_what_spark_submit_would_be_told(
    standins: StandIns, artifacts: dict[str, str], bucket: str, unique: str
) -> None:
    emr = standins.aws.client("emr-serverless")
    application = emr.create_application(name=unique, releaseLabel="emr-7.12.0", type="SPARK")["applicationId"]
    words = ["--JOB_NAME", "emr", "--bucket", bucket, "--answer", "out"]
    submitted = {
        "entryPoint": artifacts["script"],
        "entryPointArguments": words,
        "sparkSubmitParameters": f"--py-files {artifacts['wheel']} --conf spark.executor.cores=4",
    }
    run = emr.start_job_run(
        applicationId=application,
        executionRoleArn=standins.job_role,
        jobDriver={"sparkSubmit": submitted},
        name="mirrorlake gold 20130704",
    )["jobRunId"]
    service = EmrServerless(emr, application, standins.job_role, {}, None)
    assert service.running("20130704")[0] == run  # type: ignore[index]
    for _ in range(300):
        state = emr.get_job_run(applicationId=application, jobRunId=run)["jobRun"]
        if state["state"] in ENDED:
            break
        time.sleep(0.1)
    assert state["state"] == "SUCCESS", state
    assert standins.aws.client("s3").get_object(Bucket=bucket, Key="out")["Body"].read() == b"hello from emr"
    assert service.running("20130704") is None
