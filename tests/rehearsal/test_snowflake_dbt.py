"""``mirrorlake --env rehearsal dbt build``: models, every test, unit tests on the stand-in; and once more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backends.star_lake import star
from tests.conftest import REPOSITORY
from tests.rehearsal.conftest import Rehearsal
from tests.rehearsal.snowflake_world import World


@pytest.fixture
def here(rehearsal: Rehearsal, bare: World) -> World:
    """A loaded star in the database of the environment ``rehearsal``."""
    bare.warehouse.set_up()
    bare.lake.fill(star(days=14, places=2))
    bare.load()
    return bare


def dbt_build(target: Path) -> str:
    """What dbt prints."""
    folders = ["--target-path", str(target / "target"), "--log-path", str(target / "logs")]
    program = "from pipeline.run import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--env", "rehearsal", "dbt", "--no-use-colors", "build", *folders],
        env={**os.environ, "MIRRORLAKE_ROOT": str(REPOSITORY), "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.timeout(600)
def test_dbt_builds_and_tests_everything_twice(here: World, tmp_path: Path) -> None:
    for days in (14, 16):
        here.lake.fill(star(days=days, places=2))
        here.load()
        said = dbt_build(tmp_path)
        assert "ERROR=0" in said
        hourly = here.ask("SELECT COUNT(*), COUNT(DISTINCT observed_date) FROM $db.marts.mart_weather_hourly")
        assert hourly == [(len(here.lake.rows("fact_weather_hourly")), days)]
