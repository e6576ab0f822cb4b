"""Steps of a rehearsal: commands that people type, each a process of its own; and how they end before their time."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import IO

from pipeline.settings import Settings
from rehearsal.base import ROOT

MIRRORLAKE = (sys.executable, "-c", "from pipeline.run import main; main()")
DEV = "dev"  # the environment to compare with, and the folder of its run below the rehearsal's data
PATIENCE_SECONDS, GRACE_SECONDS = 20.0, 10.0  # for one that ends already; for one that was told to


@dataclass(frozen=True)
class Step:
    """A command line of `mirrorlake`, the environment that it is for, and what people call it."""

    name: str
    env: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Running:
    """A step that goes on. ``said`` keeps what it prints until its turn comes; None: that goes to the terminal."""

    step: Step
    process: subprocess.Popen[bytes]
    said: IO[bytes] | None
    began: float = field(default_factory=time.monotonic)

    def show(self) -> None:
        """Print what it said, where that was kept."""
        if self.said is not None:
            self.said.seek(0)
            sys.stdout.buffer.write(self.said.read())
            sys.stdout.flush()


def start(settings: Settings, step: Step, *, aside: bool = False) -> Running:
    """Start a step; what it prints is kept where it goes on ``aside``."""
    said = tempfile.TemporaryFile() if aside else None  # noqa: SIM115 (read when the step has ended)
    process = subprocess.Popen(
        [*MIRRORLAKE, *step.words],
        env=_environment(settings, step),
        stdout=said,
        stderr=None if said is None else subprocess.STDOUT,
    )
    return Running(step, process, said)


def end_all(running: Collection[Running], *, told: bool) -> None:
    """End them by their own words; by force those that take too long, and all where Ctrl-C or SIGTERM comes again.

    ``told``: Ctrl-C, which a terminal says to them too. A second word would disturb them while they clear away.
    """
    going = [each.process for each in running if each.process.poll() is None]
    try:
        if told and _have_ended(going, PATIENCE_SECONDS):
            return
        for each in going:
            each.terminate()
        _have_ended(going, GRACE_SECONDS)
    except KeyboardInterrupt:
        pass  # who says it twice means it
    finally:
        for each in going:
            each.kill()
            each.wait()


def _have_ended(processes: Collection[subprocess.Popen[bytes]], seconds: float) -> bool:
    until = time.monotonic() + seconds
    try:
        for each in processes:
            each.wait(max(0.0, until - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _environment(settings: Settings, step: Step) -> dict[str, str]:
    """What the caller's shell has, and the environment's name; dev gets a data folder of its own, to compare with."""
    variables = {**os.environ, "LAKE_ENV": step.env, "PYTHONPATH": str(ROOT)}
    if step.env == DEV:
        variables = {name: value for name, value in variables.items() if not name.startswith("MIRRORLAKE_")}
        variables |= {"MIRRORLAKE_DATA": str(settings.data / DEV), "MIRRORLAKE_DOTENV": ""}
    return variables
