"""One real week per test session, shared by all workers; each test gets a copy of its own and pages opened on it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from dashboard_pages import APP, OpenPage
from streamlit.testing.v1 import AppTest

from tests.conftest import REPOSITORY


def run_week(data: Path) -> None:
    """What a user's first run makes, in ``data``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MIRRORLAKE_", "LAKE_ENV"))}
    environment = {**clean, "MIRRORLAKE_ROOT": str(REPOSITORY), "MIRRORLAKE_DATA": str(data), "MIRRORLAKE_DOTENV": ""}
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.run"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a real run of the default week; not to be changed."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    data = shared / "dashboard-week"
    with (shared / "dashboard-week.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not data.exists():
            building = shared / "dashboard-week-building"
            run_week(building)
            building.rename(data)
    return data


@pytest.fixture
def published_week(project: Path, week: Path) -> Path:
    """A data folder of one's own that holds the week."""
    shutil.copytree(week, project)
    return project


@pytest.fixture
def open_page(project: Path) -> OpenPage:
    """``open_page("wind")``: that page, run once on the data of ``project``."""

    def opened(name: str) -> AppTest:
        page = AppTest.from_file(str(APP), default_timeout=60).run()
        return page if name == "weather" else page.switch_page(f"views/{name}.py").run()

    return opened
