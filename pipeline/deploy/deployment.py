"""One deployment from beginning to end: artifacts, registrations, the DAG, and last the manifest that names it all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.airflow_dag import describe
from pipeline.aws_client import aws_client
from pipeline.deploy import Deployed
from pipeline.deploy.artifacts import Artifact, bring, gather, publish
from pipeline.deploy.catalog import register_catalog
from pipeline.deploy.emr import register_application
from pipeline.deploy.glue import register_job
from pipeline.deployed import artifact_keys, artifacts_bucket, manifest_key
from pipeline.graph_views import as_json
from pipeline.launch import project_graph

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.workspace import Workspace


def deploy(workspace: Workspace, *, dry: bool = False) -> list[Deployed]:
    """Bring everything to ``deploy.artifacts`` and register it; with ``dry`` only say what would be new or changed.

    Killed anywhere, what was in force stays in force; the same call again completes it. Where the artifacts go to a
    folder, nothing is registered. Raises ConfigError, StorageError, CloudError.
    """
    objects = artifacts_bucket(workspace)
    env = workspace.settings.env
    artifacts = list(gather(workspace))
    rows = bring(objects, artifacts, artifact_keys(objects, env), dry=dry)
    registered, application = ([], "") if objects.is_local else _register(workspace, objects, artifacts, dry=dry)
    rows += registered
    rows += publish(objects, "dag", _dags(workspace), dry=dry)
    manifest = _manifest(workspace, artifacts, application)
    return rows + publish(objects, "manifest", {manifest_key(env): manifest}, dry=dry)


def _register(
    workspace: Workspace, objects: Objects, artifacts: Sequence[Artifact], *, dry: bool
) -> tuple[list[Deployed], str]:
    """The catalog, the job, and the application where one is configured; gives the application's id."""
    credentials = workspace.settings.s3.credentials()
    glue: Any = aws_client(credentials, "glue")
    rows = list(register_catalog(glue, workspace, dry=dry))
    rows.append(register_job(glue, workspace, _urls(objects, artifacts), dry=dry))
    wanted = workspace.settings.deploy.emr_application
    if wanted is None:
        return rows, ""
    row, application = register_application(aws_client(credentials, "emr-serverless"), wanted, dry=dry)
    return [*rows, row], application


def _urls(objects: Objects, artifacts: Sequence[Artifact]) -> Mapping[str, Sequence[str]]:
    urls = defaultdict(list)
    for artifact in artifacts:
        urls[artifact.kind].append(objects.url(artifact.key))
    return urls


def _dags(workspace: Workspace) -> dict[str, bytes]:
    """The DAG and the graph that it reads, the graph first."""
    graph = project_graph(workspace)
    files = {"dags/graph.json": as_json(graph, describe(graph, workspace.settings)).encode()}
    for path in sorted((workspace.settings.root / "airflow" / "dags").glob("*.py")):
        files[f"dags/{path.name}"] = path.read_bytes()
    return files


def _manifest(workspace: Workspace, artifacts: Sequence[Artifact], application: str) -> bytes:
    """What is in force. No time stands in it, so that the same deployment gives the same bytes."""
    from importlib.metadata import version

    settings = workspace.settings
    document = {
        "version": 1,
        "env": settings.env,
        "package": version("mirrorlake"),
        "artifacts": {f"{each.kind}/{each.name}": each.key for each in artifacts},
        "sha256": {each.key: each.sha256 for each in artifacts},
        "glue": {"job": settings.deploy.job, "database": settings.deploy.catalog},
        "emr_application": application or None,
    }
    return (json.dumps(document, indent=2, sort_keys=True) + "\n").encode()
