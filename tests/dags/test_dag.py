"""The DAG as Airflow itself reads it, in Airflow's own environment; left out where that is not installed."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import needs
import pytest

from pipeline.airflow_dag import describe
from pipeline.graph_views import as_json
from pipeline.launch import project_graph
from pipeline.workspace import open_workspace

REPOSITORY = Path(__file__).resolve().parents[2]
DAG = REPOSITORY / "airflow" / "dags" / "mirrorlake.py"
PYTHON = REPOSITORY / ".venvs" / "airflow" / "bin" / "python"
NEEDS_AIRFLOW = needs.only_with(PYTHON.exists(), "Airflow is not installed: just airflow")
MOST_SECONDS = 2.0


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow makes of the DAG file beside the graph.json of dev, and one of a project with forty sources."""
    home = tmp_path_factory.mktemp("airflow")
    folder = home / "dags"
    folder.mkdir()
    shutil.copy(DAG, folder)
    with pytest.MonkeyPatch.context() as patched:
        for name in [name for name in os.environ if name.startswith("MIRRORLAKE_")]:
            patched.delenv(name)
        patched.setenv("MIRRORLAKE_DOTENV", "")
        workspace = open_workspace("dev")
    graph = project_graph(workspace)
    (folder / "graph.json").write_text(as_json(graph, described := describe(graph, workspace.settings)))
    (folder / "graph.many.json").write_text(json.dumps({"airflow": {**described, **_many(described)}}))
    environment = {**os.environ, "AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    done = subprocess.run(
        [str(PYTHON), str(Path(__file__).with_name("probe.py")), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.rpartition("::")[2])
    return found


def _many(described: dict[str, object]) -> dict[str, object]:
    tasks = described["tasks"]
    assert isinstance(tasks, list)
    ingests = [{**tasks[0], "task_id": f"ingest-source{number}"} for number in range(40)]
    silver = {**tasks[1], "after": [task["task_id"] for task in ingests]}
    return {"dag_id": "mirrorlake_many", "days_behind": 6, "tasks": [*ingests, silver, *tasks[2:]]}


@NEEDS_AIRFLOW
def test_it_is_read_without_error_quickly_and_without_anything_of_ours(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    assert sorted(read["dags"]) == ["mirrorlake_dev", "mirrorlake_many"]
    assert read["seconds"] < MOST_SECONDS
    assert read["ours"] == []


@NEEDS_AIRFLOW
def test_each_stage_is_a_task_behind_what_it_needs(read: dict[str, Any]) -> None:
    tasks = read["dags"]["mirrorlake_dev"]["tasks"]
    line = ["lease", "ingest-openmeteo", "silver", "gold", "staging", "load", "dbt", "audit", "publish", "verdict"]
    assert list(tasks) == [*line, "release"]
    for before, after in pairwise(line):
        assert tasks[after]["after"] == [before]
    assert tasks["release"]["after"] == ["lease", "verdict"]
    assert tasks["lease"]["setup"]
    assert tasks["release"]["teardown"]
    many = read["dags"]["mirrorlake_many"]["tasks"]
    assert many["silver"]["after"] == sorted(f"ingest-source{number}" for number in range(40))
    assert all(many[f"ingest-source{number}"]["after"] == ["lease"] for number in range(40))


@NEEDS_AIRFLOW
def test_what_follows_a_skipped_task_runs_and_the_verdict_fails_the_run(read: dict[str, Any]) -> None:
    tasks = read["dags"]["mirrorlake_dev"]["tasks"]
    stages = [name for name in tasks if name not in ("lease", "release", "verdict")]
    for name in [*stages[1:], "verdict"]:
        assert tasks[name]["rule"] == "TriggerRule.NONE_FAILED", name
    assert all(tasks[name]["skip_on"] == [99] for name in stages)
    assert tasks["verdict"]["command"].endswith('mirrorlake --env dev verdict "$RUN_ID"')
    assert tasks["verdict"]["retries"] == 0
    assert tasks["release"]["rule"] == "TriggerRule.ALL_DONE_SETUP_SUCCESS"


@NEEDS_AIRFLOW
def test_tries_grow_apart_and_the_pool_lets_one_writing_stage_in(read: dict[str, Any]) -> None:
    dag = read["dags"]["mirrorlake_dev"]
    silver = dag["tasks"]["silver"]
    assert (silver["retries"], silver["retry_seconds"], silver["backoff"], silver["longest_seconds"]) == (3, 5, 2, 60)
    assert silver["pool"] == "mirrorlake_dev"
    assert (dag["max_active_runs"], dag["catchup"], dag["params"]) == (1, True, ["run_date"])
    assert dag["deadlines"] == [10800.0]


@NEEDS_AIRFLOW
def test_a_failed_task_alerts_where_it_ran_and_airflow_logs_what_cannot_be_told(read: dict[str, Any]) -> None:
    """A DAG's own callback runs in the DAG processor, which may have neither our command nor its credentials."""
    dag = read["dags"]["mirrorlake_dev"]
    assert not dag["on_failure"]
    assert {task["on_failure"] for task in dag["tasks"].values()} == {1}
    assert read["told"]["failed"] == ["a-run: Airflow: load: broken"]
    assert read["told"]["cannot tell"] == ["127"]


@NEEDS_AIRFLOW
def test_a_run_that_waited_for_its_turn_is_not_late(read: dict[str, Any]) -> None:
    told = read["told"]
    assert told["at work for long"] == ["a-run: not done by noon"]
    assert [told[name] for name in ("queued", "begun just now", "ended in time")] == [[], [], []]


@NEEDS_AIRFLOW
def test_a_task_is_told_its_run_its_date_and_how_many_tries_are_left(read: dict[str, Any]) -> None:
    rendered = read["dags"]["mirrorlake_dev"]["rendered"]
    assert rendered == {
        "scheduled": "export RUN_ID='scheduled__2013-07-05T00-00-00-00-00' RUN_DATE='2013-07-04' TRIES_LEFT='3'",
        "backfill": "export RUN_ID='backfill__2013-07-05T00-00-00-00-00' RUN_DATE='2013-07-04' TRIES_LEFT='3'",
        "manual": "export RUN_ID='manual__2013-07-09T10-11-12.5-00-00' RUN_DATE='2013-07-01' TRIES_LEFT='1'",
        "manual_without": "export RUN_ID='by-hand' RUN_DATE='2013-07-08' TRIES_LEFT='0'",
    }


@NEEDS_AIRFLOW
def test_a_source_that_is_late_is_waited_for_but_not_by_a_backfill(read: dict[str, Any]) -> None:
    rendered = read["dags"]["mirrorlake_many"]["rendered"]
    dates = {name: re.search(r"RUN_DATE='([^']*)'", text)[1] for name, text in rendered.items()}  # type: ignore[index]
    assert dates == {
        "scheduled": "2013-06-29",  # six days before its start, the 5th
        "backfill": "2013-07-04",
        "manual": "2013-07-01",
        "manual_without": "2013-07-03",  # six days before the 9th
    }


def test_the_file_imports_only_airflow_and_the_standard_library() -> None:
    tree = ast.parse(DAG.read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    roots = {name.partition(".")[0] for name in names}
    assert roots - set(sys.stdlib_module_names) == {"airflow"}
