"""Operations: good and failed runs, checks, and what waits in quarantine."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from dashboard_pages import OpenPage, assert_sound, metrics, said
from streamlit.testing.v1 import AppTest

from dashboard import operations
from lake import layout, quarantine
from pipeline.observe.audit import AuditRecord, RunAudit, read_runs, write_record
from pipeline.outcome import TableOutcome
from pipeline.workspace import open_workspace

STARTED = datetime(2026, 7, 4, 12, tzinfo=UTC)
SILVER = TableOutcome("weather_observations", rows_in=10, valid=7, rejected=2, refused=1, rows_out=7, output_version=0)
DONE = AuditRecord(
    run_id="20260704T120000-abcdef",
    stage="silver",
    env="dev",
    run_dates=(date(2013, 7, 4), date(2013, 7, 5)),
    status="done",
    started_at=STARTED,
    ended_at=STARTED + timedelta(seconds=2),
    seconds=2.0,
    tables=(SILVER, TableOutcome("weather_locations", rows_in=3, valid=3, rows_out=3)),
    problems=("load *7* was refused",),
    notes=(),
    error=None,
    code_version="0",
    host="here",
    user="somebody",
    pid=1,
)
FAILED = replace(
    DONE,
    stage="dbt",
    status="failed",
    started_at=STARTED + timedelta(seconds=3),
    tables=(),
    problems=(),
    error="dbt failed\n  where: mart_weather_daily\n  what to do: mend it",
)


def view(page: AppTest, name: str) -> AppTest:
    """The page after a click on one of its views."""
    page.segmented_control[0].set_value(name).run()
    return page


def test_week(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("operations")
    runs, stages, tables = (frame.value for frame in page.dataframe)
    [run] = read_runs(open_workspace().objects)
    assert list(runs["run"]) == [run.run_id]
    assert list(stages["stage"]) == [record.stage for record in run.records]
    assert set(stages["status"]) == {"done"}
    silver = stages.set_index("stage").loc["silver"]
    assert silver["in"] == silver["valid"] + silver["rejected"] + silver["refused"]
    assert {"weather_observations", "mart_weather_daily"} <= set(tables["table"])
    checks = view(page, "Checks")
    assert_sound(checks)
    report = json.loads(open_workspace().objects.get(layout.quality_report(run.run_id, "quality.json")))
    counts = report["counts"]
    assert metrics(checks) == {f"Checks of run {run.run_id}": f"{counts['passed']} of {counts['rules']} hold"}
    assert len(checks.dataframe[0].value) == counts["rules"]
    waiting = view(page, "Quarantine")
    assert_sound(waiting)
    assert set(metrics(waiting).values()) == {"0 open", "0 refused", "0 held", "0 kept"}
    assert "The quarantine is empty" in said(waiting)


def test_failed_first_run(project: Path, open_page: OpenPage) -> None:
    objects = open_workspace().objects
    for record in (DONE, FAILED):
        write_record(objects, record)
    page = open_page("operations")
    assert not page.exception
    assert "Nothing is published yet." in said(page)
    assert "**dbt** failed" in page.error[0].value
    assert FAILED.error in [code.value for code in page.code]
    assert page.dataframe[0].value["status"][0] == "failed"
    assert page.dataframe[0].value["error"][0] == "dbt failed"
    assert list(page.dataframe[1].value["stage"]) == ["silver", "dbt"]
    assert r"load \*7\* was refused" in said(page)


def test_an_older_run_can_be_picked(published_week: Path, open_page: OpenPage) -> None:
    objects = open_workspace().objects
    [week] = read_runs(objects)
    write_record(objects, FAILED)
    page = open_page("operations")
    assert page.selectbox[0].value == FAILED.run_id
    page.selectbox[0].set_value(week.run_id).run()
    assert_sound(page)
    assert "publish" in list(page.dataframe[1].value["stage"])


def test_damaged_records_are_said(published_week: Path, open_page: OpenPage) -> None:
    [run] = (published_week / "lake" / "_audit").glob("run_id=*")
    (run / "silver-x.json").write_text("{")
    [report] = (published_week / "lake" / "_audit" / "reports").rglob("quality.json")
    report.write_text("{")
    page = open_page("operations")
    assert not page.exception
    assert "cannot be read" in said(page)
    checks = view(page, "Checks")
    assert not checks.exception
    assert "the report of the checks is unreadable" in checks.code[0].value


def test_quarantine_lists_what_waits(published_week: Path, open_page: OpenPage) -> None:
    workspace = open_workspace()
    load = "bronze/source=openmeteo/dataset=archive/run_date=2013-07-04/slice=jfk/load=1"
    rejected = pl.DataFrame(
        {
            "_run_date": [date(2013, 7, 4)],
            "_load": [1],
            "_payload": [load],
            "_position": [15],
            "rules": [["temperature_c_range"]],
            "reasons": [["temperature_c: 999.0 is above 60"]],
            "row": ['{"time": "2013-07-04T15:00", "temperature_2m": 999.0}'],
        }
    )
    contract = workspace.contracts["weather_observations"]
    quarantine.store(workspace.objects, contract, {load: STARTED}, [rejected], everything=False)
    workspace.objects.put("_refused/source=openmeteo/x/reason.json", b'{"reason": "HTML", "bytes": 12}', "test")
    locations = workspace.table("weather_locations")
    kept = locations.read().filter(pl.col("location_id") != "lga")
    schema = kept.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    locations.replace(kept, schema, partition=None, partitions=None, site="test")
    page = view(open_page("operations"), "Quarantine")
    assert not page.exception
    assert metrics(page)["Refused bodies"] == "1 kept"
    assert metrics(page)["Held rows"] == "168 held"
    listed = page.dataframe[0].value
    assert list(listed["why"]) == ["temperature_c: 999.0 is above 60"]
    assert list(listed["load"]) == [load]
    assert metrics(page)["Rejected rows"] == f"{(listed['state'] == 'open').sum()} open"


def test_rows_of_a_run() -> None:
    run = RunAudit("r", (DONE, FAILED))
    [row] = operations.run_rows([run]).to_dict("records")
    assert (row["status"], row["seconds"], row["error"]) == ("failed", 4.0, "dbt failed")
    assert row["days"] == "2013-07-04 to 2013-07-05"
    broken_off = RunAudit("r", (replace(DONE, ahead=("dbt",)),))
    assert list(operations.run_rows([broken_off])["status"]) == ["unfinished"]
    assert list(operations.run_rows([broken_off], "r")["status"]) == ["at work"]
    silver, dbt = operations.stage_rows(run).to_dict("records")
    assert [silver[name] for name in ("tables", "in", "valid", "rejected", "refused", "out")] == [2, 13, 10, 2, 1, 10]
    assert dbt["tables"] == 0
    assert operations.stage_rows(run)["in"].isna().tolist() == [False, True]
    assert list(operations.table_rows(run)["version"]) == ["0", ""]
    assert operations.table_rows(RunAudit("r", (FAILED,))).empty
    assert operations.run_rows([RunAudit("r", ())])["days"][0] == ""


@pytest.mark.parametrize("status", ["done", "unchanged", "stale", "skipped", "failed"])
def test_every_status_has_its_place(project: Path, open_page: OpenPage, status: str) -> None:
    write_record(open_workspace().objects, replace(DONE, status=status))
    page = open_page("operations")
    assert not page.exception
    assert page.dataframe[0].value["status"][0] == status
