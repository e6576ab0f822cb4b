"""What is deployed, for whoever runs from it: the artifacts bucket, its manifest, and which jars a job is given."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lake.errors import ConfigError
from pipeline.jars import OF_THE_PLATFORM

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.settings import Settings
    from pipeline.workspace import Workspace


def artifacts_bucket(workspace: Workspace) -> Objects:
    """Where artifacts go; ConfigError where no setting says it."""
    from lake.storage.objects import Objects

    settings = workspace.settings
    if settings.deploy.artifacts is None:
        raise ConfigError(
            f"the environment {settings.env!r} does not say where artifacts go",
            where="setting deploy.artifacts",
            fix="set MIRRORLAKE_DEPLOY_ARTIFACTS=s3://your-artifacts-bucket, or choose --env rehearsal",
        )
    root = settings.deploy.artifacts
    return Objects(root, settings.s3.credentials().object_options() if "://" in root else None)


def manifest_key(env: str) -> str:
    """Where the manifest of an environment lies."""
    return f"deployments/{env}.json"


def manifest(objects: Objects, env: str) -> dict[str, Any]:
    """The deployment in force; empty before the first one, or where it cannot be read."""
    data = objects.get_or_none(manifest_key(env))
    try:
        found = json.loads(data) if data is not None else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("artifacts"), dict) else {}


def artifact_keys(objects: Objects, env: str) -> dict[str, str]:
    """Which key is in force for each ``kind/name``; where that cannot be told, all of it counts as new."""
    return {str(name): str(key) for name, key in manifest(objects, env).get("artifacts", {}).items()}


def jars_of_job(settings: Settings, urls: Iterable[str]) -> list[str]:
    """Those of the jars that a job has to be given: what stands in for Glue and EMR brings none of them itself."""
    stands_in = settings.s3.endpoint is not None
    return [url for url in urls if stands_in or not url.rsplit("/", 1)[-1].startswith(OF_THE_PLATFORM)]
