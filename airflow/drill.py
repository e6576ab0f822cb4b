"""``just airflow-drill``: let a real Airflow run the graph, in peace and through faults; write down what came of it.

Everything happens in a folder of its own. The page docs/airflow.md gets what Airflow and Mirrorlake say afterwards, and
docs/images/airflow.png a picture of the DAG. Takes some ten minutes; nothing is left running.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import evidence
import picture
from local import ROOT, LocalAirflow
from watch import Told, Watched, wait_for

HOLDS_THE_FILE = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
SETTINGS = {
    "MIRRORLAKE_DOTENV": "",
    "MIRRORLAKE_AIRFLOW_FIRST_DATE": "2013-07-03",
    "MIRRORLAKE_AIRFLOW_LAST_DATE": "2013-07-03",  # one scheduled run; the others are asked for
    "MIRRORLAKE_AIRFLOW_RETRIES": "2",
    "MIRRORLAKE_AIRFLOW_RETRY_SECONDS": "10",
    "MIRRORLAKE_AIRFLOW_RETRY_MAX_SECONDS": "60",
}
DEADLINE_SECONDS = 20


class Drill:
    """The scenes, in order; each gives the runs that it made."""

    def __init__(self, folder: Path) -> None:
        self.data, self.samples, self.alerts = folder / "data", folder / "samples", folder / "alerts.jsonl"
        shutil.copytree(ROOT / "samples", self.samples)
        given = {
            "MIRRORLAKE_DATA": str(self.data),
            "MIRRORLAKE_SAMPLES": str(self.samples),
            "MIRRORLAKE_ALERTS_COMMAND": f"tee -a {self.alerts}",
        }
        self.airflow = LocalAirflow(folder / "airflow", "dev", **given, **SETTINGS)
        self.dag = Watched(self.airflow)

    def scheduled(self) -> list[Told]:
        """Switched on, the DAG gets the run of its one day."""
        wait_for("the DAG", lambda: self.airflow.ask("GET", self.dag.page))
        self.airflow.ask("PATCH", self.dag.page, {"is_paused": False})
        run_id = wait_for("the scheduled run", lambda: next(iter(self.dag.runs()), None))
        self.dag.ended(run_id)
        return [self.dag.tell("by schedule", run_id, "2013-07-03")]

    def by_hand(self) -> list[Told]:
        """A past date, asked for by somebody."""
        self.dag.trigger("by-hand", "2013-07-01")
        self.dag.ended("by-hand")
        return [self.dag.tell("by hand, a past date", "by-hand", "2013-07-01")]

    def backfill(self) -> list[Told]:
        """Three dates, one after another, while a run by hand waits for the lease between them."""
        dates = ["--from-date", "2013-07-04", "--to-date", "2013-07-06", "--max-active-runs", "1"]
        self.airflow.command("backfill", "create", "--dag-id", self.dag.dag_id, *dates)
        wait_for("the backfill's first task", lambda: self._backfilled() and self._holds(self._backfilled()[0]))
        self.dag.trigger("meanwhile", "2013-07-02")
        first = self._backfilled()[0]
        wait_for("the waiting run", lambda: self.dag.tasks("meanwhile")["lease"]["state"] == "running")
        note = f"its task `lease` waited while `{first}` had the lake"
        for run_id in [*self._backfilled(), "meanwhile"]:
            self.dag.ended(run_id)
        # Airflow names such a run by the end of its day; its date is the day's own.
        days = {run_id: self.dag.runs()[run_id]["data_interval_start"][:10] for run_id in self._backfilled()}
        told = [self.dag.tell("backfill", run_id, day) for run_id, day in days.items()]
        return [*told, self.dag.tell("by hand, during the backfill", "meanwhile", "2013-07-02", note)]

    def _backfilled(self) -> list[str]:
        return sorted(run_id for run_id in self.dag.runs() if run_id.startswith("backfill__"))

    def _holds(self, run_id: str) -> bool:
        return bool(self.dag.tasks(run_id)["lease"]["state"] == "success")

    def retried(self) -> list[Told]:
        """A stage fails, is tried again, and succeeds: somebody has the warehouse's file open, and closes it."""
        with self._open_elsewhere(self.data / "warehouse" / "warehouse.duckdb"):
            self.dag.trigger("file-in-use", "2013-07-07")
            wait_for("a failed try", lambda: self.dag.tasks("file-in-use")["load"]["state"] == "up_for_retry")
        self.dag.ended("file-in-use")
        note = "another process had the warehouse's file open until the first try of `load` had failed"
        return [self.dag.tell("through a fault", "file-in-use", "2013-07-07", note)]

    @contextmanager
    def _open_elsewhere(self, path: Path) -> Iterator[None]:
        words = [sys.executable, "-c", HOLDS_THE_FILE, str(path)]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            try:
                yield
            finally:
                holder.communicate()

    def left_out(self) -> list[Told]:
        """A source spoils one answer: what follows goes on, the run fails. Mended and cleared, it ends well."""
        recording = self.samples / "openmeteo" / "archive" / "lga" / "2013-07-08.json"
        whole = recording.read_bytes()
        recording.write_text("<html>502 Bad Gateway</html>", encoding="utf-8")
        self.dag.trigger("source-stale", "2013-07-08")
        self.dag.ended("source-stale")
        note = "the source answered for one of three places with an error page"
        before = self.dag.tell("a source leaves something out", "source-stale", "2013-07-08", note)
        recording.write_bytes(whole)
        body = {"dry_run": False, "only_failed": False, "task_ids": ["ingest-openmeteo"], "include_downstream": True}
        self.airflow.ask("POST", f"{self.dag.page}/clearTaskInstances", {**body, "dag_run_id": "source-stale"})
        wait_for("the cleared run", lambda: self.dag.runs()["source-stale"]["state"] in ("queued", "running"), 60)
        self.dag.ended("source-stale")
        note = "the same run, its ingest cleared after the source was mended"
        return [before, self.dag.tell("the same, cleared", "source-stale", "2013-07-08", note)]

    def late(self) -> list[Told]:
        """A run that cannot begin misses its deadline: somebody is told, and it goes on when it can."""
        self.airflow.describe(MIRRORLAKE_AIRFLOW_DEADLINE_SECONDS=str(DEADLINE_SECONDS))
        wait_for("the new deadline", lambda: self.airflow.deadlines(self.dag.dag_id) == [DEADLINE_SECONDS])
        self._kept_waiting()
        self.dag.trigger("late", "2013-07-09")
        wait_for("the alert", self._kept_waiting)
        self.airflow.mirrorlake("lease", "release", "somebody")
        self.dag.ended("late")
        note = f"a run of somebody else's had the lake until {DEADLINE_SECONDS} seconds more than usual had passed"
        return [self.dag.tell("past its deadline", "late", "2013-07-09", note)]

    def _kept_waiting(self) -> bool:
        self.airflow.mirrorlake("lease", "take", "somebody")  # longer than one hold
        return self.alerts.exists() and "not done by" in self.alerts.read_text("utf-8")


def main() -> None:
    """Play every scene, compare with one process, take the picture, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the folder of the drill, to look into")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="mirrorlake-airflow-"))
    drill, told, began = Drill(folder), [], time.monotonic()
    try:
        drill.airflow.start()
        for scene in (drill.scheduled, drill.by_hand, drill.backfill, drill.retried, drill.left_out, drill.late):
            before = len(told)
            told += scene()
            print(f"{scene.__name__}: {', '.join(f'{each.run_id} {each.state}' for each in told[before:])}", flush=True)
        picture.take(drill.airflow, drill.dag.dag_id, "file-in-use")
    finally:
        drill.airflow.stop()
    alerts = evidence.alerts(drill.alerts)
    same = evidence.same_as_one_process(drill.airflow, folder)
    left = drill.airflow.leftovers()
    evidence.write(told, alerts, same, time.monotonic() - began, left)
    print(json.dumps({"runs": len(told), "same rows as one process": same, "processes left": left}))
    if not arguments.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
