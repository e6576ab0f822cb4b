"""Walks the graph: skips what is up to date, runs what is not, lets nothing half-done look finished.

A source that fails does not stop what follows: that goes on with its last good version and is marked stale. Any other
stage that fails stops those behind it. Every stage that is not up to date leaves one audit record: failed ones too,
and those that were skipped for it; so does every stage after the first record, for the trail to tell where a run broke
off.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from graphlib import TopologicalSorter
from typing import Protocol

from lake.errors import LostRaceError, MirrorlakeError
from pipeline import fingerprint, staleness
from pipeline.context import RunContext
from pipeline.defects import is_fault, unexpected
from pipeline.graph import Stage
from pipeline.observe import logs
from pipeline.observe.audit import write_stage_record
from pipeline.outcome import RunOutcome, StageOutcome
from pipeline.secret import mask
from pipeline.stages import stage_module
from pipeline.staleness import wait_refused

# How often Ctrl-C is looked for: Polars sets a handler of its own, after which a signal no longer ends a wait.
LISTEN_SECONDS = 0.5


class Watcher(Protocol):
    """Who is told how the run goes (a terminal, or nobody)."""

    def started(self, stage: str) -> None:
        """A stage begins."""
        ...

    def finished(self, outcome: StageOutcome) -> None:
        """A stage has ended."""
        ...


def run(context: RunContext, stages: Iterable[Stage], watcher: Watcher) -> RunOutcome:
    """Run ``stages`` in the graph's order, independent ones side by side."""
    began = time.perf_counter()
    chosen = _among_themselves(context, {stage.name for stage in stages})
    context.ahead |= chosen.keys()
    sorter: TopologicalSorter[str] = TopologicalSorter({name: stage.after for name, stage in chosen.items()})
    sorter.prepare()
    waiting: dict[Future[StageOutcome], str] = {}
    try:
        with ThreadPoolExecutor(max_workers=max(1, len(chosen)), thread_name_prefix="stage") as pool:
            try:
                _walk(context, chosen, sorter, pool, waiting, watcher)
            except KeyboardInterrupt:
                context.interrupted.set()  # for the stages at work: only this thread hears Ctrl-C
                raise
    except KeyboardInterrupt as stopped:
        _tell_what_became_of(waiting, stopped)
        raise
    ordered = [context.outcomes[stage.name] for stage in context.graph.stages if stage.name in context.outcomes]
    return _finished(context, ordered, time.perf_counter() - began)


def _walk(
    context: RunContext,
    chosen: Mapping[str, Stage],
    sorter: TopologicalSorter[str],
    pool: ThreadPoolExecutor,
    waiting: dict[Future[StageOutcome], str],
    watcher: Watcher,
) -> None:
    while sorter.is_active():
        for name in sorter.get_ready():
            watcher.started(name)
            waiting[pool.submit(run_stage, context, chosen[name])] = name
        finished, _ = wait(waiting, LISTEN_SECONDS, return_when=FIRST_COMPLETED)
        for future in finished:
            name = waiting.pop(future)
            context.outcomes[name] = future.result()
            watcher.finished(context.outcomes[name])
            sorter.done(name)


def _tell_what_became_of(waiting: Mapping[Future[StageOutcome], str], stopped: KeyboardInterrupt) -> None:
    """Notes for people: what the stages that were at work say of it (a job that was stopped, or could not be)."""
    for future, name in waiting.items():
        if future.done() and not future.cancelled() and future.exception() is None and future.result().error:
            stopped.add_note(f"{name}: {future.result().error}")


def _among_themselves(context: RunContext, names: Collection[str]) -> dict[str, Stage]:
    """These stages, each after those of them that it needs, be it by way of stages that are not among them."""
    needed: dict[str, tuple[str, ...]] = {}
    for stage in context.graph.stages:
        behind = ((before,) if before in names else needed[before] for before in stage.after)
        needed[stage.name] = tuple(dict.fromkeys(name for found in behind for name in found))
    return {
        stage.name: replace(stage, after=needed[stage.name]) for stage in context.graph.stages if stage.name in names
    }


def _finished(context: RunContext, outcomes: list[StageOutcome], seconds: float) -> RunOutcome:
    workspace = context.workspace
    waiting = sum(context.refused.values())
    notes = (f"{wait_refused(waiting)}: mirrorlake quarantine show",) if waiting else ()
    return RunOutcome(context.run_id, workspace.settings.env, outcomes, seconds, workspace.places(), notes)


