"""Progress of a long run: a live line per stage on a terminal, nothing in a pipe."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pipeline.outcome import StageOutcome

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Quiet:
    """Nobody is watching."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def started(self, stage: str) -> None:
        """Say nothing."""

    def advance(self, stage: str, done: int, total: int) -> None:
        """Say nothing."""

    def finished(self, outcome: StageOutcome) -> None:
        """Say nothing."""


class Terminal(Quiet):
    """Rich's progress bars on standard error, gone when the run ends."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._tasks: dict[str, TaskID] = {}
        self._progress: Progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<20}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
            console=Console(stderr=True),
            transient=True,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, stage: str) -> None:
        """Add the stage's line."""
        self._tasks[stage] = self._progress.add_task(stage, total=None, status="")

    def advance(self, stage: str, done: int, total: int) -> None:
        """Move the stage's bar."""
        if stage in self._tasks:
            self._progress.update(self._tasks[stage], completed=done, total=total)

    def finished(self, outcome: StageOutcome) -> None:
        """Fill the stage's bar."""
        task = self._tasks[outcome.stage]
        total = self._progress.tasks[task].total or 1
        self._progress.update(task, completed=total, total=total, status=outcome.status)


def watcher(*, quiet: bool) -> Quiet:
    """A live display where a person watches, else silence."""
    return Quiet() if quiet or not sys.stderr.isatty() else Terminal()
