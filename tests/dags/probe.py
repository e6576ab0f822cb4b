"""Run by Airflow's own Python: reads the DAG folder as Airflow does and prints what it found, as JSON.

``rendered`` is what a shell would be given at the top of a task: of a scheduled run, of a backfill, of one by hand with
the parameter, and of one by hand without.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.execution_time import macros

MIDNIGHT = datetime(2013, 7, 4, tzinfo=UTC)
RUNS = {
    "scheduled": ("scheduled__2013-07-05T00:00:00+00:00", None, MIDNIGHT, 1),
    "backfill": ("backfill__2013-07-05T00:00:00+00:00", None, MIDNIGHT, 1),
    "manual": ("manual__2013-07-09T10:11:12.5+00:00", "2013-07-01", None, 3),
    "manual_without": ("by-hand", None, None, 4),
}


def _rendered(dag: object) -> dict[str, str]:
    task = dag.get_task("silver")  # type: ignore[attr-defined]
    environment = dag.get_template_env()  # type: ignore[attr-defined]
    found = {}
    for name, (run_id, run_date, start, tried) in RUNS.items():
        context = {
            "run_id": run_id,
            "params": {"run_date": run_date},
            "dag_run": SimpleNamespace(
                run_type=name.partition("_")[0],
                data_interval_start=start,
                data_interval_end=start and start + timedelta(days=1),
                run_after=MIDNIGHT + timedelta(days=5),
            ),
            "ti": SimpleNamespace(max_tries=3, try_number=tried),
            "macros": macros,
        }
        found[name] = task.render_template(task.bash_command, context, environment).splitlines()[0]
    return found


def _told(folder: Path) -> dict[str, list[str]]:
    """What the callbacks tell when a task has failed, and of runs past their deadline that is 60 seconds."""
    spec = importlib.util.spec_from_file_location("the_dag_file", folder / "mirrorlake.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    now = datetime.now(UTC)

    def ago(seconds: float) -> str:
        return (now - timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")

    runs = {
        "queued": (None, None),
        "begun just now": (ago(10), None),
        "at work for long": (ago(61), None),
        "ended in time": (ago(600), ago(550)),
    }
    found: dict[str, list[str]] = {}
    with_file = 'printf "%s: %s\\n" "$RUN_ID" "$REASON" >> ' + str(folder / "told")
    for name, (start, end) in runs.items():
        context = {
            "dag_run": {"dag_run_id": "a+run", "start_date": start, "end_date": end},
            "deadline": {"deadline_time": "noon"},
        }
        module.deadline_missed(command=with_file, seconds=60.0, context=context)
        found[name] = _taken(folder / "told")
    failed = {"run_id": "a+run", "task_instance": SimpleNamespace(task_id="load"), "exception": ValueError("broken")}
    module.task_failed(with_file, failed)
    found["failed"] = _taken(folder / "told")
    try:
        module.task_failed("exit 127", failed)
    except module.subprocess.CalledProcessError as error:
        found["cannot tell"] = [str(error.returncode)]
    return found


def _taken(path: Path) -> list[str]:
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def main() -> None:
    """Parse the folder that is named, say what it holds."""
    bag = DagBag(dag_folder=sys.argv[1])
    dags = {}
    for dag_id, dag in bag.dags.items():
        tasks = {
            task.task_id: {
                "after": sorted(task.upstream_task_ids),
                "rule": str(task.trigger_rule),
                "pool": task.pool,
                "slots": task.pool_slots,
                "retries": task.retries,
                "retry_seconds": task.retry_delay.total_seconds(),
                "longest_seconds": task.max_retry_delay.total_seconds(),
                "backoff": task.retry_exponential_backoff,
                "skip_on": list(getattr(task, "skip_on_exit_code", [])),
                "setup": task.is_setup,
                "teardown": task.is_teardown,
                "on_failure": len(task.on_failure_callback),
                "command": task.bash_command.splitlines()[-1],
            }
            for task in dag.tasks
        }
        deadlines = dag.deadline if isinstance(dag.deadline, list) else [dag.deadline]
        dags[dag_id] = {
            "tasks": tasks,
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "params": list(dag.params),
            "deadlines": [each.interval.total_seconds() for each in deadlines],
            "on_failure": bool(dag.on_failure_callback),
            "rendered": _rendered(dag),
        }
    seconds = max((stat.duration.total_seconds() for stat in bag.dagbag_stats), default=0.0)
    told = _told(Path(sys.argv[1]))
    ours = sorted({name.partition(".")[0] for name in sys.modules} & {"lake", "warehouse", "pipeline", "dashboard"})
    print(
        "::" + json.dumps({"errors": bag.import_errors, "seconds": seconds, "dags": dags, "ours": ours, "told": told})
    )


if __name__ == "__main__":
    main()