def unchanged(context: RunContext, stages: Iterable[Stage]) -> RunOutcome:
    """The outcome of a run that finds everything up to date."""
    outcomes = []
    for stage in stages:
        outcomes.append(_mark_stale(context, stage, StageOutcome(stage.name, "unchanged")))
        if context.records_all:
            write_stage_record(context, stage, outcomes[-1], datetime.now(UTC))
    return _finished(context, outcomes, 0.0)


def run_stage(context: RunContext, stage: Stage) -> StageOutcome:
    """One stage: skipped, unchanged, or executed, recorded and remembered. Whatever it raises becomes an outcome."""
    blocker = _blocker(context, stage)
    started_at, began = datetime.now(UTC), time.perf_counter()
    try:
        outcome = (
            StageOutcome(stage.name, "skipped", notes=(f"{blocker} did not succeed",))
            if blocker
            else _execute_if_needed(context, stage)
        )
    except MirrorlakeError as error:
        outcome = StageOutcome(stage.name, "failed", error=str(error))
    except BaseException as error:
        if not is_fault(error):
            raise
        logs.event("unforeseen", stage=stage.name, traceback="".join(traceback.format_exception(error)))
        outcome = StageOutcome(stage.name, "failed", error=str(unexpected(error)))
    outcome = _masked(outcome).timed(time.perf_counter() - began)
    if outcome.status == "failed":
        _note_stale(context, stage, outcome)
    outcome = _mark_stale(context, stage, outcome)
    logs.stage_ended(outcome)
    context.ahead.discard(stage.name)
    if context.records_all or context.has_recorded or outcome.status != "unchanged":
        context.has_recorded = True  # from here on also what is unchanged is recorded: what is missing did not end
        write_stage_record(context, stage, outcome, started_at)
    return outcome


def _masked(outcome: StageOutcome) -> StageOutcome:
    """Without secrets, before the report, the dashboard or a record can show it."""
    return replace(
        outcome,
        problems=tuple(map(mask, outcome.problems)),
        notes=tuple(map(mask, outcome.notes)),
        error=outcome.error and mask(outcome.error),
    )


def _blocker(context: RunContext, stage: Stage) -> str | None:
    for name in stage.after:
        before = context.outcomes.get(name)
        if before and before.status in ("failed", "skipped") and not name.startswith("ingest"):
            return name
    return None


def _execute_if_needed(context: RunContext, stage: Stage) -> StageOutcome:
    module = stage_module(stage)
    inputs = fingerprint.parts(module.inputs(context, stage))
    remembered = fingerprint.read(context.workspace.objects, stage.job)
    known = (
        remembered if remembered and remembered.inputs == inputs and not context.options.demand(stage.kind) else None
    )
    if known and known.outputs == fingerprint.parts(module.outputs(context, stage)):
        return StageOutcome(stage.name, "unchanged")
    outcome = _with_retries(context, lambda: module.execute(context, stage))
    _note_stale(context, stage, _masked(outcome))
    if outcome.status == "done" and not outcome.again:
        outputs = fingerprint.parts(module.outputs(context, stage))
        fingerprint.write(context.workspace.objects, stage.job, inputs, outputs, context.run_id)
    return outcome


def _with_retries(context: RunContext, execute: Callable[[], StageOutcome]) -> StageOutcome:
    """A commit that lost a race is tried again as it is; whatever else fails has been retried where it happened."""
    how = context.workspace.settings.run
    for attempt in range(1, how.attempts):
        try:
            return execute()
        except LostRaceError as error:
            logs.retrying(str(error), attempt)
            time.sleep(how.retry_seconds * 2 ** (attempt - 1))
    return execute()


def _note_stale(context: RunContext, stage: Stage, outcome: StageOutcome) -> None:
    """Keep what an ingest left out for the stages behind it, in whatever process or run; success clears it.

    Before the stage's success is remembered: a note that outlived it would never be looked at again.
    """
    if stage.kind == "ingest" and stage.source:
        reasons = outcome.problems or ((outcome.error,) if outcome.error else ())
        staleness.note(context.workspace.objects, stage.source, reasons)


def _mark_stale(context: RunContext, stage: Stage, outcome: StageOutcome) -> StageOutcome:
    if stage.kind != "ingest" and outcome.status in ("done", "unchanged") and context.stale:
        return replace(outcome, status="stale")
    return outcome
