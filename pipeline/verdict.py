"""How a run of several processes ended, by its audit: what `mirrorlake run` says of a run in one process.

Airflow's last task asks for it, since a task of a stage that left something out counts as skipped there, not as failed.
"""

from __future__ import annotations

from lake import layout
from pipeline.observe import alerts, audit
from pipeline.outcome import RunOutcome, StageOutcome
from pipeline.report import verdict as sentence
from pipeline.workspace import Workspace


def of_run(workspace: Workspace, run_id: str) -> RunOutcome:
    """The last word of each stage of that run; no stages where it left no record."""
    found = audit.recorded(workspace.objects, layout.segment(run_id, "run id"))
    last = {record.stage: record for record in found.records}
    stages = [
        StageOutcome(name, record.status, problems=record.problems, error=record.error, seconds=record.seconds)  # type: ignore[arg-type]
        for name, record in last.items()
    ]
    seconds = (found.ended_at - found.started_at).total_seconds() if found.started_at and found.ended_at else 0.0
    return RunOutcome(run_id, workspace.settings.env, stages, seconds, workspace.places())


def lines(outcome: RunOutcome) -> list[str]:
    """One line per stage that is not well, then the sentence on the whole run."""
    said = [
        f"{stage.stage}: {stage.status}: {reason}"
        for stage in outcome.stages
        if not stage.ok
        for reason in stage.problems or (stage.error or "a source before it is not up to date",)
    ]
    return [*said, f"verdict: {sentence(outcome) if outcome.stages else 'no stage of it has left a record'}"]


def alert(workspace: Workspace, outcome: RunOutcome, reason: str) -> bool:
    """Tell whom ``alerts`` names that this run is not well: what its stages said, and the orchestrator's reason.

    Whether they were told.
    """
    said = StageOutcome("run", "failed", error=reason)
    told = RunOutcome(outcome.run_id, outcome.env, [*outcome.stages, said], outcome.seconds)
    return alerts.notify(workspace.settings.alerts, told)
