"""Gold by a job on the stand-ins of Glue and EMR Serverless: deployed, started by a run, equal to the laptop's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lake import layout
from lake.compare import differences
from lake.gold import latest_snapshot
from lake.storage.objects import Objects
from pipeline.workspace import Workspace, open_workspace
from rehearsal.standins import StandIns

pytestmark = [pytest.mark.spark, pytest.mark.slow]
TO_GOLD = ("--from", "2013-07-03", "--to", "2013-07-04", "--job", "ingest", "--job", "silver", "--job", "gold")
RunCli = Callable[..., Any]


@pytest.fixture
def cloud(standins: StandIns, bucket: str, unique: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The environment ``rehearsal`` as far as gold goes; neither Postgres nor Snowflake is asked for anything."""
    key, secret = standins.run_key
    variables = {
        "LAKE_ENV": "rehearsal",
        "MIRRORLAKE_S3_ENDPOINT": standins.aws.url,
        "MIRRORLAKE_S3_ALLOW_HTTP": "true",
        "MIRRORLAKE_S3_ACCESS_KEY_ID": key,
        "MIRRORLAKE_S3_SECRET_ACCESS_KEY": secret,
        "MIRRORLAKE_LAKE_ROOT": f"s3://{bucket}/lake",
        "MIRRORLAKE_DEPLOY_ROLE": standins.job_role,
        "MIRRORLAKE_DEPLOY_ARTIFACTS": f"s3://{bucket}/artifacts",
        "MIRRORLAKE_DEPLOY_JOB": f"gold-{unique}",
        "MIRRORLAKE_DEPLOY_CATALOG": f"catalog_{unique}",
        "MIRRORLAKE_DEPLOY_EMR_APPLICATION": f"gold {unique}",
        "MIRRORLAKE_STAGING_URL": "postgresql://nobody@127.0.0.1/nowhere",
        "MIRRORLAKE_SNOWFLAKE_HOST": "127.0.0.1",
        "MIRRORLAKE_SNOWFLAKE_PRIVATE_KEY": "none",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return project


def unequal(workspace: Workspace, laptop: Objects) -> list[str]:
    """What differs between the gold tables of the workspace and those of a folder, and of their held rows."""
    from lake.tables.delta import LakeTable

    ours, theirs = latest_snapshot(workspace.objects), latest_snapshot(laptop)
    assert ours is not None
    assert theirs is not None
    found = []
    for name, contract in workspace.contracts.items():
        if contract.layer == "gold":
            rows = workspace.table(name).read(version=ours.tables[name])
            wanted = LakeTable(laptop, layout.table("gold", name)).read(version=theirs.tables[name])
            found += [f"{name}: {each}" for each in differences(rows, wanted, contract)]
    return found


@pytest.mark.timeout(600)
def test_two_dates_by_glue_then_by_emr(
    cloud: Path, run_cli: RunCli, run_process: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = run_cli("deploy")
    assert deployed.exit_code == 0, deployed.text
    by_glue = run_cli("run", *TO_GOLD)
    assert by_glue.exit_code == 0, by_glue.text
    dev = {"LAKE_ENV": "dev", "MIRRORLAKE_LAKE_ROOT": str(tmp_path / "laptop"), "MIRRORLAKE_GOLD_RUNS_ON": "here"}
    assert run_process("run", *TO_GOLD, "--engine", "polars", **dev).exit_code == 0
    workspace, laptop = open_workspace(), Objects(str(tmp_path / "laptop"))
    assert unequal(workspace, laptop) == []
    hourly = workspace.table("weather_hourly")
    assert set(hourly.read()["_partition_date"]) == {date(2013, 7, 3), date(2013, 7, 4)}
    silver, gold = workspace.table("weather_observations").height(), workspace.table("fact_weather_hourly").height()
    assert silver == gold == 2 * 3 * 24
    first = latest_snapshot(workspace.objects)
    monkeypatch.setenv("MIRRORLAKE_GOLD_RUNS_ON", "emr-serverless")
    by_emr = run_cli("run", *TO_GOLD, "--force")
    assert by_emr.exit_code == 0, by_emr.text
    second = latest_snapshot(workspace.objects)
    assert first is not None
    assert second is not None
    assert second.tables["weather_hourly"] > first.tables["weather_hourly"]
    assert unequal(workspace, laptop) == []
    assert run_cli("run", *TO_GOLD).exit_code == 0
    assert latest_snapshot(workspace.objects) == second


def test_a_job_that_cannot_start_fails_the_stage_and_the_next_completes(
    cloud: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_cli("deploy").exit_code == 0
    artifacts = Objects(
        open_workspace().settings.deploy.artifacts or "", open_workspace().settings.s3.credentials().object_options()
    )
    (script,) = [info.key for info in artifacts.list("scripts")]
    artifacts.delete([script], "test")
    failed = run_cli("run", *TO_GOLD)
    assert failed.exit_code == 1
    assert "the job on Glue ended as FAILED" in failed.text
    assert "glue_job.py cannot be read" in failed.text
    assert "CloudWatch, groups below /aws-glue/jobs" in failed.text
    assert latest_snapshot(open_workspace().objects) is None
    monkeypatch.setenv("MIRRORLAKE_GOLD_RUNS_ON", "here")
    assert run_cli("run", *TO_GOLD, "--engine", "polars").exit_code == 0
    assert latest_snapshot(open_workspace().objects) is not None
