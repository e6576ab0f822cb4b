"""A minute of what the platform does about mistakes, on a project of its own that is thrown away.

First a row is broken: it waits in quarantine with its reason, the rest goes on; the recording is mended and the row is
replayed. Then somebody edits the warehouse by hand: the audit fails, and what was published stays as it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.launch import Asked, launch
from pipeline.outcome import RunOutcome, StageOutcome
from pipeline.settings import project_root
from pipeline.workspace import Workspace, open_workspace

DAY = date(2013, 7, 4)
PLACE = "jfk"
HOUR = 15
BROKEN_TEMPERATURE_C = 999.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tour:
    """A folder of its own for recordings and data, and somebody to tell."""

    folder: Path
    say: Say

    @property
    def overrides(self) -> dict[str, str]:
        """The settings that keep everything in the folder."""
        return {"data": str(self.folder / "data"), "samples": str(self.folder / "samples")}

    def run(self, *, jobs: tuple[str, ...] = (), force: bool = False) -> RunOutcome:
        """One run of the tour's day, on the development environment."""
        return launch(Asked(env="dev", run_date=str(DAY), jobs=jobs, force=force, as_json=True), self.overrides)

    def workspace(self) -> Workspace:
        """The tour's environment, opened."""
        return open_workspace("dev", None, self.overrides)

    def recording(self) -> Path:
        """The recording that is broken and mended."""
        return self.folder / "samples" / "openmeteo" / "archive" / PLACE / f"{DAY}.json"

    def good_recording(self) -> Path:
        """The one that comes with the project."""
        return project_root() / "samples" / "openmeteo" / "archive" / PLACE / f"{DAY}.json"


def take(folder: Path, say: Say) -> int:
    """Walk through all of it in ``folder``; 0 where everything behaved as promised, 1 where something did not."""
    tour = Tour(folder, say)
    _copy_recordings(tour)
    held = [_break_a_row(tour), _mend_and_replay(tour), _fail_an_audit(tour)]
    say("")
    say("That was the tour; nothing of it is kept. Next: just dev-run, then just dashboard.")
    return 0 if all(held) else 1


def _copy_recordings(tour: Tour) -> None:
    origin, target = project_root() / "samples" / "openmeteo", tour.folder / "samples" / "openmeteo"
    target.mkdir(parents=True)
    shutil.copy(origin / "locations.json", target)
    for place in sorted(path.name for path in (origin / "archive").iterdir()):
        (target / "archive" / place).mkdir(parents=True)
        if (origin / "archive" / place / f"{DAY}.json").exists():
            shutil.copy(origin / "archive" / place / f"{DAY}.json", target / "archive" / place)


def _break_a_row(tour: Tour) -> bool:
    tour.say(
        f"1. A broken row. In the recording of {PLACE.upper()}, {DAY} {HOUR}:00, the temperature becomes 999 degrees."
    )
    body = json.loads(tour.recording().read_text())
    position = body["hourly"]["time"].index(f"{DAY}T{HOUR}:00")
    body["hourly"]["temperature_2m"][position] = BROKEN_TEMPERATURE_C
    tour.recording().write_text(json.dumps(body))
    outcome = tour.run()
    silver = _stage(outcome, "silver")
    tour.say(
        f"   The run ends with exit code {outcome.exit_code} in {outcome.seconds:.1f} s: {silver.total('rows_in')} rows"
        f" in, {silver.total('valid')} valid, {silver.total('rejected')} quarantined. All the rest is published."
    )
    for row in _quarantined(tour):
        tour.say(f"   quarantine: {row}")
    return silver.total("rejected") == 1 and outcome.exit_code == 0


def _mend_and_replay(tour: Tour) -> bool:
    from pipeline.replay import replay

    tour.say("")
    tour.say("2. The recording is mended. What is fetched again is a new load; bronze keeps the broken one as it came.")
    shutil.copy(tour.good_recording(), tour.recording())
    tour.run(jobs=("ingest",))
    replay(tour.workspace())
    outcome = tour.run()
    values = _values(tour)
    waiting = len(_quarantined(tour))
    tour.say(f"   After the replay silver has {values[0]:.1f} degrees for that hour, and {waiting} rows wait.")
    tour.say(f"   The rest follows by itself: {', '.join(s.stage for s in outcome.stages if s.status == 'done')}.")
    return len(values) == 1 and values[0] < BROKEN_TEMPERATURE_C and outcome.exit_code == 0


def _fail_an_audit(tour: Tour) -> bool:
    import duckdb

    from warehouse.publish import published_path

    tour.say("")
    tour.say("3. A failed audit. Somebody edits the warehouse by hand: one day becomes 777 degrees warm.")
    settings = tour.workspace().settings
    before = published_path(settings.publish.folder)
    with duckdb.connect(str(settings.warehouse.path)) as connection:
        connection.execute(
            "UPDATE raw.weather_daily SET temperature_max_c = 777 WHERE location_id = ? AND weather_date = ?",
            [PLACE, DAY],
        )
    outcome = tour.run(jobs=("dbt", "audit", "publish"), force=True)
    failed = next((stage for stage in outcome.stages if stage.status == "failed"), None)
    for line in (failed.error or "").splitlines()[:4] if failed else ["nothing failed, which it should have"]:
        tour.say(f"   {line.strip()}")
    unchanged = published_path(settings.publish.folder) == before
    tour.say(
        f"   Exit code {outcome.exit_code}; the published tables are {'as they were' if unchanged else 'CHANGED'}."
    )
    settings.warehouse.path.unlink()
    healed = tour.run()
    tour.say(f"   The warehouse is only a cache of the lake: deleted and run again, exit code {healed.exit_code}.")
    return failed is not None and unchanged and outcome.exit_code == 1 and healed.exit_code == 0


def _stage(outcome: RunOutcome, name: str) -> StageOutcome:
    return next(stage for stage in outcome.stages if stage.stage == name)


def _quarantined(tour: Tour) -> list[str]:
    from lake.quarantine import rows
    from lake.standing import with_state

    workspace, table = tour.workspace(), "weather_observations"
    stored = rows(workspace.objects, table)
    found: list[dict[str, Any]] = with_state(workspace.objects, workspace.contracts[table], stored).to_dicts()
    return [f"{', '.join(row['reasons'])}" for row in found if row.get("state") != "resolved"]


def _values(tour: Tour) -> list[float]:
    import polars as pl

    table = tour.workspace().table("weather_observations").scan()
    at = pl.datetime(DAY.year, DAY.month, DAY.day, HOUR, time_zone="UTC")
    chosen = table.filter((pl.col("location_id") == PLACE) & (pl.col("observed_at") == at))
    return chosen.select("temperature_c").collect().to_series().to_list()
