"""The commands on silver and quarantine, on recorded weather: show, quarantine, rebuild, reset, optimize."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from lake.contract.model import Reference
from lake.errors import StorageError
from lake.gold.snapshot import commit
from pipeline.places import resolve
from pipeline.replay import alone, chosen
from pipeline.sources import source as open_source
from pipeline.stages.silver import Parser, silver_contracts, update_table, write_csv
from pipeline.workspace import Workspace, open_workspace

RunCli = Callable[..., Any]
DAY = date(2013, 7, 4)
TABLE = "weather_observations"


@pytest.fixture
def workspace(project: Path) -> Workspace:
    """A lake with one recorded day of JFK and LGA in silver."""
    opened = open_workspace("dev")
    receive(opened, "JFK")
    receive(opened, "LGA")
    merge(opened)
    return opened


def receive(workspace: Workspace, place: str, change: Callable[[Any], object] | None = None) -> str:
    """Put the recording of a place into bronze, changed if asked; gives the load."""
    source = open_source("openmeteo", workspace.settings)
    (request,) = source.plan([DAY], [resolve(place, source.recorded_places, False)])
    payload = source.fetch(request)
    pages = list(payload.pages)
    if change is not None:
        body = orjson.loads(pages[0])
        change(body["hourly"])
        pages[0] = orjson.dumps(body)
    return workspace.bronze.write(
        request.source,
        request.dataset,
        request.run_date,
        request.slice_key,
        pages,
        attributes=request.attributes,
        url=payload.url,
        fetched_at=payload.fetched_at,
        origin=payload.origin,
        records=payload.records,
    ).load


def merge(workspace: Workspace) -> None:
    parse = Parser(workspace)
    for contract in chosen(workspace, None):
        update_table(workspace, contract, parse)


def too_hot(count: int) -> Callable[[Any], object]:
    def change(hourly: Any) -> None:
        hourly["temperature_2m"][:count] = [999.0] * count

    return change


def rows(run_cli: RunCli, *arguments: str) -> Any:
    done = run_cli(*arguments, "--json")
    assert done.exit_code == 0, done.text
    return json.loads(done.out)


# --- show -------------------------------------------------------------------------------------------------------------
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
    assert (done.exit_code, done.out) == (0, "weather_daily has no rows yet; mirrorlake run makes it\n")
    assert rows(run_cli, "show", "weather_daily") == []


# --- quarantine -------------------------------------------------------------------------------------------------------
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
    from dataclasses import replace

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
    assert "next: mirrorlake run" in done.out
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


# --- rebuild, reset, optimize -----------------------------------------------------------------------------------------
def test_rebuild_gives_the_same(run_cli: RunCli, workspace: Workspace) -> None:
    before = rows(run_cli, "show", TABLE, "--limit", "100")
    done = run_cli("rebuild", "--from", "bronze")
    assert "silver is as it was" in done.out
    Path(workspace.table(TABLE).files()[0]).write_bytes(b"rubbish")
    damaged = run_cli("show", TABLE)
    assert damaged.exit_code == 1
    assert "rebuild --from bronze" in damaged.err
    assert "next: mirrorlake run" in run_cli("rebuild", "--from", "bronze", TABLE).out
    assert rows(run_cli, "show", TABLE, "--limit", "100") == before
    assert rows(run_cli, "rebuild", "--from", "bronze")[TABLE]["inserted"] == 0


def test_rebuild_wants_to_know_from_what(run_cli: RunCli, project: Path) -> None:
    assert run_cli("rebuild").exit_code == 2
    assert run_cli("rebuild", "--from", "gold").exit_code == 2
    assert run_cli("rebuild", "--from", "bronze", "nope").exit_code == 2


def test_reset_keeps_bronze_and_audit_and_asks(
    run_cli: RunCli, workspace: Workspace, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = workspace.settings
    load = receive(workspace, "JFK", too_hot(20))
    merge(workspace)
    workspace.bronze.accept(load, TABLE, "by hand")
    workspace.objects.put("_audit/run_id=1/a.json", b"{}", "test")
    ours = [settings.staging.folder / "1.duckdb", settings.publish.folder / "current.json", settings.warehouse.path]
    foreign = settings.publish.folder / "letter.txt"
    for path in (*ours, foreign):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    bronze = [info.key for info in workspace.objects.list("bronze")]
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda prompt: "n")
    assert run_cli("reset").exit_code == 1
    assert workspace.table(TABLE).exists()
    done = run_cli("reset", "--yes")
    assert done.exit_code == 0, done.text
    assert "bronze and audit are kept" in done.out
    left = {info.key.split("/")[0] for info in workspace.objects.list("")}
    assert left == {"bronze", "_audit", "_state"}
    assert {info.key for info in workspace.objects.list("_state")} <= {"_state/lease.json", "_state/lease.lock"}
    assert [info.key for info in workspace.objects.list("bronze")] == bronze
    assert not (Path(workspace.objects.root) / "silver").exists()
    assert [path.exists() for path in (*ours, foreign)] == [False, False, False, True]
    assert "nothing was built" in run_cli("reset", "--yes").out
    merge(open_workspace("dev"))
    assert open_workspace("dev").table(TABLE).read().height == 48


def test_reset_is_refused_in_prod(run_cli: RunCli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import workspace as module

    prod = Workspace(replace(workspace.settings, env="prod"))
    monkeypatch.setattr(module, "open_workspace", lambda *_: prod)
    done = run_cli("reset", "--yes")
    assert done.exit_code == 2
    assert "refused in prod" in done.err
    assert workspace.table(TABLE).exists()


@pytest.mark.parametrize("arguments", [("rebuild", "--from", "bronze"), ("reset", "--yes"), ("optimize",)])
def test_while_a_run_is_at_work_nothing_else_writes(
    run_cli: RunCli, workspace: Workspace, arguments: tuple[str, ...]
) -> None:
    with alone(workspace, "other"):
        done = run_cli(*arguments)
    assert done.exit_code == 1
    assert "another run is at work" in done.err
    assert run_cli(*arguments).exit_code == 0


def test_optimize(run_cli: RunCli, workspace: Workspace) -> None:
    assert rows(run_cli, "optimize", "--dry-run")[0]["merged"] == 0
    receive(workspace, "JFK", too_hot(2))
    merge(workspace)
    found = {row["table"]: row for row in rows(run_cli, "optimize", "--vacuum")}
    assert found.keys() == {TABLE, "weather_locations", f"quarantine.{TABLE}"}
    assert found[TABLE]["old files deleted"] == 0
    receive(workspace, "JFK", lambda hourly: hourly["temperature_2m"].__setitem__(0, 39.5))
    merge(workspace)
    short = ("optimize", TABLE, "--vacuum", "--retention-hours", "0")
    refused = run_cli(*short)
    assert refused.exit_code == 2
    assert "168" in refused.err
    assert rows(run_cli, *short, "--force", "--dry-run")[0]["old files to delete"] == 1
    assert rows(run_cli, "show", TABLE, "--version", "0", "--limit", "1")
    assert rows(run_cli, *short, "--force")[0]["old files deleted"] == 1
    assert len(rows(run_cli, "show", TABLE, "--limit", "100")) == 48
    assert TABLE in run_cli("optimize").out


def meanwhile(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """Let another run do this just before a command gets the lease."""
    from pipeline import replay

    held = replay.alone

    def late(workspace: Workspace, why: str) -> Any:
        work()
        return held(workspace, why)

    monkeypatch.setattr(replay, "alone", late)


@pytest.mark.parametrize("named", [0, 7])
def test_what_a_run_still_stands_on_is_kept_by_optimize(
    run_cli: RunCli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, named: int
) -> None:
    receive(workspace, "JFK", lambda hourly: hourly["temperature_2m"].__setitem__(0, 39.5))
    merge(workspace)
    nothing: dict[str, Any] = {"tables": {}, "built": {}, "summaries": {}, "created_by": "other"}
    meanwhile(monkeypatch, lambda: commit(workspace.objects, None, inputs={TABLE: named}, **nothing))
    done = rows(run_cli, "optimize", TABLE, "--vacuum", "--retention-hours", "0", "--force")
    assert done[0]["old files deleted"] == (0 if named == 0 else 1)  # 7: of a table that was made again since


def test_reset_deletes_what_came_while_it_asked(
    run_cli: RunCli, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: workspace.objects.put("gold/late/a.parquet", b"x", "test"))
    assert run_cli("reset", "--yes").exit_code == 0
    assert workspace.objects.list("gold") == []


def test_silver_goes_parents_first_however_long_the_chain(workspace: Workspace) -> None:
    child = workspace.contracts[TABLE]
    key = child.primary_key
    first = replace(child, table="a_grandchild", references=(Reference(key, TABLE, key),), _by_name={})
    workspace.contracts[first.table] = first
    names = [contract.table for contract in silver_contracts(workspace)]
    assert names.index("weather_locations") < names.index(TABLE) < names.index("a_grandchild")


def test_a_csv_that_cannot_be_written_says_where_and_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = silver_contracts(workspace)
    folder = workspace.settings.data / "csv"
    folder.write_text("a file where the folder goes")
    with pytest.raises(StorageError, match="cannot write") as caught:
        write_csv(workspace, contracts)
    assert str(folder) in str(caught.value.where)
    folder.unlink()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("polars.DataFrame.write_csv", full)
        with pytest.raises(StorageError, match="the disk is full"):
            write_csv(workspace, contracts)
    assert list(folder.iterdir()) == []
    write_csv(workspace, contracts)
    assert len(list(folder.iterdir())) == 2


def test_optimize_before_the_first_run(run_cli: RunCli, project: Path) -> None:
    assert "there is no table yet" in run_cli("optimize").out
    assert run_cli("optimize", "nope").exit_code == 2
