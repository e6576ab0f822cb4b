"""A refused load is met by one run, and waits in sight of every later one and of the readers of what is published."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import orjson

from pipeline.context import RunContext
from pipeline.launch import Asked, launch, prepare
from pipeline.outcome import RunOutcome
from pipeline.report import closing_lines
from pipeline.runner import unchanged
from pipeline.spelling import spelled
from pipeline.stages import publish
from pipeline.workspace import open_workspace

DAY = date(2013, 7, 4)
WAITS = "1 load waits refused"


def context() -> RunContext:
    return prepare(Asked(run_date=str(DAY)), open_workspace())


def spoil(samples: Path, repository: Path) -> None:
    """A recording of JFK whose temperatures are out of range: more of it than the contract lets pass."""
    origin, target = repository / "samples" / "openmeteo", samples / "openmeteo"
    (target / "archive" / "jfk").mkdir(parents=True)
    (target / "locations.json").write_bytes((origin / "locations.json").read_bytes())
    body = orjson.loads((origin / "archive" / "jfk" / f"{DAY}.json").read_bytes())
    body["hourly"]["temperature_2m"] = [999.0] * 24
    (target / "archive" / "jfk" / f"{DAY}.json").write_bytes(orjson.dumps(body))


def upto_silver(samples: Path) -> RunOutcome:
    asked = Asked(run_date=str(DAY), locations=("JFK",), jobs=("ingest", "silver"), as_json=True)
    return launch(asked, {"samples": str(samples)})


def test_a_refused_load_fails_its_run_and_waits_in_sight(project: Path, tmp_path: Path) -> None:
    repository = Path(__file__).resolve().parents[2]
    assert context().reservations == ()
    before = publish.inputs(context(), context().graph.stage("publish"))
    spoil(tmp_path / "samples", repository)
    first = upto_silver(tmp_path / "samples")
    assert first.exit_code == 1
    assert first.notes == (f"{WAITS}: mirrorlake quarantine show",)
    second = upto_silver(tmp_path / "samples")
    assert second.exit_code == 0
    assert {stage.status for stage in second.stages} == {"unchanged"}
    assert spelled(f"{WAITS}: mirrorlake quarantine show") in closing_lines(second)
    assert context().reservations == (f"silver: weather_observations: {WAITS}",)
    assert context().stale == ()
    assert publish.inputs(context(), context().graph.stage("publish"))["stale"] != before["stale"]
    assert unchanged(context(), [context().graph.stage("publish")]).exit_code == 0
