"""The DAG of each graph*.json beside this file (written by ``mirrorlake --env ENV graph --format json --output ...``).

It imports none of Mirrorlake and decides nothing: a task runs the command that the file names, in Mirrorlake's own
environment. A run takes the lease of the lake first and gives it back last, however it ends. A task that went on though
something was left out counts as skipped, what follows runs, and the last task asks for the verdict and fails the run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.sdk import (
    DAG,
    CronDataIntervalTimetable,
    DeadlineAlert,
    DeadlineReference,
    Param,
    SyncCallback,
    TriggerRule,
)

# The parameter; else the day that a backfill is for; else the day so many days behind the one on which the run starts.
STARTS = "(dag_run.data_interval_end or dag_run.run_after)"
RUN_DATE = (
    "params.run_date or ((dag_run.data_interval_start if dag_run.run_type == 'backfill'"
    f" else {STARTS} - macros.timedelta(days=days_behind)) | ds)"
)
GIVEN = (
    "export RUN_ID='{{ slug(run_id) }}' RUN_DATE='{{ " + RUN_DATE + " }}'"
    " TRIES_LEFT='{{ [ti.max_tries - ti.try_number + 1, 0] | max }}'\n"
)
DATE = {"type": ["null", "string"], "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$", "title": "Run date (UTC)"}


def slug(run_id: str) -> str:
    """A run id of Airflow as one of Mirrorlake, which names files by it."""
    return re.sub(r"[^A-Za-z0-9._=-]", "-", run_id)


def alert(command: str, run_id: str, reason: str) -> None:
    """Tell whom Mirrorlake's own settings (``alerts``) name. What cannot be told is raised, for Airflow to log."""
    given = {"RUN_ID": slug(run_id), "REASON": reason}
    subprocess.run(["bash", "-c", command], env={**os.environ, **given}, timeout=120, check=True)  # noqa: S607 (found on the worker's own path)


def task_failed(command: str, context: Any) -> None:
    """What happens when a task has failed for good. A DAG's own callback would run where no command of ours may be."""
    alert(command, context["run_id"], f"Airflow: {context['task_instance'].task_id}: {context.get('exception')}")


def deadline_missed(command: str, seconds: float, context: dict[str, Any]) -> None:
    """What happens when a run takes too long. Airflow's clock begins when it is made; a run that waited is not slow."""
    run = context["dag_run"]
    if not run["start_date"]:
        return
    until = datetime.fromisoformat(run["end_date"]) if run["end_date"] else datetime.now(UTC)
    if (until - datetime.fromisoformat(run["start_date"])).total_seconds() >= seconds:
        alert(command, run["dag_run_id"], f"not done by {context['deadline']['deadline_time']}")


def build(described: dict[str, Any]) -> DAG:
    """The DAG that the section ``airflow`` of a graph.json describes."""
    with DAG(
        described["dag_id"],
        description=f"Mirrorlake on {described['env']}: sources to published marts",
        schedule=CronDataIntervalTimetable(described["schedule"], timezone="UTC"),
        start_date=datetime.fromisoformat(f"{described['first_date']}T00:00:00+00:00"),
        end_date=described["last_date"] and datetime.fromisoformat(f"{described['last_date']}T23:59:59+00:00"),
        catchup=described["catchup"],
        max_active_runs=1,
        params={"run_date": Param(None, **DATE)},
        user_defined_macros={"slug": slug, "days_behind": described["days_behind"]},
        # Not DAGRUN_QUEUED_AT: with it Airflow 3.3 cannot clear a run (apache/airflow issue 70368).
        deadline=DeadlineAlert(
            DeadlineReference.AVERAGE_RUNTIME(max_runs=10, min_runs=1),
            timedelta(seconds=described["deadline_seconds"]),
            SyncCallback(deadline_missed, {"command": described["alert"], "seconds": described["deadline_seconds"]}),
        ),
        default_args=every_task(described),
        tags=["mirrorlake", described["env"]],
        doc_md=__doc__,
    ) as dag:
        add_tasks(described)
    return dag


def every_task(described: dict[str, Any]) -> dict[str, Any]:
    """What holds for each task that says nothing else."""
    tries = described["tries"]
    return {
        "retries": tries["retries"],
        "retry_delay": timedelta(seconds=tries["retry_seconds"]),
        "retry_exponential_backoff": tries["backoff"],
        "max_retry_delay": timedelta(seconds=tries["retry_max_seconds"]),
        "execution_timeout": timedelta(seconds=tries["task_seconds"]),
        "skip_on_exit_code": described["left_out_exit_code"],
        "on_failure_callback": partial(task_failed, described["alert"]),
    }


def add_tasks(described: dict[str, Any]) -> None:
    """Take the lease, run each stage behind what it needs, ask for the verdict, give the lease back."""
    lease, pool = described["lease"], described["pool"]
    take = BashSensor(
        task_id="lease",
        bash_command=GIVEN + lease["take"],
        retry_exit_code=lease["held_exit_code"],
        # It keeps its slot while it waits: between two rescheduled pokes Airflow may take the first one's end for a
        # failure of the second ("finished with state success, but ... queued").
        mode="poke",
        execution_timeout=None,
        poke_interval=lease["poll_seconds"],
        timeout=lease["wait_seconds"],
    ).as_setup()
    stages = {
        task["task_id"]: BashOperator(
            task_id=task["task_id"],
            bash_command=GIVEN + task["command"],
            pool=pool["name"],
            pool_slots=task["slots"],
            # What follows a setup task directly may have no other rule; nothing skips the lease.
            trigger_rule=TriggerRule.NONE_FAILED if task["after"] else TriggerRule.ALL_SUCCESS,
            doc_md=f"runs on: {task['runs_on']}; writes: {', '.join(task['writes']) or 'no table of the lake'}",
        )
        for task in described["tasks"]
    }
    verdict = BashOperator(
        task_id="verdict",
        bash_command=GIVEN + described["verdict"],
        retries=0,
        trigger_rule=TriggerRule.NONE_FAILED,
    )
    release = BashOperator(task_id="release", bash_command=GIVEN + lease["release"])
    for task in described["tasks"]:
        stages[task["task_id"]].set_upstream([stages[name] for name in task["after"]] or take)
    list(stages.values())[-1] >> verdict >> release.as_teardown(setups=take)


for path in sorted(Path(__file__).parent.glob("graph*.json")):
    described = json.loads(path.read_text(encoding="utf-8"))["airflow"]
    globals()[described["dag_id"]] = build(described)
