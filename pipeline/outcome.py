"""What a stage says when it is done: counts per table, and one word for how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

# What an orchestrator is told of a task that went on although something was left out; Airflow takes it for "skipped".
LEFT_OUT = 99

Version = int | str  # of a Delta table its number, of anything else a word
# stale: its own work was done, on inputs of which some could not be brought up to date.
Status = Literal["done", "unchanged", "stale", "failed", "skipped"]


@dataclass(frozen=True)
class TableOutcome:
    """Rows of one table that a stage read and wrote. ``refused`` are rows of loads refused whole."""

    table: str
    rows_in: int = 0
    valid: int = 0
    rejected: int = 0
    refused: int = 0
    rows_out: int = 0
    bytes: int = 0
    input_versions: dict[str, Version] = field(default_factory=dict)
    output_version: Version | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class StageOutcome:
    """The result of one stage. ``problems`` are faults that did not stop it (a load left out, a date not fetched).

    ``again`` says that the next run has to try once more, although this one ended.
    """

    stage: str
    status: Status
    tables: tuple[TableOutcome, ...] = ()
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    again: bool = False

    def total(self, count: str) -> int:
        """The sum of one count (``rows_in``, ``valid`` ...) over the stage's tables."""
        return sum(int(getattr(table, count)) for table in self.tables)

    @property
    def ok(self) -> bool:
        """Whether nothing is left to do here."""
        return self.status in ("done", "unchanged") and not self.problems

    def task_exit_code(self, tries_left: int) -> int:
        """What an orchestrator is told that would try ``tries_left`` times more.

        0: its own work is done, be it on stale inputs (whose own task has said so). 1: try again, or it has failed.
        ``LEFT_OUT``: what follows goes on, but the run is not well. A source is asked again while there are tries.
        """
        if self.stage.startswith("ingest"):
            return 0 if self.ok else 1 if tries_left else LEFT_OUT
        if self.status in ("failed", "skipped"):
            return 1
        return LEFT_OUT if self.problems else 0

    def timed(self, seconds: float) -> StageOutcome:
        """The same outcome with its duration."""
        return replace(self, seconds=round(seconds, 3))


@dataclass(frozen=True)
class RunOutcome:
    """All stages of one run, in the graph's order. ``notes`` say what waits, though this run did not meet it."""

    run_id: str
    env: str
    stages: Sequence[StageOutcome]
    seconds: float
    places: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 where every stage is well; 1 where one failed, was left out or left something out."""
        return 0 if all(stage.ok for stage in self.stages) else 1

    def task_exit_code(self, tries_left: int) -> int:
        """The worst of its stages' words to an orchestrator: 1, then ``LEFT_OUT``, then 0."""
        codes = {stage.task_exit_code(tries_left) for stage in self.stages}
        return next((code for code in (1, LEFT_OUT) if code in codes), 0)
