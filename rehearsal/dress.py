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
from dataclasses import dataclass
from datetime import date

from pipeline.settings import Settings
from pipeline.text_table import print_rows
from rehearsal import keeping
from rehearsal.base import ROOT
from rehearsal.supervisor import standing

MIRRORLAKE = (sys.executable, "-c", "from pipeline.run import main; main()")
DEV = "dev"  # the folder, below the rehearsal's data, of the run to compare with


@dataclass(frozen=True)
class Step:
    """A command line of `mirrorlake`, after its environment's name, and what it is for."""

    name: str
    env: str
    words: tuple[str, ...]


def steps(dates: tuple[date, date]) -> list[Step]:
    """All of them, in order; each of the later ones needs what the earlier have left."""
    span = ("--from", dates[0].isoformat(), "--to", dates[1].isoformat())
    return [
        Step("set up the warehouse", "rehearsal", ("warehouse", "--setup")),
        Step("deploy", "rehearsal", ("deploy",)),
        Step("run dev", "dev", ("run", *span)),
        Step("run rehearsal", "rehearsal", ("run", *span)),
        Step("parity", "rehearsal", ("parity", "dev", "rehearsal", *span)),
    ]


def rehearse(settings: Settings, dates: tuple[date, date], *, keep: bool) -> int:
    """Run all steps, stop at the first that fails, print how long each took; the exit code."""
    began = time.monotonic()
    taken: list[tuple[str, float, str]] = []
    with _stage(settings, keep=keep):
        taken.append(("stand-ins up", time.monotonic() - began, "done"))
        shutil.rmtree(settings.data / DEV, ignore_errors=True)
        code = 0
        for step in steps(dates):
            print(f"\n== {step.name}: mirrorlake --env {step.env} {' '.join(step.words)}", flush=True)
            start = time.monotonic()
            code = subprocess.run([*MIRRORLAKE, *step.words], env=_environment(settings, step), check=False).returncode
            taken.append((step.name, time.monotonic() - start, "done" if code == 0 else f"exit code {code}"))
            if code:
                break
    print()
    rows = [(name, f"{seconds:.1f}", outcome) for name, seconds, outcome in taken]
    rows.append(("in all", f"{time.monotonic() - began:.1f}", "full parity" if code == 0 else "not done"))
    print_rows(("step", "seconds", "outcome"), rows, title="rehearsal")
    if keep:
        print("the stand-ins stay up: mirrorlake --env rehearsal ...; `just rehearse down` ends them")
    return code


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
    if step.env == "dev":
        variables = {name: value for name, value in variables.items() if not name.startswith("MIRRORLAKE_")}
        variables["LAKE_ENV"] = "dev"
        variables["MIRRORLAKE_DATA"] = str(settings.data / DEV)
    return variables
