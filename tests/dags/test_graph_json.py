"""What graph.json tells an orchestrator: a command per stage, a word for where it runs, tries that fit the lease."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lake.errors import ConfigError
from pipeline.airflow_dag import command, describe, runs_on
from pipeline.graph import Graph
from pipeline.launch import project_graph
from pipeline.settings import AirflowSettings, GoldSettings, LeaseSettings, Settings
from pipeline.workspace import open_workspace
from tests.conftest import RunCli


@pytest.fixture
def settings(project: Path) -> Settings:
    return open_workspace().settings


@pytest.fixture
def graph(project: Path) -> Graph:
    return project_graph(open_workspace())


def told(graph: Graph, settings: Settings) -> Any:
    """As it comes out of the file."""
    return json.loads(json.dumps(describe(graph, settings)))


def test_the_command_writes_what_airflow_is_told(run_cli: RunCli, graph: Graph, settings: Settings) -> None:
    said = run_cli("graph", "--format", "json")
    document = json.loads(said.out)
    assert document["airflow"] == told(graph, settings)
    assert [task["task_id"] for task in document["airflow"]["tasks"]] == [stage["job"] for stage in document["stages"]]
    assert [task["after"] for task in document["airflow"]["tasks"]] == [stage["after"] for stage in document["stages"]]


def test_a_stage_runs_where_the_profile_says(graph: Graph, settings: Settings) -> None:
    words = [runs_on(stage, settings) for stage in graph.stages]
    assert set(words) == {"subprocess"}
    on_glue = replace(settings, gold=GoldSettings(runs_on="glue"), airflow=AirflowSettings(runs_on="docker"))
    assert {stage.kind: runs_on(stage, on_glue) for stage in graph.stages}["gold"] == "glue"
    assert {runs_on(stage, on_glue) for stage in graph.stages if stage.kind != "gold"} == {"docker"}


DOCKER = """#!/bin/sh
printf "%s\\n" "$*" >> calls
[ "$1" = run ] && exit 99
echo "no such container" >&2
exit 1
"""


@pytest.mark.parametrize("shell", ["bash", "sh"])
@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("by-hand", "mirrorlake-dev-by-hand-silver"),
        ("a=b c/d", "mirrorlake-dev-a-b-c-d-silver"),
        ("$(touch planted)", "mirrorlake-dev---touch-planted--silver"),
    ],
)
def test_a_try_in_a_container_removes_what_the_last_one_left_and_can_be_ended(
    tmp_path: Path, settings: Settings, shell: str, run_id: str, name: str
) -> None:
    how = AirflowSettings(
        runs_on="docker", image="registry/mirrorlake:1", docker_options=("--env-file=/etc/our lake.env",)
    )
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    said = command(replace(settings, airflow=how), "silver", "verdict", "$RUN_ID")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN_ID": run_id}
    done = subprocess.run(
        [shell, "-e", "-c", said], capture_output=True, text=True, env=environment, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (99, ""), "the container's own; that there was none to remove is no news"
    options = f"--rm --init --name {name} --env-file=/etc/our lake.env"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"rm --force --volumes {name}",
        f"run {options} registry/mirrorlake:1 --env dev verdict {run_id}",
    ]
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", name), "what Docker takes"
    assert not (tmp_path / "planted").exists()


def test_each_command_of_a_run_has_a_container_of_its_own(graph: Graph, settings: Settings) -> None:
    described = told(graph, replace(settings, airflow=replace(settings.airflow, runs_on="docker")))
    commands = [described[name] for name in ("verdict", "alert")]
    commands += [described["lease"][name] for name in ("take", "release")]
    commands += [task["command"] for task in described["tasks"]]
    assert len({said.partition(";")[0] for said in commands}) == len(commands)


def test_a_project_elsewhere_is_where_the_command_goes(settings: Settings) -> None:
    elsewhere = replace(settings, airflow=AirflowSettings(project="/opt/mirror lake"))
    assert command(elsewhere, "jobs", "jobs") == "cd '/opt/mirror lake' && exec .venv/bin/mirrorlake --env dev jobs"


@pytest.mark.parametrize(
    "run_id", ["by-hand", "two words", "$(touch planted)", '"; touch planted; "', "`touch planted`"]
)
def test_no_run_id_becomes_part_of_the_command(tmp_path: Path, settings: Settings, run_id: str) -> None:
    script = tmp_path / ".venv" / "bin" / "mirrorlake"
    script.parent.mkdir(parents=True)
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    script.chmod(0o755)
    said = command(
        replace(settings, airflow=AirflowSettings(project=str(tmp_path))), "lease-take", "lease", "take", "$RUN_ID"
    )
    environment = {**os.environ, "RUN_ID": run_id}
    done = subprocess.run(
        ["bash", "-c", said], capture_output=True, text=True, env=environment, check=True, cwd=tmp_path
    )
    assert done.stdout.splitlines() == ["--env", "dev", "lease", "take", run_id]
    assert not (tmp_path / "planted").exists()


def test_stages_that_write_tables_take_the_whole_pool_and_ingests_share_it(graph: Graph, settings: Settings) -> None:
    first, *line = graph.stages
    sources = tuple(replace(first, name=f"ingest source{number}", source=f"source{number}") for number in range(3))
    line[0] = replace(line[0], after=tuple(source.name for source in sources))
    described = told(Graph(graph.nodes, (*sources, *line)), settings)
    assert described["pool"] == {"name": "mirrorlake_dev", "slots": 3}
    assert [task["slots"] for task in described["tasks"]] == [1, 1, 1, *[3] * len(line)]


def test_a_lease_that_lapses_between_two_tries_is_refused(graph: Graph, settings: Settings) -> None:
    short = replace(settings, lease=LeaseSettings(hold_seconds=60), airflow=AirflowSettings(retry_max_seconds=60))
    with pytest.raises(ConfigError, match=r"lease.hold_seconds \(60\) is not longer than airflow.retry_max_seconds"):
        describe(graph, short)


@pytest.mark.parametrize("env", ["dev", "prod", "rehearsal"])
def test_every_profile_keeps_its_lease_between_tries(graph: Graph, env: str) -> None:
    from pipeline.settings import load_settings

    assert told(graph, load_settings(env))["dag_id"] == f"mirrorlake_{env}"
