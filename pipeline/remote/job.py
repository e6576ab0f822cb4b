"""The job's side: everything that spark/glue_job.py has the wheel do.

The job joins the run that started it by its run id, so the lease is the run's, and both renew it. It leaves its result
last; a job that dies before leaves none, and the next build goes on from the last snapshot.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lake import writes
from lake.engines.spark_session import GIVEN, SparkSettings, session
from lake.errors import ConfigError, MirrorlakeError
from lake.storage.credentials import S3Credentials
from lake.storage.objects import Objects
from lake.transforms import discover
from pipeline.gold_build import build_here, code_of
from pipeline.lease import hold
from pipeline.observe import logs
from pipeline.remote import messages
from pipeline.remote.messages import ARGUMENTS
from pipeline.settings import load_settings
from pipeline.workspace import Workspace

__all__ = ["ARGUMENTS", "build_gold", "read_arguments", "spark_context"]


def read_arguments(words: Sequence[str]) -> dict[str, str]:
    """``--NAME VALUE`` pairs, where Glue's own library is not there to read them. ConfigError for one that lacks."""
    found = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=False)}
    lacks = [name for name in ARGUMENTS if name not in found]
    if lacks:
        raise ConfigError(f"the job was not given: {', '.join(f'--{name}' for name in lacks)}", fix="start it by a run")
    return {name: found[name] for name in ARGUMENTS}


def spark_context() -> Any:
    """The job's SparkContext, as the service made it."""
    return session(SparkSettings(master=GIVEN)).sparkContext


def build_gold(arguments: Mapping[str, str]) -> None:
    """Build gold as a run on this lake would, and leave the result. Raises what kept it from that."""
    told = json.loads(arguments["settings"])
    with tempfile.TemporaryDirectory(prefix="mirrorlake-job-") as folder:
        os.environ["MIRRORLAKE_ROOT"] = str(_project(arguments["project"], told, Path(folder)))
        overrides = {**told, "gold.runs_on": "here", "spark.master": GIVEN, "data": f"{folder}/data"}
        # Not ``open_workspace``: what the warehouse's account and the databases are is no matter of the job's.
        workspace = Workspace(load_settings(arguments["env"], None, overrides))
        logs.configure(verbose=True, settings=workspace.settings)
        logs.bind(run_id=arguments["run_id"])
        _build(workspace, arguments)


def _build(workspace: Workspace, arguments: Mapping[str, str]) -> None:
    objects, key, run_id = workspace.objects, arguments["result"], arguments["run_id"]
    try:
        _require_same_code(workspace, arguments)
        with hold(workspace, run_id), _telling(objects, key, len(discover())):
            built = build_here(workspace, full=arguments["full"] == "true", run_id=run_id)
    except MirrorlakeError as error:
        messages.put_error(objects, key, error)
        raise
    messages.put_result(objects, key, built)


def _require_same_code(workspace: Workspace, arguments: Mapping[str, str]) -> None:
    """ConfigError where another code was deployed than the run's own: the run would take old rows for what it asked."""
    if arguments["code"] != code_of(workspace):
        env = workspace.settings.env
        raise ConfigError(
            "the job's code or contracts are not those of the run that started it",
            where=f"the deployment of {env!r}",
            fix=f"mirrorlake --env {env} deploy, or run from what was deployed",
        )


@contextmanager
def _telling(objects: Objects, key: str, total: int) -> Iterator[None]:
    """Say after each table that is written how many there are."""
    done: set[str] = set()

    def written(moment: writes.Moment, site: str, path: str) -> None:
        if moment == "after" and site == "gold.table" and path not in done:
            done.add(path)
            messages.put_progress(objects, key, len(done), total)

    stop = writes.observe(written)
    try:
        yield
    finally:
        stop()


def _project(url: str, told: Mapping[str, str], folder: Path) -> Path:
    """Unpack the deployed project; its folder."""
    place, _, name = url.rpartition("/")
    credentials = S3Credentials(
        told["s3.region"], told.get("s3.endpoint"), told.get("s3.allow_http", "false") == "true"
    )
    objects = Objects(place, credentials.object_options() if "://" in place else None)
    with zipfile.ZipFile(io.BytesIO(objects.get(name))) as archive:
        archive.extractall(folder / "project")
    return folder / "project"
