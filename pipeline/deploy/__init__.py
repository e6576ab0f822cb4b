"""What ``mirrorlake deploy`` does: brings what jobs in the cloud run from to the artifacts bucket, registers it there.

The bucket (``deploy.artifacts``) then holds::

    wheels/<hash>/mirrorlake-<version>-py3-none-any.whl     the packages lake, warehouse and pipeline
    scripts/<hash>/glue_job.py                              what Glue and EMR Serverless start
    jars/<hash>/<name>.jar                                  what Spark needs beside itself
    projects/<hash>/project.zip                             profiles/, dbt/ and samples/, the root of a project
    contracts/<hash>/<table>.odcs.yaml
    dags/mirrorlake.py, dags/graph.json                     where Airflow reads them
    deployments/<env>.json                                  the manifest: which of these are in force; written last

``<hash>`` is the beginning of the content's sha256, so nothing is ever overwritten, and a job that is running keeps
what it was started with. Repeating a deployment changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Change = Literal["new", "changed", "unchanged"]


@dataclass(frozen=True)
class Deployed:
    """One thing of a deployment: what kind, its name, whether it is new or changed, and where it is."""

    kind: str
    name: str
    change: Change
    where: str


def change_of(before: object, after: object) -> Change:
    """How ``after`` differs from what was there ``before`` (None: nothing)."""
    if before is None:
        return "new"
    return "unchanged" if before == after else "changed"


def holds(actual: object, wanted: object) -> bool:
    """Whether ``actual`` says all that ``wanted`` says; what it says beyond that (times, defaults) does not count."""
    if isinstance(wanted, dict):
        return isinstance(actual, dict) and all(holds(actual.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(actual, list)
            and len(actual) == len(wanted)
            and all(holds(one, other) for one, other in zip(actual, wanted, strict=True))
        )
    return actual == wanted
