"""What a stage says when it is done: counts per table, and one word for how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

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
    input_versions: dict[str, int | str] = field(default_factory=dict)
    output_version: int | str | None = None
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
