"""The audit trail: what is stored comes back, once, masked; and lineage is read from it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lake.errors import AlreadyExistsError, UnknownChoiceError
from lake.storage.objects import Objects
from pipeline.graph import Stage
from pipeline.observe import audit, lineage
from pipeline.observe.audit import AuditRecord, RunAudit
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.secret import Secret
from pipeline.workspace import open_workspace

NOON = datetime(2013, 7, 4, 12, tzinfo=UTC)


@pytest.fixture
def objects(project: Path) -> Objects:
    return open_workspace().objects


def record(run_id: str = "run-a", stage: str = "silver", minutes: float = 0, **changes: Any) -> AuditRecord:
    started_at = NOON + timedelta(minutes=minutes)
    table = TableOutcome(
        "weather_observations", 75, 72, 2, 1, 72, 9000, {"openmeteo/archive": "7 loads"}, 3, ("a note",)
    )
    good = AuditRecord(
        run_id=run_id,
        stage=stage,
        env="dev",
        run_dates=(date(2013, 7, 1), date(2013, 7, 2)),
        status="done",
        started_at=started_at,
        ended_at=started_at + timedelta(seconds=2),
        seconds=2.0,
        tables=(table,),
        problems=("one load left out",),
        notes=("a note",),
        error=None,
        code_version="abc",
        host="laptop",
        user="somebody",
        pid=1,
    )
    return replace(good, **changes)


def test_a_record_comes_back_as_it_was(objects: Objects) -> None:
    audit.write_record(objects, record())
    assert audit.read_run(objects, "run-a") == RunAudit("run-a", (record(),))


def test_a_record_is_never_overwritten(objects: Objects) -> None:
    audit.write_record(objects, record())
    with pytest.raises(AlreadyExistsError):
        audit.write_record(objects, record(status="failed"))


def test_a_stage_leaves_a_record_of_everything(project: Path) -> None:
    workspace = open_workspace()
    context: Any = SimpleNamespace(
        workspace=workspace,
        run_id="run-a",
        selection=SimpleNamespace(run_dates=(date(2013, 7, 1),)),
        graph=SimpleNamespace(stages=[Stage(name, name, ()) for name in ("gold", "load")]),
        ahead={"load", "gold"},
    )
    Secret("c4nary-password")
    table = TableOutcome("weather_observations", 24, 22, 1, 1, 22, 512, {"openmeteo/archive": 1}, 0, ("evolved",))
    outcome = StageOutcome(
        "silver", "failed", (table,), 0.5, ("a load left out",), ("a note",), "login with c4nary-password failed"
    )
    written = audit.write_stage_record(context, Stage("silver", "silver", ()), outcome, NOON)
    (found,) = audit.read_run(workspace.objects, "run-a").records
    assert found.error == "login with **** failed"
    assert replace(found, error=None) == replace(written, error=None)
    assert found.tables == (
        TableOutcome("weather_observations", 24, 22, 1, 1, 22, 512, {"openmeteo/archive": 1}, 0, ("evolved",)),
    )
    assert (found.status, found.seconds, found.problems, found.env) == ("failed", 0.5, ("a load left out",), "dev")
    assert len(found.code_version) == 32
    assert found.pid > 0
    assert found.ahead == ("gold", "load")


def test_runs_come_newest_first_and_not_more_than_wanted(objects: Objects) -> None:
    assert audit.read_runs(objects) == []
    for number in range(5):
        audit.write_record(objects, record(f"run-{number}", minutes=number))
    assert [run.run_id for run in audit.read_runs(objects, limit=3)] == ["run-4", "run-3", "run-2"]
    assert len(audit.read_runs(objects, limit=None)) == 5


def test_a_run_is_found_by_the_beginning_of_its_id(objects: Objects) -> None:
    for run_id in ("20130704T120000-aa", "20130704T120000-ab", "20130705T000000-cc"):
        audit.write_record(objects, record(run_id))
    assert audit.read_run(objects, "20130705").run_id == "20130705T000000-cc"
    with pytest.raises(UnknownChoiceError, match="several begin so") as caught:
        audit.read_run(objects, "20130704")
    assert "20130704T120000-aa, 20130704T120000-ab" in str(caught.value)
    with pytest.raises(UnknownChoiceError, match=r"unknown run: '\.\./x'") as caught:
        audit.read_run(objects, "../x")
    assert "20130705T000000-cc" in str(caught.value)


def test_the_status_of_a_run_is_the_worst_last_word_of_its_stages(objects: Objects) -> None:
    records = [
        record(stage="ingest openmeteo", minutes=0),
        record(stage="silver", minutes=1, status="failed"),
        record(stage="silver", minutes=2, status="done"),
        record(stage="gold", minutes=3, status="stale"),
    ]
    for each in records:
        audit.write_record(objects, each)
    run = audit.read_run(objects, "run-a")
    assert run.status == "stale"
    assert RunAudit("x", tuple(records[:2])).status == "failed"
    assert (run.started_at, run.ended_at) == (NOON, NOON + timedelta(minutes=3, seconds=2))
    assert run.run_dates == (date(2013, 7, 1), date(2013, 7, 2))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"tables": [{"unknown": 1}]}'])
def test_a_damaged_record_is_named_and_hides_nothing_else(objects: Objects, content: bytes) -> None:
    audit.write_record(objects, record())
    objects.put("_audit/run_id=run-a/gold-1.json", content, "test")
    objects.put("_audit/reports/run_id=run-a/silver.html", b"a report is no record", "test")
    run = audit.read_run(objects, "run-a")
    assert run.records == (record(),)
    assert run.damaged == ("_audit/run_id=run-a/gold-1.json",)
    assert RunAudit("run-b", (), ("x",)).status == "damaged"


def run_of_two_days() -> list[RunAudit]:
    """Two runs: each makes silver from loads, gold from silver, and staging from gold."""

    def made(
        stage: str, table: str, version: int, reads: dict[str, int | str], run_id: str, minute: int
    ) -> AuditRecord:
        tables = (TableOutcome(table, rows_out=24, bytes=10, input_versions=reads, output_version=version),)
        return record(run_id, stage, minute, tables=tables)

    return [
        RunAudit(
            f"run-{day}",
            (
                made(
                    "silver", "weather_observations", day, {"openmeteo/archive": f"{day} loads"}, f"run-{day}", 10 * day
                ),
                made("gold", "weather_hourly", day, {"weather_observations": day}, f"run-{day}", 10 * day + 1),
                made("staging", "weather_hourly", day, {"weather_hourly": day}, f"run-{day}", 10 * day + 2),
            ),
        )
        for day in (2, 1)
    ]


def test_lineage_leads_back_to_the_loads() -> None:
    made = lineage.made(run_of_two_days())
    found = [
        (depth, each.table, each.version, each.run_id, each.stage)
        for depth, each in lineage.trace(made, "weather_hourly")
    ]
    assert found == [
        (0, "weather_hourly", 2, "run-2", "gold"),
        (1, "weather_observations", 2, "run-2", "silver"),
    ]
    older = lineage.trace(made, "weather_hourly", 1)
    assert [each.run_id for _, each in older] == ["run-1", "run-1"]
    assert older[1][1].inputs == {"openmeteo/archive": "1 loads"}
    assert lineage.trace(made, "weather_daily") == []


def test_events_have_the_shape_of_openlineage() -> None:
    run = run_of_two_days()[0]
    events: list[Any] = lineage.openlineage_events(run)
    assert [event["job"]["name"] for event in events] == ["silver", "gold", "staging"]
    assert {event["eventType"] for event in events} == {"COMPLETE"}
    assert len({event["run"]["runId"] for event in events}) == 3
    gold = events[1]
    assert datetime.fromisoformat(gold["eventTime"]) == run.records[1].ended_at
    assert gold["inputs"][0]["name"] == "weather_observations"
    assert gold["inputs"][0]["facets"]["version"]["datasetVersion"] == "2"
    assert gold["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 24
    failed: Any = lineage.openlineage_events(RunAudit("run-a", (record(status="failed"),)))
    assert failed[0]["eventType"] == "FAIL"
    json.dumps(events)
