"""Stand-ins that stay up: told of while they are, gone with whoever keeps them, even when that is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lake.errors import ConfigError
from pipeline.settings import load_settings
from rehearsal import keeping
from rehearsal.base import StandInError
from tests.conftest import RunCli


@pytest.fixture
def data(installed: None, project: Path) -> Iterator[Path]:
    """A data folder of the test's own; whatever the test leaves up is ended."""
    yield project
    with contextlib.suppress(ProcessLookupError, StandInError):
        keeping.bring_down(project)


def processes(data: Path) -> list[int]:
    """Those whose command line names the folder: supervisor, servers and what they have started."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(data).encode() in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found


def wait_until_gone(data: Path) -> None:
    for _ in range(150):
        if not processes(data):
            return
        time.sleep(0.1)
    raise AssertionError(processes(data))


def test_up_tells_the_platform_where_they_are_and_down_takes_it_back(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    left = data / keeping.FOLDER / "aws" / "jobs" / "of-a-killed-one"
    for name in ("log", "script.py", "site/lake/errors.py"):
        (left / name).parent.mkdir(parents=True, exist_ok=True)
        (left / name).touch()
    with pytest.raises(ConfigError, match="the stand-ins are not up"):
        load_settings("rehearsal").require_supported()
    keeper = keeping.bring_up(data)
    assert keeping.keeper_of(data) == keeper
    assert (data / "standins.env").stat().st_mode & 0o777 == 0o600
    settings = load_settings("rehearsal")
    settings.require_supported()
    assert settings.s3.endpoint == f"http://127.0.0.1:{keeping.ports(data)['aws']}"
    assert settings.staging.url is not None
    assert settings.staging.url.reveal().startswith("postgresql://mirrorlake:")
    assert len(processes(data)) >= 4
    assert keeping.bring_down(data) is True
    wait_until_gone(data)
    assert not (data / "standins.env").exists()
    assert keeping.bring_down(data) is False
    assert [*temporary.iterdir(), *(data / keeping.FOLDER).glob("*/tmp")] == []
    assert [path.name for path in left.iterdir()] == ["log"]


def test_up_makes_all_ready_for_a_run(data: Path, run_cli: RunCli) -> None:
    for times in ("for the first time", "again"):
        done = subprocess.run(
            [sys.executable, "-m", "rehearsal", "up"], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{times}: {done.stdout}{done.stderr}"
        assert "the stand-ins are up, kept by" in done.stdout.splitlines()[-1]
    found = {
        each["part"]: each for each in json.loads(run_cli("--env", "rehearsal", "validate", "--json").out)["findings"]
    }
    assert {part: found[part]["verdict"] for part in ("artifacts", "job", "catalog", "secrets")} == {
        "artifacts": "ok", "job": "ok", "catalog": "ok", "secrets": "ok",
    }  # fmt: skip
    listed = run_cli("--env", "rehearsal", "warehouse")
    assert listed.exit_code == 0, listed.text


def test_status_takes_no_offence_at_who_reads_no_further(data: Path) -> None:
    """As of ``python -m rehearsal status | head -1``."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        words = [sys.executable, "-m", "rehearsal", "status"]
        done = subprocess.run(words, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_none_survives_a_keeper_that_is_killed(data: Path) -> None:
    keeper = keeping.bring_up(data)
    os.kill(keeper.pid, signal.SIGKILL)
    wait_until_gone(data)
    assert keeping.keeper_of(data) is None
    assert not (data / "standins.env").exists()  # what it left is cleared away by who looks next


def test_the_keeper_ends_all_when_one_ends(data: Path) -> None:
    keeping.bring_up(data)
    snowflake = [
        pid for pid in processes(data) if b"rehearsal.serve.snowflake" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    os.kill(snowflake[0], signal.SIGKILL)
    wait_until_gone(data)
    assert keeping.keeper_of(data) is None
    assert "ended by itself" in (data / keeping.FOLDER / "supervisor.log").read_text()
