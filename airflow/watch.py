"""What the drill asks of Airflow: start a run, wait for a state, and tell what became of each task."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

from local import LocalAirflow

WAIT_SECONDS = 900.0


@dataclass
class Told:
    """One run of the DAG as the drill's page tells it."""

    how: str
    run_id: str
    run_date: str
    note: str = ""
    state: str = ""
    seconds: float = 0.0
    tasks: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    calls: int = 0


class Watched:
    """A DAG that is watched while it runs."""

    def __init__(self, airflow: LocalAirflow) -> None:
        self.airflow = airflow
        self.dag_id = f"mirrorlake_{airflow.env}"
        self.page = f"/dags/{self.dag_id}"

    def runs(self) -> dict[str, Any]:
        """Every run by its id, the oldest first."""
        found = self.airflow.ask("GET", f"{self.page}/dagRuns?order_by=id&limit=100")["dag_runs"]
        return {run["dag_run_id"]: run for run in found}

    def tasks(self, run_id: str) -> dict[str, Any]:
        """Every task of a run as it stands."""
        found = self.airflow.ask("GET", f"{self.page}/dagRuns/{quote(run_id, safe='')}/taskInstances")
        return {task["task_id"]: task for task in found["task_instances"]}

    def tries(self, run_id: str, task_id: str) -> list[str]:
        """How each try of a task ended, the first first."""
        path = f"{self.page}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/tries"
        found = self.airflow.ask("GET", path)["task_instances"]
        return [str(each["state"]) for each in sorted(found, key=lambda each: each["try_number"])]

    def trigger(self, run_id: str, run_date: str) -> None:
        """Start a run by hand, as somebody at a terminal would."""
        given = ["--run-id", run_id, "--conf", json.dumps({"run_date": run_date})]
        self.airflow.command("dags", "trigger", self.dag_id, *given)

    def ended(self, run_id: str) -> str:
        """Wait for the end of a run; its state."""
        return wait_for(f"the end of {run_id}", lambda: _if_ended(self.runs().get(run_id)))

    def tell(self, how: str, run_id: str, run_date: str, note: str = "") -> Told:
        """All that is known of a run that has ended."""
        run = self.runs()[run_id]
        told = Told(how, run_id, run_date, note, run["state"])
        told.seconds = (_moment(run["end_date"]) - _moment(run["start_date"])).total_seconds()
        told.tasks = {task: self.tries(run_id, task) for task in self.tasks(run_id)}
        audited = json.loads(self.airflow.mirrorlake("runs", "".join(_slug(run_id)), "--json") or "[]")
        for record in audited[0]["records"] if audited else []:
            told.calls += 1
            told.rows[record["stage"]] = sum(table["rows_out"] for table in record["tables"])
        return told


def wait_for(what: str, found: Callable[[], Any], seconds: float = WAIT_SECONDS) -> Any:
    """Ask until something is found; SystemExit when it takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if answer := found():
                return answer
        except HTTPError as error:
            if error.code != 404:  # not there yet
                raise
        time.sleep(1)
    raise SystemExit(f"waited {seconds:.0f} seconds in vain for {what}")


def _if_ended(run: dict[str, Any] | None) -> str:
    return run["state"] if run and run["state"] in ("success", "failed") else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _slug(run_id: str) -> list[str]:
    return [sign if sign.isascii() and (sign.isalnum() or sign in "._=-") else "-" for sign in run_id]
