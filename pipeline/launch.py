"""From what was asked to a run: settings, contracts, graph, lease and workers put together, then the runner."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from lake import layout
from pipeline.context import Options, RunContext, Selection
from pipeline.dates import run_dates
from pipeline.graph import Graph, Stage, build_graph
from pipeline.mirror import mirrored, require_place
from pipeline.observe import alerts, logs
from pipeline.outcome import RunOutcome
from pipeline.plan import Assessment, assess
from pipeline.progress import watcher
from pipeline.runner import run, unchanged
from pipeline.workers import Workers
from pipeline.workspace import Workspace, open_workspace


@dataclass(frozen=True)
class Asked:
    """The command line's options, as typed."""

    env: str | None = None
    config: Path | None = None
    engine: str | None = None
    run_date: str | None = None
    first: str | None = None
    last: str | None = None
    locations: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    live: bool = False
    forecast: bool = False
    force: bool = False
    accept_shrink: bool = False
    write_csv: bool = False
    write_s3: bool = False
    run_id: str | None = None
    tries_left: int | None = None
    as_json: bool = False
    verbose: bool = False

    @property
    def is_task(self) -> bool:
        """Whether an orchestrator asks, stage by stage: it keeps the lease between them, alerts, and counts tries."""
        return self.tries_left is not None


def new_run_id() -> str:
    """Sortable by time, unique without a coordinator: ``20130704T120000-1a2b3c``."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def project_graph(workspace: Workspace) -> Graph:
    """The graph of this workspace's contracts and transformations."""
    from lake.transforms import discover

    return build_graph(workspace.contracts, {name: each.reads for name, each in discover().items()})


def opened(asked: Asked, overrides: Mapping[str, str] | None = None) -> Workspace:
    """The workspace that was asked for, with ``overrides`` of settings."""
    engine = {"gold.engine": asked.engine} if asked.engine else {}
    return open_workspace(asked.env, asked.config, {**engine, **(overrides or {})})


def prepare(asked: Asked, workspace: Workspace) -> RunContext:
    """Check everything that was asked before anything is done."""
    settings = workspace.settings
    graph = project_graph(workspace)
    default = settings.run.dates(datetime.now(UTC).date())
    selection = Selection(
        run_dates(asked.run_date, asked.first, asked.last, default),
        asked.locations or settings.run.locations,
        asked.live,
        asked.forecast,
    )
    jobs = tuple(stage.job for stage in chosen_stages(graph, asked.jobs)) if asked.jobs else ()
    options = Options(jobs, asked.force, asked.accept_shrink, asked.write_csv)
    run_id = layout.segment(asked.run_id, "run id") if asked.run_id else new_run_id()
    return RunContext(workspace, graph, run_id, selection, options, Workers(workspace), records_all=asked.is_task)


def chosen_stages(graph: Graph, jobs: tuple[str, ...]) -> list[Stage]:
    """The stages of these job words (``ingest`` means every source), all of them where none is named."""
    if not jobs:
        return list(graph.stages)
    wanted = {
        stage.name
        for job in jobs
        for stage in ([s for s in graph.stages if s.kind == "ingest"] if job == "ingest" else [graph.stage(job)])
    }
    return [stage for stage in graph.stages if stage.name in wanted]


@contextmanager
def held_lease(workspace: Workspace, run_id: str, *, outlives: bool = False) -> Iterator[None]:
    """Hold the lease for this run; every commit checks that it still is ours. ``outlives``: see ``lease.hold``."""
    from pipeline.lease import hold

    with hold(workspace, run_id, outlives=outlives):
        yield


def assessed(context: RunContext) -> list[Assessment]:
    """The chosen stages, each with why it would run. Raises NotRecordedError where the recordings cannot answer."""
    from pipeline.stages import ingest

    stages = chosen_stages(context.graph, context.options.jobs)
    for stage in stages:
        if stage.kind == "ingest":
            ingest.require_answers(context, stage)
    return assess(context, stages)


def launch(asked: Asked, overrides: Mapping[str, str] | None = None) -> RunOutcome:
    """Run what was asked, with ``overrides`` of settings. Raises only for what keeps the run from beginning."""
    workspace = opened(asked, overrides)
    logs.configure(verbose=asked.verbose, settings=workspace.settings)
    context = prepare(asked, workspace)
    logs.bind(run_id=context.run_id)
    work = assessed(context)
    stages = [assessment.stage for assessment in work]
    if asked.write_s3:
        require_place(workspace)
    if not any(assessment.reasons for assessment in work):
        return _copied(asked, workspace, unchanged(context, stages))
    with ExitStack() as stack:
        stack.callback(workspace.close)
        stack.enter_context(held_lease(workspace, context.run_id, outlives=asked.is_task))
        stack.enter_context(context.workers)
        context.workers.start({assessment.stage.kind for assessment in work if assessment.reasons})
        watch = stack.enter_context(watcher(quiet=asked.as_json or asked.verbose))
        context.advance = watch.advance
        outcome = _mirrored(asked, workspace, run(context, stages, watch))
    if not asked.is_task:
        alerts.notify(workspace.settings.alerts, outcome)
    return outcome


def _mirrored(asked: Asked, workspace: Workspace, outcome: RunOutcome) -> RunOutcome:
    """The outcome with what came of copying the lake, where that was asked for."""
    if not asked.write_s3:
        return outcome
    return replace(outcome, stages=[*outcome.stages, mirrored(workspace)])


def _copied(asked: Asked, workspace: Workspace, outcome: RunOutcome) -> RunOutcome:
    """``_mirrored`` by a run that had no other reason to hold the lease."""
    if not asked.write_s3:
        return outcome
    with held_lease(workspace, outcome.run_id, outlives=asked.is_task):
        return _mirrored(asked, workspace, outcome)
