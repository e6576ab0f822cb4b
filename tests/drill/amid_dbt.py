"""Kills amid dbt's build, where no commit point of ours stands: dbt commits model by model in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.drill.kills import Verdict, baseline, judged, recover
from tests.drill.legs import LEGS, States
from tests.drill.project import CHILD, Point


def kill_amid_dbt(states: States, folder: Path) -> list[Verdict]:
    """Kill the whole process group, or the run alone, after some models; the next run starts at once."""
    leg = next(leg for leg in LEGS if leg.name == "dbt")
    base = baseline(leg, states, folder)
    verdicts = []
    for group, models in ((True, 1), (True, 6), (False, 1), (False, 6)):
        data = leg.start(states, folder / f"{'group' if group else 'alone'}-{models}")
        who = "the whole process group" if group else "the run but not dbt"
        point = Point("dbt.build", f"{who}, when dbt had written SQL of {models} nodes", 1, "amid")
        verdict = Verdict(leg.name, point)
        if not _killed(states, leg.recordings, leg.command, data, models, group=group):
            verdict.problems.append("dbt was quicker than the kill")
        verdict.problems += judged(base, recover(states, leg, data, leg.recovery), data)
        verdicts.append(verdict)
    return verdicts


def _killed(states: States, recordings: str, command: tuple[str, ...], data: Path, models: int, *, group: bool) -> bool:
    """Start a run and kill it as soon as dbt has written so many compiled nodes. Whether it was still at work."""
    compiled = data / "dbt" / "target" / "run"
    before = {path: path.stat().st_mtime_ns for path in compiled.rglob("*.sql")}
    process = subprocess.Popen(
        [sys.executable, str(states.project.code / CHILD), *command, "--force"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=states.project.environment(data, recordings),
        cwd=states.project.code,
        start_new_session=True,
    )
    while process.poll() is None:
        written = [path for path in compiled.rglob("*.sql") if before.get(path) != _time(path)]
        if len(written) >= models:
            os.kill(process.pid, signal.SIGKILL) if not group else os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        time.sleep(0.01)
    return False


def _time(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
