"""The committed profiles and the example of an .env: they are valid, and say what holds."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lake.errors import ConfigError
from pipeline.settings import Settings, load_settings
from pipeline.settings.values import leaves

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("env", ["dev", "rehearsal", "prod"])
def test_the_committed_profiles_are_valid(monkeypatch: pytest.MonkeyPatch, env: str) -> None:
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))
    assert load_settings(env).env == env


def test_dev_can_run_and_the_others_say_in_one_error_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))
    load_settings("dev").require_supported()
    with pytest.raises(ConfigError) as caught:
        load_settings("prod").require_supported()
    for word in (
        "not set: snowflake.account",
        "not set: deploy.artifacts",
        "not set: lake.root",
        "profiles/prod.toml",
        "--env rehearsal",
    ):
        assert word in str(caught.value)


def test_prod_can_run_once_the_account_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))
    monkeypatch.setenv("MIRRORLAKE_SNOWFLAKE_ACCOUNT", "acme")
    monkeypatch.setenv("MIRRORLAKE_SNOWFLAKE_USER", "loader")
    monkeypatch.setenv("MIRRORLAKE_DEPLOY_ARTIFACTS", "s3://artifacts")
    monkeypatch.setenv("MIRRORLAKE_LAKE_ROOT", "s3://acme/lake")
    load_settings("prod").require_supported()


def test_every_variable_of_the_example_is_known() -> None:
    variables = set(re.findall(r"^#?(MIRRORLAKE_\w+)=", (REPOSITORY / ".env.example").read_text(), re.M))
    assert len(variables) > 5
    assert variables <= {leaf.variable for leaf in leaves(Settings).values()}


def test_the_profile_states_what_the_built_in_defaults_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """dev.toml teaches; it must not say anything else than what holds without it."""
    document = tomllib.loads((REPOSITORY / "profiles" / "dev.toml").read_text())
    known = leaves(Settings)
    for key in ("data", "samples"):
        assert str(known[key].default) == document[key]
    for section in ("lake", "gold", "staging", "warehouse", "publish", "run", "dbt"):
        for name, value in document[section].items():
            if name in ("first_date", "last_date"):  # those of the recordings, which dev alone has
                continue
            default = known[f"{section}.{name}"].default
            assert (list(default) if isinstance(default, tuple) else default) in (value, Path(str(value)))
