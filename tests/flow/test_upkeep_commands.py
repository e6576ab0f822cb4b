"""``mirrorlake rebuild``, ``reset`` and ``optimize``: what they keep, and that no run is at work beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded_lake import TABLE, RunCli, merge, one_day, receive, rows, too_hot

from lake.gold.snapshot import commit
from pipeline.replay import alone
from pipeline.spelling import spelled
from pipeline.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return one_day()


def test_rebuild_gives_the_same(run_cli: RunCli, workspace: Workspace) -> None:
    before = rows(run_cli, "show", TABLE, "--limit", "100")
    done = run_cli("rebuild", "--from", "bronze")
    assert "silver is as it was" in done.out
    Path(workspace.table(TABLE).files()[0]).write_bytes(b"rubbish")
    damaged = run_cli("show", TABLE)
    assert damaged.exit_code == 1
    assert "rebuild --from bronze" in damaged.err
    assert spelled("next: mirrorlake run") in run_cli("rebuild", "--from", "bronze", TABLE).out
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


def test_optimize_before_the_first_run(run_cli: RunCli, project: Path) -> None:
    assert "there is no table yet" in run_cli("optimize").out
    assert run_cli("optimize", "nope").exit_code == 2
