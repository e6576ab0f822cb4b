"""The handler of AWS Lambda: one small run date from its source to gold, in one call.

For what is too small for a cluster: a date of hourly weather is some hundred rows. Polars and deltalake exceed the
250 MB of a zip, so it runs from a container image (Dockerfile, target lambda). The lake is the same, and so is the
lease: a call while another run is at work fails and is repeated by whoever called. Only ``/tmp`` can be written to.

Event: ``{"run_date": "2013-07-04", "locations": ["JFK"], "jobs": ["ingest", "silver", "gold"], "run_id": "..."}``, all
but the date with defaults. The profile is that of the variable LAKE_ENV.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lake.errors import MirrorlakeError, UsageError
from pipeline.launch import Asked, launch
from pipeline.outcome import RunOutcome

JOBS = ("ingest", "silver", "gold")
KNOWN = ("run_date", "locations", "jobs", "run_id", "env")


def handler(event: Mapping[str, Any], context: object) -> dict[str, Any]:
    """Run the event's date and give what came of each stage.

    Raises UsageError for an event that says something else, MirrorlakeError where a stage failed: Lambda then counts
    the call as failed, and whoever called may repeat it. A source that left something out is said in the answer.
    """
    overrides = {
        "data": str(Path(tempfile.gettempdir()) / "mirrorlake"),
        "gold.engine": "polars",  # neither Java nor a cluster is there
        "gold.runs_on": "here",
    }
    outcome = launch(asked(event), overrides)
    failed = [stage for stage in outcome.stages if stage.status in ("failed", "skipped")]
    if failed:
        said = "; ".join(f"{stage.stage}: {stage.error or ', '.join(stage.notes)}" for stage in failed)
        raise MirrorlakeError(said, where=f"run {outcome.run_id}", fix="call again when the reason is gone")
    return answer(outcome)


def asked(event: Mapping[str, Any]) -> Asked:
    """The event as the command line would say it."""
    unknown = sorted(set(event) - set(KNOWN))
    if unknown or not isinstance(event.get("run_date"), str):
        told = f"does not know {', '.join(unknown)}" if unknown else "needs a run_date as text"
        raise UsageError(f"the event {told}", where="event", fix=f"known are: {', '.join(KNOWN)}")
    return Asked(
        env=event.get("env"),
        run_date=event["run_date"],
        locations=tuple(event.get("locations") or ()),
        jobs=tuple(event.get("jobs") or JOBS),
        run_id=event.get("run_id"),
        verbose=True,
    )


def answer(outcome: RunOutcome) -> dict[str, Any]:
    """The outcome in words that JSON knows."""
    stages = [
        {
            "stage": stage.stage,
            "status": stage.status,
            "seconds": stage.seconds,
            "rows_out": stage.total("rows_out"),
            "problems": list(stage.problems),
        }
        for stage in outcome.stages
    ]
    return {"run_id": outcome.run_id, "env": outcome.env, "exit_code": outcome.exit_code, "stages": stages}
