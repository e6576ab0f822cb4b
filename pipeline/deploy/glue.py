"""The Glue job that builds gold: registered where there is none, else pointed to the deployed script, wheel and jars.

What belongs to the infrastructure (role, workers, timeout) is left as it is found: infra/ makes the job in an account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lake.engines.spark_session import spark_submit_options
from lake.errors import ConfigError
from pipeline.aws_client import asking
from pipeline.deploy import Deployed, holds
from pipeline.deploy.wheel import pinned_dependencies
from pipeline.deployed import jars_of_job

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

VERSION = "5.1"  # Spark 3.5.6, Python 3.11, Java 17: what pyspark and the jars here are
# https://docs.aws.amazon.com/glue/latest/webapi/API_JobUpdate.html: what GetJob says and UpdateJob does not take
_READ_ONLY = ("Name", "CreatedOn", "LastModifiedOn", "ProfileName", "AutoUpgradeMetadata", "AllocatedCapacity")


def arguments(workspace: Workspace, urls: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The job's default arguments; ``urls`` has, by kind, where the artifacts lie.

    ``--env`` and ``--project`` are the script's own; the names of all others are Glue's.
    """
    settings = workspace.settings
    return {
        "--env": settings.env,
        "--project": urls["project"][0],
        "--job-language": "python",
        "--additional-python-modules": ",".join([urls["wheel"][0], *pinned_dependencies()]),
        "--extra-jars": ",".join(jars_of_job(settings, urls["jar"])),
        "--user-jars-first": "true",
        "--conf": " --conf ".join(f"{name}={value}" for name, value in spark_submit_options().items()),
        "--enable-metrics": "true",
    }


def register_job(client: Any, workspace: Workspace, urls: Mapping[str, Sequence[str]], *, dry: bool) -> Deployed:
    """Create the job ``deploy.job``, or update what a deployment decides of it; CloudError, ConfigError."""
    name = workspace.settings.deploy.job
    where = f"Glue job {name}"
    command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": urls["script"][0]}
    wanted = {"Command": command, "DefaultArguments": arguments(workspace, urls)}
    with asking("read the job", where):
        there = _job(client, name)
    if there is None:
        if not dry:
            _create(client, workspace, name, wanted)
        return Deployed("glue job", name, "new", command["ScriptLocation"])
    if holds(there, wanted):
        return Deployed("glue job", name, "unchanged", command["ScriptLocation"])
    if not dry:
        with asking("update the job", where):
            client.update_job(JobName=name, JobUpdate=_updated(there, wanted))
    return Deployed("glue job", name, "changed", command["ScriptLocation"])


def _job(client: Any, name: str) -> dict[str, Any] | None:
    try:
        return dict(client.get_job(JobName=name)["Job"])
    except client.exceptions.EntityNotFoundException:
        return None


def _create(client: Any, workspace: Workspace, name: str, wanted: Mapping[str, Any]) -> None:
    role = workspace.settings.deploy.role
    if role is None:
        raise ConfigError(
            f"the Glue job {name!r} does not exist, and no role is named that it could run as",
            where="setting deploy.role",
            fix="apply infra/ (it makes job and role), or set MIRRORLAKE_DEPLOY_ROLE to the role's ARN",
        )
    with asking("create the job", f"Glue job {name}"):
        client.create_job(
            Name=name,
            Description="Builds the gold tables of Mirrorlake.",
            Role=role,
            GlueVersion=VERSION,
            WorkerType="G.1X",
            NumberOfWorkers=2,
            Timeout=60,  # minutes
            MaxRetries=0,  # whoever started it repeats it
            ExecutionProperty={"MaxConcurrentRuns": 1},
            **wanted,
        )


def _updated(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """All of the job as it is, with what is wanted in place: UpdateJob would reset what is not said."""
    kept = {key: value for key, value in there.items() if key not in _READ_ONLY}
    if "WorkerType" in kept:
        kept.pop("MaxCapacity", None)  # it follows from the workers, and may not be said beside them
    command = {**kept.get("Command", {}), **wanted["Command"]}
    return {
        **kept,
        "Command": command,
        "DefaultArguments": {**kept.get("DefaultArguments", {}), **wanted["DefaultArguments"]},
    }
