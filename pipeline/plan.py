"""What a run would do and why, found without doing any of it: fingerprints then and now, compared by word."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline import fingerprint
from pipeline.context import RunContext
from pipeline.graph import Stage
from pipeline.stages import stage_module

OTHER_RECORDINGS = "recordings changed"  # no news beside "requests: ...": other requests read other recordings


@dataclass(frozen=True)
class Assessment:
    """One stage and the reasons for which it would run; none means that it is up to date."""

    stage: Stage
    reasons: tuple[str, ...]


def assess(context: RunContext, stages: Iterable[Stage]) -> list[Assessment]:
    """Each stage with why it would run. A stage behind one that runs may run too; its own inputs are not known yet."""
    assessed: list[Assessment] = []
    working: set[str] = set()
    for stage in stages:
        behind = [name for name in stage.after if name in working]
        reasons = tuple(reasons_to_run(context, stage)) or tuple(f"it comes after {name}" for name in behind)
        if reasons:
            working.add(stage.name)
        assessed.append(Assessment(stage, reasons))
    return assessed


def reasons_to_run(context: RunContext, stage: Stage) -> list[str]:
    """Why this stage's own inputs or outputs ask for a run; empty where it is up to date."""
    if demand := context.options.demand(stage.kind):
        return [demand]
    remembered = fingerprint.read(context.workspace.objects, stage.job)
    if remembered is None:
        return ["it has not ended well yet"]
    module = stage_module(stage)
    inputs = fingerprint.parts(module.inputs(context, stage))
    if inputs != remembered.inputs:
        reasons = fingerprint.explain(remembered.inputs, inputs)
        other_requests = any(reason.startswith("requests") for reason in reasons)
        return [reason for reason in reasons if not (other_requests and reason == OTHER_RECORDINGS)]
    outputs = fingerprint.parts(module.outputs(context, stage))
    return [f"output gone or changed: {word}" for word in fingerprint.explain(remembered.outputs, outputs)]
