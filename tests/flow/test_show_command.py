"""``mirrorlake show``: a table now and in the past, and what is not there."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from recorded_lake import TABLE, RunCli, merge, one_day, receive, rows

from pipeline.spelling import spelled
from pipeline.workspace import Workspace


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return one_day()


def test_show(run_cli: RunCli, workspace: Workspace) -> None:
    done = run_cli("show", TABLE, "--limit", "3")
    assert done.exit_code == 0
    assert done.out.startswith(f"{TABLE}, version 0: 48 rows, the first 3\n")
    assert len(done.out.splitlines()) == 5
    assert "_payload" not in done.out
    shown = rows(run_cli, "show", TABLE, "--limit", "100", "--columns", "location_id,observed_at,_payload")
    assert len(shown) == 48
    assert shown[0]["observed_at"] == "2013-07-04T00:00:00Z"
    assert shown == sorted(shown, key=lambda row: (row["location_id"], row["observed_at"]))
    table = list(csv.DictReader(io.StringIO(run_cli("show", TABLE, "--csv", "--limit", "2").out)))
    assert [row["location_id"] for row in table] == ["jfk", "jfk"]


def test_show_of_the_past(run_cli: RunCli, workspace: Workspace) -> None:
    load = receive(workspace, "JFK", lambda hourly: hourly["temperature_2m"].__setitem__(0, 39.5))
    assert load.endswith("load=2")
    merge(workspace)
    now, before = (rows(run_cli, "show", TABLE, "--limit", "1", *version) for version in ((), ("--version", "0")))
    assert now[0]["temperature_c"] == 39.5
    assert before[0]["temperature_c"] != 39.5
    history = rows(run_cli, "show", TABLE, "--history")
    assert [entry["version"] for entry in history] == [1, 0]
    assert "WRITE" in run_cli("show", TABLE, "--history").out
    assert rows(run_cli, "show", TABLE, "--limit", "1", "--as-of", "2999-01-01") == now
    assert rows(run_cli, "show", TABLE, "--limit", "1", "--as-of", history[1]["committed_at"]) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nope",), f"quarantine.{TABLE}"),
        (("quarantine.weather_hourly",), "unknown table"),
        (("mart_weather_daily",), 'sql "select * from mart_weather_daily"'),
        ((TABLE, "--columns", "nope"), "temperature_c"),
        ((TABLE, "--version", "7"), "the newest is 0"),
        ((TABLE, "--as-of", "1999-01-01"), "there was no table at"),
        ((TABLE, "--as-of", "yesterday"), "write it as"),
        ((TABLE, "--as-of", "2013-07-04", "--version", "0"), "exclude each other"),
        ((TABLE, "--csv", "--json"), "exclude each other"),
        (("../../etc/passwd",), "unknown table"),
    ],
)
def test_show_of_what_is_not_there(
    run_cli: RunCli, workspace: Workspace, arguments: tuple[str, ...], said: str
) -> None:
    done = run_cli("show", *arguments)
    assert done.exit_code != 0
    assert said in done.err
    assert "Traceback" not in done.text


def test_show_of_a_table_without_rows(run_cli: RunCli, project: Path) -> None:
    done = run_cli("show", "weather_daily")
    assert (done.exit_code, done.out) == (0, spelled("weather_daily has no rows yet; mirrorlake run makes it\n"))
    assert rows(run_cli, "show", "weather_daily") == []
