"""What graph.json tells Airflow: the tasks of the graph's stages, the command of each, and how often it is tried.

The DAG file (airflow/dags/mirrorlake.py) only reads it. Commands are for a shell and find what changes from run to run
in ``$RUN_ID``, ``$RUN_DATE``, ``$TRIES_LEFT`` and ``$REASON``, so that any other orchestrator can use them too.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from lake.errors import ConfigError
from pipeline.outcome import LEFT_OUT

if TYPE_CHECKING:
    from pipeline.graph import Graph, Stage
    from pipeline.settings import Settings

HELD_BY_ANOTHER = 75  # what ``mirrorlake lease take`` ends with; sysexits.h: temporary failure, try again later
BACKOFF = 2.0
NAME_HAS = "A-Za-z0-9_.-"  # what the name of a container may consist of, to Docker


def describe(graph: Graph, settings: Settings) -> dict[str, object]:
    """The section ``airflow`` of graph.json. ConfigError where the lease would lapse between two tries of a task."""
    how = settings.airflow
    if settings.lease.hold_seconds <= how.retry_max_seconds:
        raise ConfigError(
            f"lease.hold_seconds ({settings.lease.hold_seconds:g}) is not longer than airflow.retry_max_seconds "
            f"({how.retry_max_seconds:g}): a run would lose its lease between two tries of a task",
            where=f"profiles/{settings.env}.toml",
            fix="raise the one or lower the other",
        )
    # An ingest takes one slot, a stage that writes tables all of them: no two of those at once, of whatever runs.
    slots = max(1, sum(stage.kind == "ingest" for stage in graph.stages))
    return {
        "dag_id": f"mirrorlake_{settings.env}",
        "env": settings.env,
        "schedule": how.schedule,
        "first_date": how.first_date.isoformat(),
        "last_date": how.last_date.isoformat() if how.last_date else None,
        "catchup": how.catchup,
        "days_behind": settings.run.days_behind,
        "deadline_seconds": how.deadline_seconds,
        "pool": {"name": f"mirrorlake_{settings.env}", "slots": slots},
        "tries": {
            "retries": how.retries,
            "retry_seconds": how.retry_seconds,
            "backoff": BACKOFF,
            "retry_max_seconds": how.retry_max_seconds,
            "task_seconds": how.task_seconds,
        },
        "tasks": [_task(graph, stage, settings, slots) for stage in graph.stages],
        "lease": {
            "take": command(settings, "lease-take", "lease", "take", "$RUN_ID"),
            "release": command(settings, "lease-release", "lease", "release", "$RUN_ID"),
            "held_exit_code": HELD_BY_ANOTHER,
            "poll_seconds": how.lease_poll_seconds,
            "wait_seconds": how.lease_wait_seconds,
        },
        "verdict": command(settings, "verdict", "verdict", "$RUN_ID"),
        "alert": command(settings, "alert", "verdict", "$RUN_ID", "--alert", "$REASON"),
        "left_out_exit_code": LEFT_OUT,
    }


def _task(graph: Graph, stage: Stage, settings: Settings, slots: int) -> dict[str, object]:
    run = ("run", "--job", stage.job, "--run-date", "$RUN_DATE", "--run-id", "$RUN_ID", "--tries-left", "$TRIES_LEFT")
    return {
        "task_id": stage.job,
        "after": [graph.stage(name).job for name in stage.after],
        "runs_on": runs_on(stage, settings),
        "command": command(settings, stage.job, *run),
        "slots": 1 if stage.kind == "ingest" else slots,
        "writes": list(stage.writes),
    }


def runs_on(stage: Stage, settings: Settings) -> str:
    """Where a stage's work is done, in one word: gold's may be a job in the cloud, which its task starts and awaits."""
    elsewhere = stage.kind == "gold" and settings.gold.runs_on != "here"
    return settings.gold.runs_on if elsewhere else settings.airflow.runs_on


def command(settings: Settings, job: str, *words: str) -> str:
    """A shell command that calls ours with ``words``, of which those that begin with ``$`` are variables.

    In a container it is for ``job``, of which a run has one container at a time.
    """
    how = settings.airflow
    given = ("--env", settings.env, *words)
    said = " ".join(f'"{word}"' if word.startswith("$") else shlex.quote(word) for word in given)
    if how.runs_on == "docker":
        return _container(settings, job) + f" {shlex.quote(how.image)} {said}"
    project = shlex.quote(how.project or str(settings.root))
    return f"cd {project} && exec .venv/bin/mirrorlake {said}"


def _container(settings: Settings, job: str) -> str:
    """``docker run`` and its options, after what an earlier try may have left at work is removed.

    A task that is ended ends ``docker``, which hands SIGTERM to the container's first process, and Python as that one
    would pass it over: so there is an init before it. Where ``docker`` was killed itself, the name finds the container.
    """
    said = f'{shlex.quote(f"mirrorlake-{settings.env}-")}"$RUN_ID"{shlex.quote(f"-{job}")}'
    name = f"name=$(printf %s {said} | tr -c {NAME_HAS} -)"
    options = "".join(f" {shlex.quote(option)}" for option in settings.airflow.docker_options)
    remove = 'docker rm --force --volumes "$name" > /dev/null 2>&1 || true'
    return f'{name}; {remove}; exec docker run --rm --init --name "$name"{options}'
