"""The dress rehearsal itself: each step is a command that people type, in a process of its own, timed.

What a second rehearsal can use again stays: jars, wheel, the databases' folders. Tables are made anew by each.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from pipeline.settings import Settings
from pipeline.text_table import print_rows
from rehearsal import keeping
from rehearsal.base import ROOT
from rehearsal.supervisor import standing

MIRRORLAKE = (sys.executable, "-c", "from pipeline.run import main; main()")
DEV = "dev"  # the environment to compare with, and the folder of its run below the rehearsal's data


@dataclass(frozen=True)
class Step:
    """A command line of `mirrorlake`, the environment that it is for, and what people call it."""

    name: str
    env: str
    words: tuple[str, ...]


# What the environment needs once before its first run, as an account does.
SET_UP = (
    Step("set up the warehouse", "rehearsal", ("warehouse", "--setup")),
    Step("deploy", "rehearsal", ("deploy",)),
)


@dataclass
class Programme:
    """What was done, how long each took, and how it ended."""

    settings: Settings
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    code: int = 0

    def take(self, step: Step, *, beside: subprocess.Popen[bytes] | None = None, since: float = 0.0) -> bool:
        """Do ``step``, or wait for it where it has been started ``beside``; False if it failed."""
        print(f"\n== {step.name}: mirrorlake --env {step.env} {' '.join(step.words)}", flush=True)
        began = since or time.monotonic()
        process = beside or start(self.settings, step, None)
        said = process.communicate()[0]
        if said:
            sys.stdout.buffer.write(said)
            sys.stdout.flush()
        self.code = process.returncode
        self.note(step.name, time.monotonic() - began, "done" if self.code == 0 else f"exit code {self.code}")
        return self.code == 0

    def take_all(self, *steps: Step) -> bool:
        """Do them in order up to the first that fails; whether none did."""
        return all(self.take(step) for step in steps)

    def note(self, name: str, seconds: float, outcome: str) -> None:
        """Put a line into the table that is printed last."""
        self.rows.append((name, f"{seconds:.1f}", outcome))


def rehearse(settings: Settings, dates: tuple[date, date], *, keep: bool) -> int:
    """Do all steps, stop at the first that fails, print how long each took; the exit code.

    The dev run, which needs no stand-in, goes on beside their start and set-up.
    """
    began = time.monotonic()
    span = ("--from", dates[0].isoformat(), "--to", dates[1].isoformat())
    dev = Step("run dev", DEV, ("run", *span))
    programme = Programme(settings)
    shutil.rmtree(settings.data / DEV, ignore_errors=True)
    beside = start(settings, dev, subprocess.PIPE)
    try:
        with _stage(settings, keep=keep):
            programme.note("stand-ins up", time.monotonic() - began, "done")
            if programme.take_all(*SET_UP) and programme.take(dev, beside=beside, since=began):
                programme.take_all(
                    Step("run rehearsal", "rehearsal", ("run", *span)),
                    Step("parity", "rehearsal", ("parity", "dev", "rehearsal", *span)),
                )
    finally:
        if beside.poll() is None:
            beside.terminate()
            beside.communicate()
    programme.note("in all", time.monotonic() - began, "not done" if programme.code else "full parity")
    print()
    print_rows(("step", "seconds", "outcome"), programme.rows, title="rehearsal")
    if keep:
        print("the stand-ins stay up: mirrorlake --env rehearsal ...; `just rehearse down` ends them")
    return programme.code


def set_up(settings: Settings) -> int:
    """Make stand-ins that are up ready for a run; the exit code. Done again, it changes nothing."""
    programme = Programme(settings)
    programme.take_all(*SET_UP)
    return programme.code


def start(settings: Settings, step: Step, output: int | None) -> subprocess.Popen[bytes]:
    """Start a step; what it prints goes to the terminal, or is kept."""
    return subprocess.Popen(
        [*MIRRORLAKE, *step.words],
        env=_environment(settings, step),
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
    )


@contextlib.contextmanager
def _stage(settings: Settings, *, keep: bool) -> Iterator[None]:
    """The stand-ins: those that are up already, those that stay up afterwards, or those of this process alone."""
    if keep and keeping.keeper_of(settings.data) is None:
        keeping.bring_up(settings.data)
    if keeping.keeper_of(settings.data) is not None:
        yield
        return
    with standing(settings.data):
        yield


def _environment(settings: Settings, step: Step) -> dict[str, str]:
    """What the caller's shell has, and the environment's name; dev gets a data folder of its own, to compare with."""
    variables = {**os.environ, "LAKE_ENV": step.env, "PYTHONPATH": str(ROOT)}
    if step.env == DEV:
        variables = {name: value for name, value in variables.items() if not name.startswith("MIRRORLAKE_")}
        variables |= {"MIRRORLAKE_DATA": str(settings.data / DEV), "MIRRORLAKE_DOTENV": ""}
    return variables
