"""The Lambda function: its handler called with an event, in an environment that has the wheel and its base alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from wheel_environment import REPOSITORY, Environment, build_wheel, make_environment

from lake.errors import MirrorlakeError, UsageError
from pipeline.lambda_handler import asked, handler

CALL = """
import json, sys
from pipeline.lambda_handler import handler
assert "pyspark" not in sys.modules and "boto3" not in sys.modules
print(json.dumps(handler(json.loads(sys.argv[1]), None)))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("lambda")
    return make_environment(folder / "environment", build_wheel(folder))


def test_an_event_runs_one_date(environment: Environment, tmp_path: Path) -> None:
    for name in ("profiles", "samples"):
        shutil.copytree(REPOSITORY / name, tmp_path / "project" / name, ignore=shutil.ignore_patterns("2013-0[1-6]*"))
    (tmp_path / "scratch").mkdir()
    variables = {
        "MIRRORLAKE_ROOT": str(tmp_path / "project"),
        "MIRRORLAKE_LAKE_ROOT": str(tmp_path / "lake"),
        "MIRRORLAKE_DOTENV": "",
        "TMPDIR": str(tmp_path / "scratch"),
        "LAKE_ENV": "dev",
    }

    def call(**event: object) -> dict[str, object]:
        done = environment.run("python", "-c", CALL, json.dumps(event), cwd=tmp_path, **variables)
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout.splitlines()[-1]))

    first = call(run_date="2013-07-04", locations=["JFK", "LGA"])
    assert first["exit_code"] == 0
    stages = {stage["stage"]: stage for stage in first["stages"]}  # type: ignore[attr-defined]
    assert {name: stage["status"] for name, stage in stages.items()} == {
        "ingest openmeteo": "done", "silver": "done", "gold": "done",
    }  # fmt: skip
    assert stages["ingest openmeteo"]["rows_out"] == 48
    assert (tmp_path / "lake" / "_state" / "gold" / "00000001.json").is_file()
    # only the lake and the temporary folder were written to
    assert {path.name for path in tmp_path.iterdir()} == {"project", "scratch", "lake"}
    again = call(run_date="2013-07-04", locations=["JFK", "LGA"])
    assert {stage["status"] for stage in again["stages"]} == {"unchanged"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("event", "words"),
    [({}, "needs a run_date"), ({"run_date": 20130704}, "needs a run_date"), ({"date": "x"}, "does not know date")],
)
def test_an_event_that_says_something_else_is_refused(event: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        asked(event)


def test_a_failed_stage_fails_the_call(project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from pipeline.stages import silver

    def fail(*_arguments: object) -> None:
        raise MirrorlakeError("no silver today")

    monkeypatch.setattr(silver, "execute", fail)
    monkeypatch.setenv("MIRRORLAKE_LAKE_ROOT", str(tmp_path / "lake"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(MirrorlakeError, match="no silver today") as caught:
        handler({"run_date": "2013-07-04", "run_id": "one"}, None)
    assert caught.value.where == "run one"
