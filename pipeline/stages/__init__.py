"""One file per kind of stage, each with three functions, imported when the stage's turn comes.

``inputs(context, stage)``: all that its result depends on, by word; equal inputs mean that nothing is to be done.
``outputs(context, stage)``: what it left; compared with what it left last time, so that a deleted result is noticed.
``execute(context, stage)``: the work. It must be safe to repeat.
"""

from __future__ import annotations

import importlib
from typing import Protocol, cast

from pipeline.context import Parts, RunContext
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome


class StageModule(Protocol):
    """What each file of this folder offers."""

    def inputs(self, context: RunContext, stage: Stage) -> Parts:
        """Everything that the result depends on."""
        ...

    def outputs(self, context: RunContext, stage: Stage) -> Parts:
        """What stands there now."""
        ...

    def execute(self, context: RunContext, stage: Stage) -> StageOutcome:
        """Do the work."""
        ...


def stage_module(stage: Stage) -> StageModule:
    """The file of this kind of stage."""
    return cast(StageModule, importlib.import_module(f"pipeline.stages.{stage.kind}"))
