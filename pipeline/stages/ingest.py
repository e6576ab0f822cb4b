"""Ingest: ask the source for each (run date, place) and keep what it answers, byte for byte, in bronze.

What a source refuses or spoils is left out and named; the rest lands. A body that is no data never becomes a load: it
is kept beside bronze for whoever looks into it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from lake.errors import MirrorlakeError, UsageError
from pipeline.context import Parts, RunContext
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.places import Place, resolve
from pipeline.sources import source as open_source
from pipeline.sources.base import Payload, RefusedPayloadError, Request, Source
from pipeline.staleness import noted

WRITERS = 4  # threads that write bronze; more do not help on a laptop's disk


@dataclass(frozen=True)
class Planned:
    """What one run asks of one source."""

    source: Source
    places: tuple[Place, ...]
    requests: tuple[Request, ...]


def planned(context: RunContext, stage: Stage) -> Planned:
    """Resolve the places and plan the requests, once per run.

    Raises UsageError for a place that is unknown or ambiguous, NotRecordedError offline for one that is not recorded.
    """
    key = f"planned {stage.name}"
    if key not in context.shared:
        selection = context.selection
        opened = open_source(stage.source or "", context.workspace.settings, live=selection.live)
        recorded = opened.recorded_places
        names = () if recorded is None else selection.locations
        places = tuple(resolve(name, recorded or (), opened.live) for name in names)
        requests = opened.plan(selection.run_dates, places, forecast=selection.forecast)
        context.shared[key] = Planned(opened, places, tuple(requests))
    found = context.shared[key]
    assert isinstance(found, Planned)
    return found


def require_answers(context: RunContext, stage: Stage) -> None:
    """Let no run begin that cannot end well: NotRecordedError where the recordings lack a request; UsageError for a

    day that is far from all that the lake has of its slice, such as one of a mistyped year. The hours between would be
    gaps in gold from then on, and bronze forgets no day.
    """
    asked = planned(context, stage)
    asked.source.require_recorded(asked.requests)
    longest = context.workspace.settings.run.longest_gap_days
    days: dict[tuple[str, str], set[date]] = defaultdict(set)
    for request in asked.requests:
        days[request.dataset, request.slice_key].add(request.run_date)
    for dataset in sorted({dataset for dataset, _ in days}):
        there: dict[str, set[date]] = defaultdict(set)
        for ref in context.workspace.bronze.loads(stage.source or "", dataset):
            there[ref.slice_key].add(ref.run_date)
        for slice_key in sorted(there):
            _refuse_far_days(slice_key, there[slice_key], days[dataset, slice_key], longest)


def _refuse_far_days(slice_key: str, there: Set[date], asked: Set[date], longest: int) -> None:
    for before, after in pairwise(sorted(there | asked)):
        gap = (after - before).days
        if gap > longest and (before < min(there) or after > max(there)):
            far, near = (after, before) if after > max(there) else (before, after)
            raise UsageError(
                f"{far} is {gap:,} days away from {near}, the next day that there is of {slice_key}: "
                "every hour between them would be a gap in its tables, for good",
                where="run.longest_gap_days",
                fix="check the year; or give these days a lake of their own (MIRRORLAKE_DATA=FOLDER); or, if it is "
                f"meant, set MIRRORLAKE_RUN_LONGEST_GAP_DAYS={gap}",
            )


def inputs(context: RunContext, stage: Stage) -> Parts:
    """The requests, and the recordings that would answer them; what a live source answers is never known before."""
    asked = planned(context, stage)
    recordings = asked.source.recordings_fingerprint(asked.requests)
    requests = [(r.dataset, r.run_date, r.slice_key, sorted(r.attributes.items())) for r in asked.requests]
    return {"requests": requests, "recordings": recordings or f"live, run {context.run_id}"}


def outputs(context: RunContext, stage: Stage) -> Parts:
    """The loads that bronze has for these requests, and what the source's last ingest left out: it is tried again."""
    requests = planned(context, stage).requests
    asked = {(request.dataset, request.run_date, request.slice_key) for request in requests}
    loads = [
        ref.load
        for dataset in sorted({request.dataset for request in requests})
        for ref in context.workspace.bronze.loads(stage.source or "", dataset)
        if (dataset, ref.run_date, ref.slice_key) in asked
    ]
    return {"loads": loads, "left_out": noted(context.workspace.objects, stage.source or "")}


@dataclass(frozen=True)
class _Kept:
    request: Request
    records: int = 0
    bytes: int = 0
    new: bool = False
    problem: str | None = None


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Fetch all of it and keep each answer as it comes in."""
    asked = planned(context, stage)
    fetched = asked.source.fetch_many(asked.requests, lambda done, total: context.advance(stage.name, done, total))
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="bronze") as pool:
        kept = list(pool.map(lambda pair: _keep(context, *pair), fetched))
    notes = tuple(place.said for place in asked.places if place.distance_km >= 0.5)
    return _outcome(stage, kept, notes)


def _keep(context: RunContext, request: Request, answer: Payload | MirrorlakeError) -> _Kept:
    bronze = context.workspace.bronze
    place = (request.source, request.dataset, request.run_date, request.slice_key)
    if isinstance(answer, MirrorlakeError):
        if isinstance(answer, RefusedPayloadError):
            bronze.refuse(*place, answer.payload.pages, reason=str(answer))
        return _Kept(request, problem=f"{request.dataset} {request.slice_key} {request.run_date}: {answer.what}")
    written = bronze.write(
        *place,
        answer.pages,
        attributes=request.attributes,
        url=answer.url,
        fetched_at=answer.fetched_at,
        origin=answer.origin,
        records=answer.records,
    )
    return _Kept(request, answer.records, written.bytes, not written.unchanged)


def _outcome(stage: Stage, kept: Sequence[_Kept], notes: tuple[str, ...]) -> StageOutcome:
    problems = tuple(result.problem for result in kept if result.problem)
    datasets = sorted({result.request.dataset for result in kept})
    tables = tuple(_table(stage, dataset, [k for k in kept if k.request.dataset == dataset]) for dataset in datasets)
    if problems and len(problems) == len(kept):
        return StageOutcome(stage.name, "failed", tables, problems=problems, notes=notes, error=problems[0], again=True)
    return StageOutcome(stage.name, "done", tables, problems=problems, notes=notes, again=bool(problems))


def _table(stage: Stage, dataset: str, kept: Sequence[_Kept]) -> TableOutcome:
    new = [result for result in kept if result.new]
    return TableOutcome(
        f"{stage.source}/{dataset}",
        rows_in=sum(result.records for result in kept),
        rows_out=sum(result.records for result in new),
        bytes=sum(result.bytes for result in new),
        notes=(f"{len(kept)} payloads, {len(new)} new",),
    )
