"""A picture of the DAG in Airflow's own page, taken with a real Chromium."""

from __future__ import annotations

import sys

from local import ROOT, LocalAirflow

IMAGE = ROOT / "docs" / "images" / "airflow.png"
PATIENCE = 150_000  # milliseconds
SETTLING = 4_000  # the drawing moves into place


def take(airflow: LocalAirflow, dag_id: str, run_id: str) -> None:
    """The graph of a run with the state of each task; nothing happens where there is no Chromium."""
    sys.path.append(str(ROOT))
    from tests.dashboard.browser import browser, chromium

    if chromium() is None:
        return
    with browser() as window:
        page = window.new_page(viewport={"width": 1500, "height": 480})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{airflow.url}/dags/{dag_id}/runs/{run_id}")
        page.get_by_label("Show Graph").click()
        page.get_by_text("release").first.wait_for()
        page.get_by_label("Collapse Details Panel").click()
        page.locator(".react-flow__controls-fitview").click()
        page.wait_for_timeout(SETTLING)
        page.screenshot(path=IMAGE, animations="disabled")
