"""`mirrorlake runs`: past runs, one run in detail, lineage."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.lease import hold
from pipeline.lease_store import LeaseState, Member, lease_store
from pipeline.observe import audit
from pipeline.observe.audit import AuditRecord
from pipeline.outcome import TableOutcome
from pipeline.process import this_process
from pipeline.spelling import spelled
from pipeline.workspace import open_workspace

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.workspace import Workspace
    from tests.conftest import RunCli

BEGAN = datetime(2013, 7, 4, 12, tzinfo=UTC)
SILVER = AuditRecord(
    run_id="20130704T120000-aa",
    stage="silver",
    env="dev",
    run_dates=(date(2013, 7, 1), date(2013, 7, 7)),
    status="done",
    started_at=BEGAN,
    ended_at=BEGAN + timedelta(seconds=1.5),
    seconds=1.5,
    tables=(TableOutcome("weather_observations", 1008, 1000, 5, 3, 1000, 1, {"openmeteo/archive": "21 loads"}, 4),),
    problems=("a load left out",),
    notes=(),
    error=None,
    code_version="abc",
    host="laptop",
    user="somebody",
    pid=1,
)
GOLD = replace(
    SILVER,
    stage="gold",
    status="failed",
    started_at=BEGAN + timedelta(seconds=2),
    tables=(
        TableOutcome(
            "weather_hourly", 1000, rows_out=1100, input_versions={"weather_observations": 4}, output_version=2
        ),
    ),
    problems=(),
    error="EngineError: it broke",
)


@pytest.fixture
def recorded(project: Path) -> None:
    objects = open_workspace().objects
    next_day: dict[str, Any] = {"run_dates": (date(2013, 7, 5),), "started_at": BEGAN + timedelta(days=1)}
    for record in (SILVER, GOLD, replace(SILVER, run_id="20130705T120000-bb", **next_day)):
        audit.write_record(objects, record)


def test_before_the_first_run_it_says_how_to_begin(run_cli: RunCli) -> None:
    said = run_cli("runs")
    assert (said.exit_code, said.out) == (0, spelled("no runs yet; begin with: mirrorlake run\n"))


def test_past_runs_are_listed_with_what_failed(run_cli: RunCli, recorded: None) -> None:
    header, newest, failed = (line.split() for line in run_cli("runs").out.splitlines())
    assert header[:2] == ["run", "status"]
    assert newest[:2] == ["20130705T120000-bb", "done"]
    assert " ".join(failed) == "20130704T120000-aa failed 2013-07-04 12:00:00 1.5 2013-07-01 to 2013-07-07 8 gold"
    assert len(run_cli("runs", "--limit", "1").out.splitlines()) == 2


def test_one_run_is_shown_stage_by_stage(run_cli: RunCli, recorded: None) -> None:
    said = run_cli("runs", "20130704")
    assert said.exit_code == 0
    assert "silver  done    12:00:00      1.5  weather_observations  1,008  1,000            8  1,000" in said.out
    assert "silver: a load left out" in said.out
    assert "gold: EngineError: it broke" in said.out


def test_an_unknown_run_lists_the_known_ones(run_cli: RunCli, recorded: None) -> None:
    said = run_cli("runs", "1999")
    assert said.exit_code == 2
    assert "20130704T120000-aa, 20130705T120000-bb" in said.err


def test_a_damaged_record_is_named(run_cli: RunCli, recorded: None) -> None:
    open_workspace().objects.put("_audit/run_id=20130705T120000-bb/load-1.json", b"{", "test")
    assert (
        "damaged audit record, left out: _audit/run_id=20130705T120000-bb/load-1.json"
        in run_cli("runs", "20130705").out
    )


def test_json_holds_the_whole_records(run_cli: RunCli, recorded: None) -> None:
    (run,) = json.loads(run_cli("runs", "20130704", "--json").out)
    assert run["status"] == "failed"
    assert [record["stage"] for record in run["records"]] == ["silver", "gold"]
    assert run["records"][0]["tables"][0]["refused"] == 3


def test_lineage_names_versions_back_to_the_loads(run_cli: RunCli, recorded: None) -> None:
    lines = run_cli("runs", "--lineage", "weather_hourly").out.splitlines()
    assert lines == [
        "weather_hourly@2 by gold of run 20130704T120000-aa from weather_observations@4",
        "  weather_observations@4 by silver of run 20130704T120000-aa from openmeteo/archive@21 loads",
    ]
    as_json = json.loads(run_cli("runs", "--lineage", "weather_hourly", "--json").out)
    assert [(each["depth"], each["table"]) for each in as_json] == [(0, "weather_hourly"), (1, "weather_observations")]
    unknown = run_cli("runs", "--lineage", "dim_date")
    assert unknown.exit_code == 2
    assert "choose one of: weather_hourly, weather_observations" in unknown.err


def test_openlineage_events_are_lines_of_json(run_cli: RunCli, recorded: None) -> None:
    events = [json.loads(line) for line in run_cli("runs", "20130704", "--openlineage").out.splitlines()]
    assert [event["eventType"] for event in events] == ["COMPLETE", "FAIL"]


def broken_off(objects: Objects) -> None:
    """Silver and gold were one process's; it wrote of silver only."""
    audit.write_record(objects, replace(SILVER, ahead=("gold", "staging")))


