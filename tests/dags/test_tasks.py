"""A run as an orchestrator makes it: one process per stage under one run id, exit codes, the lease, the verdict."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.launch import project_graph
from pipeline.lease import describe
from pipeline.observe import audit
from pipeline.outcome import LEFT_OUT, RunOutcome, StageOutcome, TableOutcome
from pipeline.workspace import open_workspace
from tests.conftest import REPOSITORY, RunCli

DAY = "2013-07-03"
RUN = ("run", "--run-date", DAY, "--run-id", "a-run", "--location", "JFK", "--location", "LGA")
HELD = 75


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The recordings of one day, to spoil."""
    folder = tmp_path / "samples" / "openmeteo"
    for place in ("jfk", "lga", "ewr"):
        (folder / "archive" / place).mkdir(parents=True)
        shutil.copy(REPOSITORY / f"samples/openmeteo/archive/{place}/{DAY}.json", folder / "archive" / place)
    shutil.copy(REPOSITORY / "samples/openmeteo/locations.json", folder)
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(tmp_path / "samples"))
    return folder


def task(run: RunCli, job: str, tries_left: int = 2) -> int:
    return run(*RUN, "--job", job, "--tries-left", str(tries_left)).exit_code


@pytest.mark.slow
def test_every_stage_in_a_process_of_its_own_under_one_run_id(run_process: RunCli, run_cli: RunCli) -> None:
    assert run_cli("lease", "take", "a-run").exit_code == 0
    jobs = [stage.job for stage in project_graph(open_workspace()).stages]
    for job in jobs:
        done = run_process(*RUN, "--job", job, "--tries-left", "2")
        assert done.exit_code == 0, (job, done.text)
        assert run_cli("lease", "take", "another").exit_code == HELD, "between two tasks the lease is kept"
    assert run_cli("lease", "release", "a-run").exit_code == 0
    found = audit.read_run(open_workspace().objects, "a-run")
    assert [record.stage.replace(" ", "-") for record in found.records] == jobs
    assert len({record.pid for record in found.records}) == len(jobs)
    assert found.status == "done"
    said = run_cli("verdict", "a-run")
    assert (said.exit_code, said.out) == (0, "verdict: all good: checks passed\n")
    assert json.loads(run_cli("sql", "select count(*) as n from mart_weather_hourly", "--json").out) == [{"n": 48}]
    assert describe(open_workspace().objects) == "free"


def test_a_source_that_leaves_something_out_is_tried_again_then_skipped_and_fails_the_verdict(
    run_cli: RunCli, samples: Path
) -> None:
    recording = samples / "archive" / "lga" / f"{DAY}.json"
    whole = recording.read_bytes()
    recording.write_text("<html>502 Bad Gateway</html>")
    assert task(run_cli, "ingest-openmeteo", 1) == 1
    assert task(run_cli, "ingest-openmeteo", 0) == LEFT_OUT
    assert task(run_cli, "silver") == 0, "its own work is done"
    told = run_cli("verdict", "a-run")
    assert told.exit_code == 1
    assert "ingest openmeteo: done: archive lga 2013-07-03: " in told.out
    assert "silver: stale: a source before it is not up to date" in told.out
    assert told.out.endswith("verdict: done, with something left out (above)\n")

    recording.write_bytes(whole)
    assert task(run_cli, "ingest-openmeteo") == 0
    assert task(run_cli, "silver") == 0
    assert run_cli("verdict", "a-run").exit_code == 0


def test_a_task_that_finds_nothing_to_do_leaves_its_record_too(run_cli: RunCli) -> None:
    assert task(run_cli, "ingest-openmeteo") == 0
    assert task(run_cli, "ingest-openmeteo") == 0
    records = audit.recorded(open_workspace().objects, "a-run").records
    assert [record.status for record in records] == ["done", "unchanged"]
    run_cli("lease", "release", "a-run")
    assert run_cli(*RUN[:3], "--run-id", "of-ones-own", "--job", "ingest").exit_code == 0
    before = audit.recorded(open_workspace().objects, "of-ones-own").records
    assert run_cli(*RUN[:3], "--run-id", "of-ones-own", "--job", "ingest").exit_code == 0
    assert audit.recorded(open_workspace().objects, "of-ones-own").records == before


def test_a_stage_that_fails_says_so_and_a_run_of_ones_own_gives_the_lease_back(run_cli: RunCli) -> None:
    assert task(run_cli, "load") == 1
    assert run_cli("lease").out.startswith("run a-run (no process at work) since ")
    assert run_cli("verdict", "a-run").exit_code == 1
    run_cli("lease", "release", "a-run")
    assert run_cli(*RUN, "--job", "ingest").exit_code == 0
    assert run_cli("lease").out == "free\n"


