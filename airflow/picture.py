"""A picture of the DAG in Airflow's own page, taken with a real Chromium."""

from __future__ import annotations

import sys

from local import ROOT, LocalAirflow

IMAGE = ROOT / "docs" / "images" / "airflow.png"


def take(airflow: LocalAirflow, dag_id: str) -> None:
    """The graph of the DAG beside the states of its runs; nothing happens where there is no Chromium."""
    sys.path.append(str(ROOT))
    from tests.dashboard.browser import browser, chromium

    if chromium() is None:
        return
    with browser() as window:
        page = window.new_page(viewport={"width": 1500, "height": 800})
        page.goto(f"{airflow.url}/")
        page.wait_for_load_state("networkidle")
        page.evaluate(f"localStorage.setItem('dag_view-{dag_id}', JSON.stringify('graph'))")
        page.goto(f"{airflow.url}/dags/{dag_id}")
        page.get_by_text("release").first.wait_for(timeout=60_000)
        page.wait_for_timeout(3_000)
        page.screenshot(path=IMAGE, animations="disabled")
