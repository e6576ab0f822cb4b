"""A deployment to a folder: what lies there, and what the next one touches. On AWS: tests/rehearsal/test_deploy.py."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lake.contract.load import load_contracts
from lake.contract.model import Type
from pipeline.deploy import artifacts, change_of, holds
from pipeline.deploy.catalog import hive_type, table_input


@pytest.fixture
def deploy(
    tmp_path: Path, run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[dict[str, str]]]:
    """Deploys dev to a folder, with files that take no time to make."""
    made = tmp_path / "mirrorlake-0.1.0-py3-none-any.whl"
    made.write_bytes(b"wheel")
    jar = tmp_path / "delta.jar"
    jar.write_bytes(b"jar")
    monkeypatch.setattr(artifacts, "build_wheel", lambda root, folder: made)
    monkeypatch.setattr("pipeline.jars.jars", lambda folder, root: (str(jar),))
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_ARTIFACTS", str(tmp_path / "artifacts"))

    def call(*arguments: str) -> list[dict[str, str]]:
        outcome = run_cli("deploy", "--json", *arguments)
        assert outcome.exit_code == 0, outcome.text
        return list(json.loads(outcome.out))

    return call


def changed(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(row["kind"], row["change"]) for row in rows if row["change"] != "unchanged"}


def test_the_manifest_names_what_lies_there(deploy: Callable[..., Any], tmp_path: Path) -> None:
    rows = deploy()
    assert {row["change"] for row in rows} == {"new"}
    folder = tmp_path / "artifacts"
    manifest = json.loads((folder / "deployments" / "dev.json").read_text())
    assert {"wheel", "script", "jar", "project", "contract"} == {name.split("/")[0] for name in manifest["artifacts"]}
    for key in manifest["artifacts"].values():
        path = folder / key
        assert path.is_file()
        assert manifest["sha256"][key].startswith(path.parent.name)
    assert changed(deploy()) == set()


def test_only_another_content_is_brought(deploy: Callable[..., Any], tmp_path: Path) -> None:
    deploy()
    (tmp_path / "delta.jar").write_bytes(b"another jar")
    assert changed(deploy()) == {("jar", "changed"), ("manifest", "changed")}
    assert len(list((tmp_path / "artifacts" / "jars").iterdir())) == 2, "the old one stays, for jobs at work"
    assert changed(deploy()) == set()


def test_a_dry_run_writes_nothing(deploy: Callable[..., Any], tmp_path: Path) -> None:
    assert {row["change"] for row in deploy("--dry-run")} == {"new"}
    assert not (tmp_path / "artifacts").exists()


def test_what_is_cut_off_is_brought_again(deploy: Callable[..., Any], tmp_path: Path) -> None:
    deploy()
    (wheel,) = (tmp_path / "artifacts" / "wheels").rglob("*.whl")
    wheel.write_bytes(b"whe")
    deploy()
    assert wheel.read_bytes() == b"wheel"
    (tmp_path / "artifacts" / "deployments" / "dev.json").write_text("{")
    assert ("wheel", "new") in changed(deploy())
    assert changed(deploy()) == set()


def test_the_project_is_the_same_archive_each_time_and_holds_no_results(tmp_path: Path) -> None:
    for name in ("dbt/models/a.sql", "dbt/target/compiled.sql", "dbt/logs/dbt.log", "profiles/dev.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    data = artifacts.zipped(tmp_path, ("profiles", "dbt"))
    (tmp_path / "dbt" / "models" / "a.sql").touch()
    assert artifacts.zipped(tmp_path, ("profiles", "dbt")) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["profiles/dev.toml", "dbt/models/a.sql"]


def test_the_command_says_what_changed_and_where_to_put_it(
    deploy: Callable[..., Any], run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "new" in run_cli("deploy").out
    assert run_cli("deploy").out.strip().startswith("dev: 0 deployed, ")
    monkeypatch.delenv("MIRRORLAKE_DEPLOY_ARTIFACTS")
    refused = run_cli("deploy")
    assert refused.exit_code == 1
    assert "MIRRORLAKE_DEPLOY_ARTIFACTS" in refused.err
    assert "the stand-ins are not up" in run_cli("--env", "rehearsal", "deploy").err


def test_a_clone_that_lacks_the_script_is_refused(
    deploy: Callable[..., Any], run_cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "SCRIPT", Path("spark/gone.py"))
    refused = run_cli("deploy")
    assert refused.exit_code == 1
    assert "gone.py" in refused.err


def test_what_is_registered_may_say_more_than_was_wanted() -> None:
    there = {"Name": "a", "Columns": [{"Name": "x", "Type": "date", "Parameters": {}}], "CreatedBy": "somebody"}
    assert holds(there, {"Name": "a", "Columns": [{"Name": "x", "Type": "date"}]})
    assert not holds(there, {"Name": "a", "Columns": [{"Name": "x", "Type": "string"}]})
    assert not holds(there, {"Name": "a", "Columns": []})
    assert not holds(None, {"Name": "a"})
    assert [change_of(None, 1), change_of(1, 1), change_of(2, 1)] == ["new", "unchanged", "changed"]


def test_every_contract_can_be_told_to_glue() -> None:
    for contract in load_contracts().values():
        said = table_input(contract, f"s3://bucket/{contract.table}")
        assert [column["Name"] for column in said["StorageDescriptor"]["Columns"]] == list(contract.column_names)
        assert all(len(column["Comment"]) <= 255 for column in said["StorageDescriptor"]["Columns"])
    assert hive_type(Type("decimal", 18, 4)) == "decimal(18,4)"