def test_another_runs_task_waits_for_its_lease(run_cli: RunCli) -> None:
    assert run_cli("lease", "take", "first").exit_code == 0
    refused = run_cli("lease", "take", "second")
    assert refused.exit_code == HELD
    assert "another run is at work on this lake" in refused.err
    assert "run first (no process at work)" in refused.err
    assert task(run_cli, "ingest-openmeteo") == 1, "a task that lost its lease is tried again"
    assert run_cli("lease", "take", "first").exit_code == 0, "a try of the same run keeps it"
    assert run_cli("lease", "release", "second").out == "the lease was not that of run second\n"
    assert run_cli("lease", "release", "first").out == "run first has given the lease back\n"
    assert run_cli("lease", "take", "second").exit_code == 0


def test_a_lease_for_later_needs_seconds_and_a_run_id(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_cli("lease", "take").exit_code == 2
    assert run_cli("lease", "take", "../out").exit_code == 2
    monkeypatch.setenv("MIRRORLAKE_LEASE_HOLD_SECONDS", "0")
    refused = run_cli("lease", "take", "a-run")
    assert refused.exit_code == 1
    assert "lease.hold_seconds is 0" in refused.err


def test_a_process_at_work_keeps_the_lease_that_its_run_gives_back(run_cli: RunCli) -> None:
    from pipeline.lease import hold

    with hold(open_workspace(), "a-run", outlives=True):
        assert run_cli("lease", "release", "a-run").exit_code == 0
        assert run_cli("lease", "take", "another").exit_code == HELD
    assert run_cli("lease").out.startswith("run a-run")


def test_the_verdict_alerts_whom_the_settings_name_and_a_task_does_not(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alerts = tmp_path / "alerts.json"
    monkeypatch.setenv("MIRRORLAKE_ALERTS_COMMAND", f"tee {alerts}")
    assert task(run_cli, "load", tries_left=0) == 1
    assert not alerts.exists()
    assert run_cli("verdict", "a-run", "--alert", "not done by noon").exit_code == 0, "they were told"
    told = json.loads(alerts.read_text())
    assert (told["run_id"], told["status"]) == ("a-run", "failed")
    assert [stage["stage"] for stage in told["stages"]] == ["load", "run"]
    assert told["stages"][1]["error"] == "not done by noon"
    monkeypatch.setenv("MIRRORLAKE_ALERTS_COMMAND", "false")
    assert run_cli("verdict", "a-run", "--alert", "not done by noon").exit_code == 1, "Airflow logs it"


def test_a_run_without_records_is_no_failure_and_may_be_late(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_ALERTS_COMMAND", f"tee {tmp_path / 'alerts.json'}")
    said = run_cli("verdict", "a-run", "--alert", "late")
    assert (said.exit_code, said.out) == (0, "verdict: no stage of it has left a record\n")
    assert json.loads((tmp_path / "alerts.json").read_text())["stages"][0]["error"] == "late"


@pytest.mark.parametrize(
    ("stage", "status", "problems", "left", "expected"),
    [
        ("silver", "done", (), 2, 0),
        ("silver", "unchanged", (), 0, 0),
        ("silver", "stale", (), 0, 0),
        ("silver", "done", ("a load is refused",), 2, LEFT_OUT),
        ("silver", "failed", (), 2, 1),
        ("gold", "skipped", (), 0, 1),
        ("ingest a", "done", (), 2, 0),
        ("ingest a", "done", ("a date is missing",), 1, 1),
        ("ingest a", "done", ("a date is missing",), 0, LEFT_OUT),
        ("ingest a", "failed", (), 1, 1),
        ("ingest a", "failed", (), 0, LEFT_OUT),
    ],
)
def test_what_an_orchestrator_is_told_of_a_stage(
    stage: str, status: str, problems: tuple[str, ...], left: int, expected: int
) -> None:
    outcome = StageOutcome(stage, status, (TableOutcome("t"),), problems=problems)  # type: ignore[arg-type]
    assert outcome.task_exit_code(left) == expected
    assert RunOutcome("a-run", "dev", [StageOutcome("dbt", "done"), outcome], 0.0).task_exit_code(left) == expected


def test_of_several_stages_the_worst_counts() -> None:
    failed, left_out = StageOutcome("gold", "failed"), StageOutcome("silver", "done", problems=("refused",))
    assert RunOutcome("a-run", "dev", [left_out, failed], 0.0).task_exit_code(0) == 1