def test_a_run_that_broke_off_is_unfinished_and_says_what_completes_it(run_cli: RunCli, project: Path) -> None:
    broken_off(open_workspace().objects)
    listed = run_cli("runs").out
    assert "20130704T120000-aa  unfinished" in listed
    assert "broke off before gold, staging had ended; what was committed stays: the same command again" in listed
    shown = run_cli("runs", "20130704").out
    assert "run 20130704T120000-aa: unfinished" in shown
    assert "it broke off before gold, staging had ended" in shown
    (document,) = json.loads(run_cli("runs", "--json").out)
    assert (document["status"], document["lacking"]) == ("unfinished", ["gold", "staging"])


def test_a_run_whose_process_lives_is_at_work(run_cli: RunCli, project: Path) -> None:
    workspace = open_workspace()
    broken_off(workspace.objects)
    with hold(workspace, SILVER.run_id):
        said = run_cli("runs").out
        assert "20130704T120000-aa  at work" in said
        assert "broke off" not in said
        assert json.loads(run_cli("runs", "--json").out)[0]["status"] == "at work"
    with hold(workspace, "run-without-a-record"):
        assert "run-without-a-record  at work" in run_cli("runs").out
    assert "run-without-a-record" not in run_cli("runs").out


def test_a_run_that_was_killed_before_its_first_record_is_listed(run_cli: RunCli, project: Path) -> None:
    workspace = open_workspace()
    take_and_die(workspace, "run-1")
    said = run_cli("runs").out
    assert "run-1  unfinished" in said
    assert "run-1 broke off before a stage had ended" in said


def test_the_tries_of_one_run_are_told_apart_by_their_process(project: Path) -> None:
    first = replace(SILVER, ahead=("gold",))
    later = {"started_at": BEGAN + timedelta(minutes=1), "ended_at": BEGAN + timedelta(minutes=2), "pid": 2}
    again = replace(GOLD, status="done", **later)
    assert audit.RunAudit("r", (first, replace(GOLD, ahead=()))).lacking == ()
    assert audit.RunAudit("r", (first, again)).status == "done", "the second try completed the run"
    assert audit.RunAudit("r", (SILVER, GOLD, replace(first, **later))).lacking == ("gold",)


def take_and_die(workspace: Workspace, run_id: str) -> None:
    """What a killed process leaves: a lease that names it."""
    gone = replace(this_process(), started="0")
    now = datetime.now(UTC)
    member = Member(gone, now, now + timedelta(minutes=1))
    lease_store(workspace.objects).change(lambda state: LeaseState(1, run_id, now, None, {"gone": member}))
