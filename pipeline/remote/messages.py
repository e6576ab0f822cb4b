"""What passes between the stage and its job: arguments one way, progress and result the other, by way of the lake."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lake import errors
from lake.errors import EngineError, MirrorlakeError
from lake.storage.objects import Objects
from pipeline.gold_build import Built
from pipeline.settings import Settings

# What the script is given with every run; --env and --project stand in the job's definition.
ARGUMENTS = ("env", "project", "run_id", "full", "result", "settings", "code")


def settings_for_job(settings: Settings) -> dict[str, str]:
    """What the job has to know of this workspace beside its profile: what variables may have set. No secret."""
    told = {
        "lake.root": settings.lake.root,
        "s3.region": settings.s3.region,
        "s3.endpoint": settings.s3.endpoint or "",
        "s3.allow_http": str(settings.s3.allow_http).lower(),
        "gold.engine": "spark",
        "gold.partition_by": settings.gold.partition_by,
        "spark.shuffle_partitions": str(settings.spark.shuffle_partitions),
        "lease.ttl_seconds": str(settings.lease.ttl_seconds),
    }
    return {name: value for name, value in told.items() if value}


def put_progress(objects: Objects, key: str, done: int, total: int) -> None:
    """Say how many tables are written."""
    objects.put(_progress(key), json.dumps({"done": done, "total": total}).encode(), "job.progress")


def progress(objects: Objects, key: str) -> tuple[int, int] | None:
    """How many tables of how many are written; None before the first word."""
    data = objects.get_or_none(_progress(key))
    plain = json.loads(data) if data else None
    return (int(plain["done"]), int(plain["total"])) if plain else None


def _progress(key: str) -> str:
    return f"{key.removesuffix('.json')}.progress.json"


def put_result(objects: Objects, key: str, built: Built) -> None:
    """Say what came of it."""
    objects.put(key, built.to_json(), "job.result")


def put_error(objects: Objects, key: str, error: MirrorlakeError) -> None:
    """Say why nothing came of it."""
    plain = {"type": type(error).__name__, "what": error.what, "where": error.where, "fix": error.fix}
    objects.put(key, json.dumps({"error": plain}).encode(), "job.result")


def result(objects: Objects, key: str) -> Built | MirrorlakeError | None:
    """What came of it, or why nothing did; None where the job left no word."""
    data = objects.get_or_none(key)
    if data is None:
        return None
    plain = json.loads(data)
    return _error(plain["error"]) if "error" in plain else Built.from_json(plain)


def _error(plain: Mapping[str, Any]) -> MirrorlakeError:
    """The error as it was in the job, so that a lost race is one here too."""
    kind = getattr(errors, plain["type"], EngineError)
    if (
        not (isinstance(kind, type) and issubclass(kind, MirrorlakeError))
        or kind.__init__ is not MirrorlakeError.__init__
    ):
        kind = EngineError
    return kind(plain["what"], where=plain["where"], fix=plain["fix"])
