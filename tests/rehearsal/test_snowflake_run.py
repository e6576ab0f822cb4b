"""A run on Snowflake from load to published marts, twice, and what people do with it: ask, measure, look."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipeline.workspace import open_workspace
from tests.conftest import RunCli
from tests.dashboard.browser import CHARTS, PAGES, browser, chromium, served, settle, watch
from tests.rehearsal.conftest import Rehearsal

NEAR = {"MIRRORLAKE_GOLD_ENGINE": "polars", "MIRRORLAKE_GOLD_RUNS_ON": "here", "MIRRORLAKE_STAGING_BACKEND": "duckdb"}
BROKEN = "UPDATE {}.raw.weather_daily SET temperature_max_c = 777 WHERE location_id = 'jfk'"


@pytest.mark.timeout(600)
def test_two_days_one_after_the_other(
    rehearsal: Rehearsal, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in NEAR.items():  # Glue and Postgres have tests of their own
        monkeypatch.setenv(name, value)
    setup = run_cli("warehouse", "--setup")
    assert setup.exit_code == 0, setup.text
    assert "CREATE STORAGE INTEGRATION IF NOT EXISTS MIRRORLAKE_LAKE" in run_cli("warehouse", "--print-setup").out
    first = run_cli("run", "--run-date", "2013-07-04", "--json")
    assert first.exit_code == 0, first.text
    again = json.loads(run_cli("run", "--run-date", "2013-07-04", "--json").out)
    assert {stage["status"] for stage in again["stages"]} == {"unchanged"}
    second = run_cli("run", "--run-date", "2013-07-05", "--json")  # dbt's incremental models find their tables
    assert second.exit_code == 0, second.text
    _the_marts_are_those_of_gold()
    _people_ask(run_cli)
    _damage_to_what_is_published_is_noticed(run_cli)
    if chromium() is not None:
        with served(rehearsal.data, tmp_path / "log", {**rehearsal.variables, **NEAR}) as url:
            _every_page_shows(url)
    _a_failed_audit_publishes_nothing(run_cli)


def _the_marts_are_those_of_gold() -> None:
    workspace = open_workspace()
    hourly = workspace.table("fact_weather_hourly").scan().select(pl.len()).collect().item()
    with workspace.warehouse.reader() as reader:
        (row,) = reader.query(
            "SELECT COUNT(*) AS n, MIN(observed_at) AS first_at, MAX(observed_at) AS last_at FROM mart_weather_hourly"
        ).rows
        days = reader.query("SELECT location_id, weather_date, temperature_max_c FROM mart_weather_daily").rows
    assert (row[0], str(row[1]), str(row[2])) == (hourly, "2013-07-04 00:00:00", "2013-07-05 23:00:00")
    gold = workspace.table("weather_daily").scan().select("location_id", "weather_date", "temperature_max_c").collect()
    assert sorted(days) == sorted(gold.rows())


def _people_ask(run_cli: RunCli) -> None:
    tables = run_cli("sql", "--csv").out.splitlines()
    assert "mart_weather_daily,published" in tables
    assert "weather_daily,gold" in tables
    question = "SELECT location_id, COUNT(*) AS days FROM mart_weather_daily GROUP BY 1 ORDER BY 1"
    assert run_cli("sql", question, "--csv").out.splitlines() == ["location_id,days", "ewr,2", "jfk,2", "lga,2"]
    lake = run_cli("sql", question.replace("mart_weather_daily", "weather_daily"), "--csv")
    assert lake.out.splitlines() == ["location_id,days", "ewr,2", "jfk,2", "lga,2"]
    refused = run_cli("sql", "DELETE FROM mart_weather_daily")
    assert (refused.exit_code, "not allowed here" in refused.err) == (2, True)
    asked = run_cli("metrics", "observed_hours", "--group-by", "day", "--location", "jfk", "--json")
    assert [(row["day"], float(row["observed_hours"])) for row in json.loads(asked.out)] == [
        ("2013-07-04", 24.0),
        ("2013-07-05", 24.0),
    ]
    staged, loaded = (run_cli("query", "01", *more, "--json") for more in ((), ("--backend", "snowflake")))
    assert loaded.exit_code == 0, loaded.text
    assert len(json.loads(loaded.out)) == len(json.loads(staged.out)) > 0
    assert "weather_daily, version" in run_cli("show", "weather_daily").out


def _damage_to_what_is_published_is_noticed(run_cli: RunCli) -> None:
    workspace = open_workspace()
    workspace.warehouse.query(f"DELETE FROM {workspace.settings.snowflake.database}.published.mart_weather_daily")
    workspace.close()
    assert "output gone or changed: tables mart weather daily" in run_cli("status").out
    validated = json.loads(run_cli("validate", "--read-only", "--json").out)["findings"]
    wrong = [each["detail"] for each in validated if (each["part"], each["verdict"]) == ("published", "failed")]
    assert wrong == ["mart_weather_daily: 0 rows, 6 were built; not as publish left it"]
    again = json.loads(run_cli("run", "--run-date", "2013-07-05", "--json").out)
    assert {stage["stage"] for stage in again["stages"] if stage["status"] == "done"} == {"publish"}
    question = "SELECT COUNT(*) AS days FROM mart_weather_daily"
    assert run_cli("sql", question, "--csv").out.splitlines() == ["days", "6"]


def _a_failed_audit_publishes_nothing(run_cli: RunCli) -> None:
    workspace = open_workspace()
    before = workspace.warehouse.published()
    workspace.warehouse.query(BROKEN.format(workspace.settings.snowflake.database))
    failed = run_cli("run", "--run-date", "2013-07-05", "--job", "dbt", "--job", "audit", "--job", "publish", "--force")
    assert failed.exit_code == 1
    assert "nothing was published" in failed.text
    assert workspace.warehouse.published() == before
    workspace.close()


def _every_page_shows(url: str) -> None:
    with browser() as window:
        page = window.new_context(viewport={"width": 1400, "height": 1500}).new_page()
        seen = watch(page)
        for name, path in PAGES.items():
            page.goto(url + path)
            settle(page, name)
            assert page.locator("[data-testid=stVegaLiteChart]").count() == CHARTS[name], name
            for broken in ("stException", "stAlertContentError"):
                assert page.locator(f"[data-testid={broken}]").count() == 0, name
        assert not seen.foreign
        assert not seen.complaints
