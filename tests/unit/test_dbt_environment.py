"""The variables that profiles.yml reads, from the settings; and that profiles.yml reads no other."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lake.errors import ConfigError
from pipeline.dbtworker.environment import dbt_environment
from pipeline.secret import Secret
from pipeline.settings import load_settings
from pipeline.settings.databases import SnowflakeSettings

REPOSITORY = Path(__file__).resolve().parents[2]


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


def test_every_variable_of_the_profile_has_a_default_and_a_setting(project: Path) -> None:
    text = (REPOSITORY / "profiles" / "profiles.yml").read_text()
    calls = re.findall(r"env_var\('(\w+)'(, '[^']*')?\)", text)
    assert all(default for _, default in calls)
    by_key = snowflake(private_key=Secret("k" * 8), private_key_passphrase=Secret("p" * 8), host="127.0.0.1")
    known = {*by_key, *snowflake(token=Secret("t" * 8)), "MIRRORLAKE_DBT_TARGET"}
    assert {name for name, _ in calls} == known
    secret = re.findall(r"(private_key|private_key_passphrase|token): \"\{\{ env_var\('(\w+)'", text)
    assert all(variable.startswith("DBT_ENV_SECRET_") for _, variable in secret)
    assert len(secret) == 3
