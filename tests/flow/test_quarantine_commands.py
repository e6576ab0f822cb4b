"""``mirrorlake quarantine``: rejected rows, refused loads and held rows are listed, and let in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from recorded_lake import DAY, TABLE, RunCli, merge, one_day, receive, rows, too_hot

from pipeline.spelling import spelled
from pipeline.stages.silver import Parser, update_table
from pipeline.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return one_day()


def test_nothing_in_quarantine(run_cli: RunCli, workspace: Workspace) -> None:
    assert "nothing is in quarantine" in run_cli("quarantine").out
    assert "nothing waits" in run_cli("quarantine", "replay").out


def test_rejected_rows_are_listed_until_and_after_they_are_resolved(run_cli: RunCli, workspace: Workspace) -> None:
    load = receive(workspace, "JFK", too_hot(3))
    merge(workspace)
    text = run_cli("quarantine", "show", "--limit", "2").out
    assert f"{TABLE}: 3 rejected rows, 3 open (owner: weather-data)" in text
    assert "temperature_c: 999.0 is above the maximum 60" in text
    assert "... and 1 more" in text
    found = rows(run_cli, "quarantine", "show", TABLE)["rejected"][TABLE]
    assert [(row["_payload"], row["_position"], row["state"]) for row in found] == [
        (load, position, "open") for position in range(3)
    ]
    assert json.loads(found[0]["row"])["temperature_2m"] == 999.0
    assert rows(run_cli, "show", f"quarantine.{TABLE}", "--columns", "reasons")[0]["reasons"]
    assert "999.0" in run_cli("show", f"quarantine/{TABLE}", "--csv").out
    receive(workspace, "JFK")
    merge(workspace)
    assert {row["state"] for row in rows(run_cli, "quarantine", "show")["rejected"][TABLE]} == {"resolved"}
    assert rows(run_cli, "quarantine", "show", "--open")["rejected"] == {}


def test_a_refused_load_is_listed_and_let_in(run_cli: RunCli, workspace: Workspace) -> None:
    load = receive(workspace, "JFK", too_hot(20))
    merge(workspace)
    before = rows(run_cli, "show", TABLE, "--limit", "100")
    text = run_cli("quarantine").out
    assert f"{TABLE}: 1 refused loads" in text
    assert load in text
    assert "20 of 24 rows rejected" in text
    again = rows(run_cli, "quarantine", "replay")
    assert again[TABLE]["refused_loads"].keys() == {load}
    assert rows(run_cli, "show", TABLE, "--limit", "100") == before
    done = run_cli("quarantine", "replay", TABLE, "--accept-load", load)
    assert done.exit_code == 0
    listed = rows(run_cli, "quarantine", "show")
    assert listed["refused_loads"] == {}
    assert len(listed["rejected"][TABLE]) == 20


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "weather_daily"), "weather_locations"),
        (("replay", "nope"), "weather_locations"),
        (("replay", "--accept-load", "nope"), "unknown refused load"),
        (("replay", TABLE, "--accept-load", "../../x"), "unknown refused load"),
    ],
)
def test_quarantine_refuses_what_it_does_not_know(
    run_cli: RunCli, workspace: Workspace, arguments: tuple[str, ...], said: str
) -> None:
    done = run_cli("quarantine", *arguments)
    assert done.exit_code == 2
    assert said in done.err


def test_replay_with_another_contract_says_why_all_loads_came(
    run_cli: RunCli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract's maximum is raised: the row comes in, as if it had come good."""

    from lake.contract import load as loader
    from lake.contract.rules import column_rules

    receive(workspace, "JFK", too_hot(1))
    merge(workspace)
    contracts = loader.load_contracts()
    columns = tuple(
        replace(column, maximum=1000.0) if column.name == "temperature_c" else column
        for column in contracts[TABLE].columns
    )
    wider = replace(contracts[TABLE], columns=columns, rules=column_rules(columns), digest="wider")
    monkeypatch.setattr(loader, "load_contracts", lambda folder=None: {**contracts, TABLE: wider})
    done = run_cli("quarantine", "replay")
    assert "made from all loads, because its contract changed" in done.out
    assert spelled("next: mirrorlake run") in done.out
    assert rows(run_cli, "show", TABLE, "--limit", "1")[0]["temperature_c"] == 999.0
    assert rows(run_cli, "quarantine", "show")["rejected"] == {}


def test_held_rows_and_refused_bodies_are_listed(run_cli: RunCli, project: Path) -> None:
    workspace = open_workspace("dev")
    receive(workspace, "JFK")
    update_table(workspace, workspace.contracts[TABLE], Parser(workspace))
    folder = workspace.bronze.refuse("openmeteo", "archive", DAY, "jfk", [b"<html>"], reason="HTML for JSON")
    text = run_cli("quarantine", "show", "--limit", "1").out
    assert f"{TABLE}: 24 rows held until their parent arrives" in text
    assert "1 bodies that are no data" in text
    found = rows(run_cli, "quarantine", "show")
    assert found["held"][TABLE][0]["_waits_for"] == "jfk"
    assert found["refused_bodies"] == [{"folder": folder, "reason": "HTML for JSON", "bytes": 6}]
