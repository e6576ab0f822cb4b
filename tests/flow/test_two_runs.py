"""Two runs on one lake, each a process of its own: one works, the other is told who, where and since when."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.drill.content import content, differences

if os.name != "posix":
    pytest.skip("processes are killed by signal", allow_module_level=True)

WEEK = ("run", "--from", "2013-07-01", "--to", "2013-07-02", "--job", "ingest", "--job", "silver", "--job", "gold")
# The real command line, which stands still at its first merge until a file appears.
STANDING = """
import pathlib, sys, time
from lake import writes
go, here = (pathlib.Path(path) for path in sys.argv[1:3])
def wait(moment, site, path):
    if (moment, site) == ("before", "silver.merge"):
        here.touch()
        while not go.exists():
            time.sleep(0.02)
writes.observe(wait)
from pipeline.cli import main
sys.exit(main(sys.argv[3:]))
"""


class Standing:
    """A run that stands still amid its work, holding the lease."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._go, here = folder / "go", folder / "here"
        self.process = subprocess.Popen(
            [sys.executable, "-c", STANDING, str(self._go), str(here), *WEEK, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not here.exists():
            assert self.process.poll() is None, self.process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def go_on(self) -> str:
        self._go.touch()
        said, _ = self.process.communicate(timeout=60)
        return str(said)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


def mirrorlake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from pipeline.run import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_second_run_is_told_who_holds_the_lake_and_nothing_is_lost(project: Path, tmp_path: Path) -> None:
    holder = Standing(tmp_path, "--run-id", "first-run")
    try:
        second = mirrorlake(*WEEK)
        replay = mirrorlake("rebuild", "--from", "bronze")
        reset = mirrorlake("reset", "--yes")
    finally:
        said = holder.go_on()

    assert holder.process.returncode == 0, said
    for refused in (second, replay, reset):
        assert refused.returncode == 1
        assert "another run is at work on this lake" in refused.stderr
        assert f"process {holder.process.pid})" in refused.stderr
        assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", refused.stderr)
        assert "first-run" in refused.stderr
        assert "Traceback" not in refused.stderr
    again = mirrorlake(*WEEK)
    assert again.returncode == 0
    assert "verdict: unchanged" in again.stdout


def test_the_same_run_id_joins_and_both_end_with_the_same_tables(project: Path, tmp_path: Path) -> None:
    holder = Standing(tmp_path, "--run-id", "one-run")
    try:
        joined = mirrorlake(
            "run", "--from", "2013-07-01", "--to", "2013-07-02", "--job", "ingest", "--run-id", "one-run"
        )
    finally:
        said = holder.go_on()
    assert joined.returncode == 0, joined.stderr
    assert holder.process.returncode == 0, said
    lease = json.loads((project / "lake/_state/lease.json").read_bytes())
    assert lease["run_id"] is None


def test_two_processes_of_one_run_that_merge_at_once_lose_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = mirrorlake(*WEEK)
    assert alone.returncode == 0, alone.stderr
    wanted, _ = content(project)
    monkeypatch.setenv("MIRRORLAKE_DATA", str(tmp_path / "shared"))
    holder = Standing(tmp_path, "--run-id", "one-run")
    try:
        other = mirrorlake(*WEEK, "--run-id", "one-run")
    finally:
        said = holder.go_on()
    assert "Traceback" not in other.stdout + other.stderr + said
    assert {other.returncode, holder.process.returncode} <= {0, 1}
    assert mirrorlake(*WEEK).returncode == 0
    found, disagreements = content(tmp_path / "shared")
    assert differences(wanted, found) + disagreements == []


def test_after_a_kill_the_next_run_takes_over_at_once(project: Path, tmp_path: Path) -> None:
    holder = Standing(tmp_path)
    holder.kill()
    began = time.monotonic()
    next_run = mirrorlake(*WEEK)
    assert next_run.returncode == 0, next_run.stderr
    assert time.monotonic() - began < 30  # a lease lapses after 60 seconds
    fence = json.loads((project / "lake/_state/lease.json").read_bytes())["fence"]
    assert fence == 2
