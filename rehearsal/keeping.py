"""Stand-ins that outlive the command that started them: who keeps them up, and how they are ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from pipeline.process import Process, is_dead
from rehearsal.base import ROOT, StandInError
from rehearsal.standins import VARIABLES

FOLDER = "standins"
STATE = "state.json"
UP_SECONDS, DOWN_SECONDS = 120.0, 40.0
PAUSE_SECONDS = 0.1


def keeper_of(data: Path) -> Process | None:
    """Who keeps the stand-ins of ``data`` up; None where they are not. What a killed keeper left is cleared away."""
    state = data / FOLDER / STATE
    try:
        keeper = Process(**json.loads(state.read_text(encoding="utf-8"))["keeper"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_dead(keeper):
        return keeper
    state.unlink(missing_ok=True)
    (data / VARIABLES).unlink(missing_ok=True)
    return None


def ports(data: Path) -> dict[str, int]:
    """Name and port of each that is up."""
    found: dict[str, int] = json.loads((data / FOLDER / STATE).read_text(encoding="utf-8"))["ports"]
    return found


def bring_up(data: Path) -> Process:
    """Start a supervisor and wait until all are up; StandInError with the end of its log if it ended."""
    log = data / FOLDER / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal.supervisor", str(data)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        keeper = _wait_for_keeper(data, process)
    except KeyboardInterrupt:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(DOWN_SECONDS)
        raise
    if keeper is not None:
        return keeper
    process.terminate()
    raise StandInError(f"the stand-ins did not come up\n{log.read_text('utf-8', errors='replace')}", where=str(log))


def _wait_for_keeper(data: Path, process: subprocess.Popen[bytes]) -> Process | None:
    """The keeper as soon as it says that all are up; None if it ended, or took too long."""
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        keeper = keeper_of(data)
        if keeper is not None or process.poll() is not None:
            return keeper
        time.sleep(PAUSE_SECONDS)
    return None


def bring_down(data: Path) -> bool:
    """End the supervisor, and so all of them; False where none was up. StandInError if it does not end."""
    keeper = keeper_of(data)
    if keeper is None:
        return False
    os.kill(keeper.pid, signal.SIGTERM)
    until = time.monotonic() + DOWN_SECONDS
    while time.monotonic() < until:
        if is_dead(keeper):
            return True
        time.sleep(PAUSE_SECONDS)
    raise StandInError(f"{keeper} does not end", where=str(data), fix=f"kill {keeper.pid}")
