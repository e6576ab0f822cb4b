"""Which run dates are there, which are missing, and which stages are behind: read from bronze and the fingerprints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.context import RunContext
from pipeline.observe.audit import read_runs
from pipeline.plan import assess
from pipeline.spelling import spelled
from pipeline.stages.ingest import planned


@dataclass(frozen=True)
class Coverage:
    """One slice of one dataset: run dates in bronze, and those asked for that are not."""

    dataset: str
    slice_key: str
    present: tuple[date, ...]
    missing: tuple[date, ...]


@dataclass(frozen=True)
class StageState:
    """One stage: ``current``, ``missing`` (never ended well), or ``stale`` with the reasons."""

    stage: str
    state: str
    reasons: tuple[str, ...]


def coverage(context: RunContext) -> list[Coverage]:
    """Every dataset and slice that is asked for or was ever ingested."""
    found: list[Coverage] = []
    for stage in (stage for stage in context.graph.stages if stage.kind == "ingest"):
        wanted: dict[tuple[str, str], set[date]] = defaultdict(set)
        for request in planned(context, stage).requests:
            wanted[request.dataset, request.slice_key].add(request.run_date)
        present: dict[tuple[str, str], set[date]] = defaultdict(set)
        for source, dataset in {pair for c in context.workspace.contracts.values() for pair in c.datasets}:
            if source == stage.source:
                for ref in context.workspace.bronze.loads(source, dataset):
                    present[dataset, ref.slice_key].add(ref.run_date)
        for key in sorted(wanted.keys() | present.keys()):
            here = present.get(key, set())
            missing = sorted(wanted.get(key, set()) - here)
            found.append(Coverage(f"{stage.source}/{key[0]}", key[1], tuple(sorted(here)), tuple(missing)))
    return found


def stage_states(context: RunContext) -> list[StageState]:
    """Every stage, against what the selection asks for."""
    states = []
    for assessment in assess(context, context.graph.stages):
        never = any("not ended well" in reason for reason in assessment.reasons)
        word = "current" if not assessment.reasons else "missing" if never else "stale"
        states.append(StageState(assessment.stage.name, word, assessment.reasons))
    return states


def dates_compared(context: RunContext, command: str) -> str:
    """A line on the dates that a command without dates looks at, where the newest run took others; else empty."""
    dates = context.selection.run_dates
    last = next((run.run_dates for run in read_runs(context.workspace.objects, limit=1)), ())
    if not last or last == dates:
        return ""
    other = spelled(f"mirrorlake {command} --from {last[0]} --to {last[-1]}")
    return f"dates: {spans(dates)}, as a run without dates; the last run took {spans(last)}: {other}"


def spans(days: Iterable[date]) -> str:
    """Days in few words: ``2013-07-01 to 2013-07-07, 2013-07-09``."""
    runs: list[list[date]] = []
    for day in sorted(days):
        if runs and day - runs[-1][-1] == timedelta(days=1):
            runs[-1] = [runs[-1][0], day]
        else:
            runs.append([day, day])
    return ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in (_ends(run) for run in runs)) or "none"


def _ends(run: Sequence[date]) -> tuple[date, date]:
    return run[0], run[-1]
