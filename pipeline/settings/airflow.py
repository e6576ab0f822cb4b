"""What can be set of Airflow: when the graph runs there, how each of its tasks runs, how often one is tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class AirflowSettings:
    """The DAG of one environment; ``mirrorlake graph --format json`` writes it down. Times in seconds.

    ``runs_on``: a task is a process beside Airflow's worker (``subprocess``), in the project's folder ``project`` (this
    one, if not set), or a container of ``image`` (``docker``). Where gold itself is built is ``gold.runs_on``.
    ``schedule`` is a cron expression in UTC: a run comes after the day that it fetches. With ``catchup`` every day
    since ``first_date`` gets its run, else only the newest. A try that failed is repeated ``retries`` times, after
    ``retry_seconds``, twice that, and so on, but never more than ``retry_max_seconds``.
    ``deadline_seconds``: somebody is told of a run that takes so much longer than the last ten good ones on average.
    """

    runs_on: Literal["subprocess", "docker"] = "subprocess"
    project: str | None = None
    image: str = "mirrorlake"
    docker_options: tuple[str, ...] = ()
    schedule: str = "0 0 * * *"
    first_date: date = date(2013, 7, 1)
    last_date: date | None = None
    catchup: bool = False
    retries: int = field(default=3, metadata={"minimum": 0})
    retry_seconds: float = field(default=60.0, metadata={"minimum": 1})
    retry_max_seconds: float = field(default=900.0, metadata={"minimum": 1})
    task_seconds: float = field(default=7200.0, metadata={"minimum": 1})
    deadline_seconds: float = field(default=10800.0, metadata={"minimum": 1})
    lease_poll_seconds: float = field(default=30.0, metadata={"minimum": 1})
    lease_wait_seconds: float = field(default=21600.0, metadata={"minimum": 1})
