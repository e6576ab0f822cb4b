"""What a stage is handed: the workspace, what was asked for, and what the stages before it said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from pipeline.outcome import StageOutcome

if TYPE_CHECKING:
    from pipeline.graph import Graph
    from pipeline.workers import Workers
    from pipeline.workspace import Workspace

Advance = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Selection:
    """What is fetched. ``locations`` are place names as typed; ``live`` asks the source instead of the recordings."""

    run_dates: tuple[date, ...]
    locations: tuple[str, ...]
    live: bool = False
    forecast: bool = False


@dataclass(frozen=True)
class Options:
    """How it is done. ``jobs`` restricts the run to these stages (empty: all)."""

    jobs: tuple[str, ...] = ()
    force: bool = False
    accept_shrink: bool = False
    write_csv: bool = False

    def demand(self, kind: str) -> str:
        """The option for which a stage of that kind runs although nothing has changed; empty where there is none."""
        if self.force:
            return "--force"
        of_silver = "--accept-shrink" if self.accept_shrink else "--write-csv" if self.write_csv else ""
        return of_silver if kind == "silver" else ""


def _silent(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass
class RunContext:
    """One run in progress. ``outcomes`` grows as stages end; ``shared`` is what they keep for one another.

    ``interrupted`` is set by Ctrl-C, which only the main thread hears: a stage that waits for a job stops it.
    ``records_all``: a stage that had nothing to do leaves an audit record too; an orchestrator's run then has them all.
    ``ahead`` are the stages of this call that have not ended; ``has_recorded``: one of it has left an audit record.
    """

    workspace: Workspace
    graph: Graph
    run_id: str
    selection: Selection
    options: Options
    workers: Workers
    advance: Advance = _silent
    records_all: bool = False
    has_recorded: bool = False
    ahead: set[str] = field(default_factory=set)
    outcomes: dict[str, StageOutcome] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    interrupted: threading.Event = field(default_factory=threading.Event)

    def inputs_of(self, job: str) -> object:
        """What the stage of that job word had to work on when it last ended well; None before."""
        from pipeline import fingerprint

        remembered = fingerprint.read(self.workspace.objects, job)
        return remembered.inputs if remembered else None

    def built_by(self, job: str) -> object:
        """What the stage of that job word left when it last ended well; None before."""
        from pipeline import fingerprint

        remembered = fingerprint.read(self.workspace.objects, job)
        return remembered.outputs if remembered else None

    @property
    def stale(self) -> tuple[str, ...]:
        """Why what follows is not up to date: one reason per ingest, of this or an earlier run, that left data out."""
        from pipeline.staleness import noted

        ingests = (stage for stage in self.graph.stages if stage.kind == "ingest" and stage.source)
        return tuple(
            f"{stage.name}: {reason}"
            for stage in ingests
            for reason in noted(self.workspace.objects, stage.source or "")
        )

    @property
    def refused(self) -> dict[str, int]:
        """How many loads wait refused, by silver table; a table without any is left out."""
        from pipeline.staleness import refused_loads

        silver = (stage for stage in self.graph.stages if stage.kind == "silver")
        return refused_loads(self.workspace.objects, (table for stage in silver for table in stage.writes))

    @property
    def reservations(self) -> tuple[str, ...]:
        """All that readers of the published tables are to know: stale sources, and loads that wait refused."""
        from pipeline.staleness import wait_refused

        return (*self.stale, *(f"silver: {table}: {wait_refused(count)}" for table, count in self.refused.items()))


# What a stage depends on, by word: a later run says which of them changed.
Parts = Mapping[str, object]
