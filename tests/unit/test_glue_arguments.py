"""The arguments of the job script as Glue's own library reads them: by argparse, beside those that Glue adds."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from script_file import module_of

from pipeline.deploy.glue import arguments
from pipeline.remote import messages
from pipeline.settings import load_settings

SHIM = Path(__file__).resolve().parents[2] / "rehearsal" / "glue" / "awsglue" / "utils.py"
OF_GLUE = ("--JOB_NAME", "gold", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--job-bookmark-option",
           "job-bookmark-disable", "--TempDir", "s3://b/t", "--custom-logStream-prefix", "x")  # fmt: skip


@pytest.fixture(scope="module")
def utils() -> ModuleType:
    return module_of(SHIM)


def test_the_jobs_own_arguments_are_read_among_those_of_glue(utils: ModuleType, project: Path) -> None:
    settings = load_settings("prod")
    urls = {kind: [f"s3://b/{kind}"] for kind in ("script", "wheel", "project", "jar")}
    workspace: Any = SimpleNamespace(settings=settings)
    run = {
        "run_id": "20130704T120000-1a2b3c",
        "full": "false",
        "result": "_state/jobs/r/1.json",
        "settings": json.dumps(messages.settings_for_job(settings)),
        "code": "0a1b",
    }
    given = arguments(workspace, urls) | {f"--{name}": value for name, value in run.items()}
    words = ["job.py", *OF_GLUE, *(word for pair in given.items() for word in pair)]
    told = utils.getResolvedOptions(words, ["JOB_NAME", *messages.ARGUMENTS])
    wanted = {"JOB_NAME": "gold", "env": "prod", "project": "s3://b/project", **run}
    assert {name: told[name] for name in ("JOB_NAME", *messages.ARGUMENTS)} == wanted


def test_what_glue_would_refuse_the_stand_in_refuses(utils: ModuleType) -> None:
    with pytest.raises(utils.GlueArgumentError, match="required: --code"):
        utils.getResolvedOptions(["job.py", "--env", "prod"], ["env", "code"])
    with pytest.raises(utils.GlueArgumentError, match="expected one argument"):
        utils.getResolvedOptions(["job.py", "--code", "--env", "prod"], ["env", "code"])
    with pytest.raises(utils.GlueArgumentError, match="ambiguous"):
        utils.getResolvedOptions(["job.py", "--re", "x"], ["result", "rerun"])
    with pytest.raises(RuntimeError, match="JOB_RUN_ID"):
        utils.getResolvedOptions(["job.py", "--JOB_RUN_ID", "x"], ["JOB_RUN_ID"])
