"""What spark/glue_job.py has the wheel do, in this process and with its Spark session: the job's side of a build."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from lake.engines.spark_session import SparkSettings
from lake.errors import ConfigError, LeaseHeldError
from lake.gold import latest_snapshot
from lake.storage.objects import Objects
from pipeline.deploy.artifacts import zipped
from pipeline.gold_build import Built, code_of
from pipeline.lease import hold
from pipeline.remote import messages
from pipeline.remote.job import build_gold, spark_context
from pipeline.workspace import open_workspace

pytestmark = [pytest.mark.spark, pytest.mark.slow]
REPOSITORY = Path(__file__).resolve().parents[2]
RunCli = Callable[..., Any]
RESULT = "_state/jobs/run-1/one.json"


@pytest.fixture
def arguments(
    spark: SparkSession,
    spark_settings: SparkSettings,
    project: Path,
    run_cli: RunCli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    """A lake with silver, a deployed project, and what a run would give the job."""
    assert run_cli("run", "--run-date", "2013-07-04", "--job", "ingest", "--job", "silver").exit_code == 0
    (tmp_path / "project.zip").write_bytes(zipped(REPOSITORY, ["profiles"]))
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))  # the job sets its own; this puts it back
    monkeypatch.setenv("JAVA_HOME", "")
    monkeypatch.delenv("MIRRORLAKE_DATA")
    settings = {"lake.root": str(project / "lake"), "s3.region": "eu-central-1", "gold.engine": "spark"}
    settings |= {"gold.partition_by": "contract", "spark.shuffle_partitions": "4"}
    return {
        "env": "prod",  # whose account of Snowflake is set by variables, which no job has
        "project": str(tmp_path / "project.zip"),
        "run_id": "run-1",
        "full": "false",
        "result": RESULT,
        "settings": json.dumps(settings),
        "code": code_of(open_workspace("dev")),
    }


def test_the_script_builds_and_leaves_its_result(
    arguments: dict[str, str], spark: SparkSession, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
    monkeypatch.setattr(sys, "argv", ["glue_job.py", *words])
    runpy.run_path(str(REPOSITORY / "spark" / "glue_job.py"), run_name="__main__")
    objects = Objects(str(project / "lake"))
    built, snapshot = messages.result(objects, RESULT), latest_snapshot(objects)
    assert isinstance(built, Built)
    assert snapshot is not None
    assert built.number == snapshot.number == 1
    assert built.tables["fact_weather_hourly"].rows_out == 3 * 24
    assert snapshot.created_by == "run-1"
    assert messages.progress(objects, RESULT) == (6, 6)
    assert spark_context() is spark.sparkContext  # what was given is not ended


def test_what_keeps_it_from_building_is_its_result(
    arguments: dict[str, str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_DATA", str(project))
    with hold(open_workspace(), "another"):
        monkeypatch.delenv("MIRRORLAKE_DATA")
        with pytest.raises(LeaseHeldError):
            build_gold(arguments)
    found = messages.result(Objects(str(project / "lake")), RESULT)
    assert isinstance(found, LeaseHeldError)
    assert "another" in str(found)


def test_a_job_of_other_code_builds_nothing(arguments: dict[str, str], project: Path) -> None:
    with pytest.raises(ConfigError, match="not those of the run"):
        build_gold({**arguments, "code": "another"})
    objects = Objects(str(project / "lake"))
    assert isinstance(messages.result(objects, RESULT), ConfigError)
    assert latest_snapshot(objects) is None
