"""Commands in hints: for the environment and the data folder at work, so that they work where they are pasted."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline import spelling
from pipeline.settings import load_settings
from pipeline.spelling import Spelling, spelled

if TYPE_CHECKING:
    from tests.conftest import RunCli

OTHER = Spelling("rehearsal", "/a folder/data")
HERE = "MIRRORLAKE_DATA='/a folder/data'"


@pytest.mark.parametrize(
    ("hint", "said"),
    [
        ("run it: mirrorlake run", f"run it: {HERE} mirrorlake --env rehearsal run"),
        (
            "just dashboard, or: mirrorlake query 07",
            f"{HERE} LAKE_ENV=rehearsal just dashboard, or: {HERE} mirrorlake --env rehearsal query 07",
        ),
        (
            "`mirrorlake show t`; mirrorlake run --env prod",
            f"`{HERE} mirrorlake --env rehearsal show t`; mirrorlake run --env prod",
        ),
        (
            "mirrorlake run --env dev; or mirrorlake runs",
            f"mirrorlake run --env dev; or {HERE} mirrorlake --env rehearsal runs",
        ),
        ("mirrorlake parity dev rehearsal", "mirrorlake parity dev rehearsal"),
        ("mirrorlake --env prod deploy", "mirrorlake --env prod deploy"),
        ("pip install 'mirrorlake[aws]'; just setup", "pip install 'mirrorlake[aws]'; just setup"),
        ("/srv/mirrorlake data/mirrorlake run", "/srv/mirrorlake data/mirrorlake run"),
    ],
)
def test_commands_are_spelled_for_what_is_at_work(hint: str, said: str) -> None:
    assert OTHER.of(hint) == said
    assert Spelling().of(hint) == hint


def test_settings_note_what_a_command_has_to_say(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def now(env: str | None = None, config: Path | None = None) -> str:
        load_settings(env, config)
        return spelled("mirrorlake run")

    assert now() == f"MIRRORLAKE_DATA={project} mirrorlake run"
    monkeypatch.delenv("MIRRORLAKE_DATA")
    assert now() == "mirrorlake run"
    assert now("prod") == "mirrorlake --env prod run"
    monkeypatch.setenv("MIRRORLAKE_DATA", "data/other-{env}")
    monkeypatch.setenv("LAKE_ENV", "rehearsal")
    assert now() == "MIRRORLAKE_DATA=data/other-rehearsal mirrorlake --env rehearsal run"
    assert now("dev") == "MIRRORLAKE_DATA=data/other-dev mirrorlake run"
    monkeypatch.delenv("MIRRORLAKE_DATA")
    own = tmp_path / "own.toml"
    own.write_text(f"data = '{tmp_path}/there'\n")
    assert now("dev", own) == f"MIRRORLAKE_DATA={tmp_path}/there mirrorlake run"
    spelling.forget()
    assert spelled("mirrorlake run") == "mirrorlake run"


def test_what_a_dotenv_file_says_needs_no_saying(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    for env in ("dev", "prod"):
        (tmp_path / "profiles" / f"{env}.toml").write_text("")
    (tmp_path / ".env").write_text(f"LAKE_ENV=prod\nMIRRORLAKE_DATA={tmp_path}/data\n")
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(tmp_path))
    monkeypatch.delenv("MIRRORLAKE_DOTENV")
    load_settings()
    assert spelled("mirrorlake run") == "mirrorlake run"
    load_settings("dev")
    assert spelled("mirrorlake run") == "mirrorlake --env dev run"


def test_the_hint_of_an_error_works_when_it_is_pasted(run_cli: RunCli, project: Path) -> None:
    said = run_cli("query", "07").err
    hint = next(line for line in said.splitlines() if "what to do" in line)
    assert hint.endswith(f"MIRRORLAKE_DATA={project} mirrorlake run")


def test_what_comes_next_after_a_run_works_when_it_is_pasted(
    run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run_cli("run", "--run-date", "2013-07-03", "--job", "ingest").out
    shown = next(line for line in said.splitlines() if line.startswith("next: ")).removeprefix("next: ")
    command = shown.partition(" brings")[0]
    assert shlex.split(command) == [f"MIRRORLAKE_DATA={project}", "mirrorlake", "run"]
    monkeypatch.delenv("MIRRORLAKE_DATA")
    told = subprocess.run(
        ["bash", "-c", command.replace("mirrorlake run", "mirrorlake status")],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2013-07-03" in told.stdout, told.stderr
