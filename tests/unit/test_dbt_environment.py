"""The variables that profiles.yml reads, from the settings; and that profiles.yml reads no other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from lake.errors import ConfigError
from pipeline.dbtworker.environment import dbt_environment
from pipeline.secret import Secret
from pipeline.settings import load_settings
from pipeline.settings.databases import SnowflakeSettings
from tests.conftest import RunCli

REPOSITORY = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).with_name("dbt")
NEEDED = {"MIRRORLAKE_SNOWFLAKE_ACCOUNT", "MIRRORLAKE_SNOWFLAKE_USER", "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY"}


def test_duckdb_needs_its_path_and_threads(project: Path) -> None:
    assert dbt_environment(load_settings("dev")) == {
        "MIRRORLAKE_WAREHOUSE_PATH": str(project / "warehouse" / "warehouse.duckdb"),
        "MIRRORLAKE_DBT_THREADS": "2",
    }


def snowflake(**given: object) -> dict[str, str]:
    settings = load_settings("dev")
    account = SnowflakeSettings(account="acme", user="loader", role="r", warehouse="w", **given)  # type: ignore[arg-type]
    warehouse = replace(settings.warehouse, backend="snowflake")
    return dbt_environment(replace(settings, snowflake=account, warehouse=warehouse))


def test_snowflake_by_key_pair(project: Path) -> None:
    found = snowflake(private_key=Secret("\\n-----KEY-----\\nabc\n"), private_key_passphrase=Secret("open sesame"))
    assert found["MIRRORLAKE_SNOWFLAKE_ACCOUNT"] == "acme"
    assert found["DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY"] == "-----KEY-----\nabc"
    assert found["DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"] == "open sesame"
    assert found["MIRRORLAKE_SNOWFLAKE_AUTHENTICATOR"] == "snowflake_jwt"


def test_snowflake_by_token(project: Path) -> None:
    found = snowflake(token=Secret("a-token"))
    assert found["DBT_ENV_SECRET_SNOWFLAKE_TOKEN"] == "a-token"
    assert found["MIRRORLAKE_SNOWFLAKE_AUTHENTICATOR"] == "programmatic_access_token"


def test_a_token_takes_the_place_of_a_key_by_the_authenticator(project: Path) -> None:
    key = Secret("secret:mirrorlake/key")  # never looked up
    found = snowflake(private_key=key, token=Secret("a-token"), authenticator="oauth")
    assert found["MIRRORLAKE_SNOWFLAKE_AUTHENTICATOR"] == "oauth"
    assert {name for name in found if "SECRET" in name} == {"DBT_ENV_SECRET_SNOWFLAKE_TOKEN"}


def test_a_secret_that_is_only_named_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match="Secrets Manager"):
        snowflake(private_key=Secret("secret:mirrorlake/key"))


def test_every_variable_of_the_profile_has_a_setting_and_those_that_prod_needs_no_default(project: Path) -> None:
    text = (REPOSITORY / "profiles" / "profiles.yml").read_text()
    calls = re.findall(r"env_var\('(\w+)'(, '[^']*')?\)", text)
    assert {name for name, default in calls if not default} == NEEDED | {"DBT_ENV_SECRET_SNOWFLAKE_TOKEN"}
    by_key = snowflake(private_key=Secret("k" * 8), private_key_passphrase=Secret("p" * 8), host="127.0.0.1")
    known = {*by_key, *snowflake(token=Secret("t" * 8)), "MIRRORLAKE_DBT_TARGET"}
    assert {name for name, _ in calls} == known
    secret = re.findall(r"(private_key|private_key_passphrase|token): \"\{\{ .*?env_var\('(\w+SECRET\w+)'", text)
    assert all(variable.startswith("DBT_ENV_SECRET_") for _, variable in secret)
    assert len(secret) == 3


@pytest.mark.slow
@pytest.mark.parametrize("lacking", sorted(NEEDED))
def test_dbt_names_a_variable_that_target_prod_lacks(lacking: str, tmp_path: Path) -> None:
    said = dbt("parse", "prod", tmp_path, {name: "x" for name in NEEDED if name != lacking})
    assert f"Env var required but not provided: '{lacking}'" in said


@pytest.mark.slow
def test_by_a_token_dbt_needs_no_key_and_target_dev_needs_nothing(tmp_path: Path) -> None:
    account = {name: "x" for name in NEEDED if "SECRET" not in name}
    by_token = account | {"MIRRORLAKE_SNOWFLAKE_AUTHENTICATOR": "oauth", "DBT_ENV_SECRET_SNOWFLAKE_TOKEN": "a-token"}
    for target, variables in (("prod", by_token), ("dev", {})):
        assert "rror" not in dbt("parse", target, tmp_path, variables), target


def test_the_command_says_all_that_an_environment_lacks_before_dbt_is_called(project: Path, run_cli: RunCli) -> None:
    refused = run_cli("--env", "prod", "dbt", "build")
    assert refused.exit_code == 1
    for variable in ("ACCOUNT", "USER"):
        assert f"MIRRORLAKE_SNOWFLAKE_{variable}" in refused.err


def test_the_command_colours_no_pipe_unless_told_to(
    project: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, str]] = []
    monkeypatch.setattr(os, "execve", lambda _program, _words, variables: given.append(variables))
    monkeypatch.chdir(REPOSITORY)  # the command changes the folder
    assert run_cli("dbt", "ls").exit_code == 0
    monkeypatch.setenv("DBT_USE_COLORS", "true")
    assert run_cli("dbt", "ls").exit_code == 0
    assert [variables["DBT_USE_COLORS"] for variables in given] == ["false", "true"]


def dbt(command: str, target: str, folder: Path, variables: dict[str, str]) -> str:
    """What dbt says with these variables and no other of ours; nobody is asked."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    where = ["--profiles-dir", str(REPOSITORY / "profiles"), "--target", target, "--log-path", str(folder)]
    done = subprocess.run(
        [DBT, "--no-use-colors", command, *where, "--project-dir", str(REPOSITORY / "dbt"), "--target-path", folder],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**kept, "MIRRORLAKE_WAREHOUSE_PATH": ":memory:", **variables},
    )
    return " ".join(done.stdout.split())
