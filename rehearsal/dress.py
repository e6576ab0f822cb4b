"""The dress rehearsal itself: each step is a command that people type, in a process of its own, timed.

What a second rehearsal can use again stays: jars, wheel, the databases' folders. Tables are made anew by each.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from pipeline.cli import TerminatedError
from pipeline.settings import Settings
from pipeline.text_table import print_rows
from rehearsal import keeping
from rehearsal.steps import DEV, Running, Step, end_all, start
from rehearsal.supervisor import standing

STAY_UP = "the stand-ins stay up: mirrorlake --env rehearsal ...; `just rehearse down` ends them"

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
    started: list[Running] = field(default_factory=list)

    def start(self, step: Step, *, aside: bool = False) -> Running:
        """Start ``step``, which ``ending`` will not leave behind."""
        self.started.append(start(self.settings, step, aside=aside))
        return self.started[-1]

    def take(self, step: Step, beside: Running | None = None) -> bool:
        """Do ``step``, or wait for it where it goes on ``beside``; False if it failed."""
        print(f"\n== {step.name}: mirrorlake --env {step.env} {' '.join(step.words)}", flush=True)
        running = beside or self.start(step)
        try:
            with self.ending():
                self.code = running.process.wait()
        finally:
            running.show()
        self.note(step.name, time.monotonic() - running.began, "done" if self.code == 0 else f"exit code {self.code}")
        return self.code == 0

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Whoever is interrupted or fails within leaves no step that goes on."""
        try:
            yield
        except BaseException as error:
            end_all(self.started, told=isinstance(error, KeyboardInterrupt) and not isinstance(error, TerminatedError))
            raise

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
    programme = Programme(settings)
    shutil.rmtree(settings.data / DEV, ignore_errors=True)
    with programme.ending():
        dev = programme.start(Step("run dev", DEV, ("run", *span)), aside=True)
        with _stage(settings, keep=keep):
            programme.note("stand-ins up", time.monotonic() - began, "done")
            if programme.take_all(*SET_UP) and programme.take(dev.step, dev):
                programme.take_all(
                    Step("run rehearsal", "rehearsal", ("run", *span)),
                    Step("parity", "rehearsal", ("parity", "dev", "rehearsal", *span)),
                )
    end_all(programme.started, told=False)
    programme.note("in all", time.monotonic() - began, "not done" if programme.code else "full parity")
    print()
    print_rows(("step", "seconds", "outcome"), programme.rows, title="rehearsal")
    if keep:
        print(STAY_UP)
    return programme.code


def set_up(settings: Settings) -> int:
    """Make stand-ins that are up ready for a run; the exit code. Done again, it changes nothing."""
    programme = Programme(settings)
    programme.take_all(*SET_UP)
    return programme.code


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
