"""Secrets by name, looked up in a Secrets Manager: absent, denied, deleted, without text, and a variable that wins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lake.errors import ConfigError
from lake.storage.credentials import S3Credentials
from pipeline.secret import mask
from pipeline.secrets_manager import SecretsManager
from pipeline.settings import load_settings
from rehearsal import accounts
from rehearsal.aws import Aws
from tests.rehearsal.fault_proxy import Fault, fault_proxy


@pytest.fixture
def settings_on(aws: Aws, s3_credentials: S3Credentials, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that speak to the stand-in."""
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", aws.url)
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", str(s3_credentials.access_key_id))
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", str(s3_credentials.secret_access_key))


def test_a_name_in_a_setting_is_looked_up_when_it_is_needed(
    aws: Aws, unique: str, settings_on: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", f"secret:mirrorlake/{unique}")
    settings = load_settings()
    assert settings.origins["staging.url"][0] == f"secret:mirrorlake/{unique}"
    accounts.secret(aws, f"mirrorlake/{unique}", "postgresql://lake:c4nary-word@db/x")
    assert settings.staging.url is not None
    assert settings.staging.url.reveal() == "postgresql://lake:c4nary-word@db/x"
    assert "c4nary" not in mask("the driver said c4nary-word")
    accounts.secret(aws, f"mirrorlake/{unique}", "postgresql://lake:another@db/x")
    assert settings.staging.url.reveal().endswith("c4nary-word@db/x"), "one process keeps to one value"
    assert load_settings().staging.url.reveal().endswith("another@db/x")  # type: ignore[union-attr]


def test_a_variable_wins_and_nobody_is_asked(settings_on: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", "postgresql://db/x")
    settings = load_settings("prod")
    assert settings.staging.url is not None
    assert settings.staging.url.reveal() == "postgresql://db/x"
    assert settings.snowflake.private_key is not None
    with pytest.raises(ConfigError, match="no answer"):
        settings.snowflake.private_key.reveal()


def refused(credentials: S3Credentials, name: str) -> str:
    with pytest.raises(ConfigError, match=f"the secret {name!r} cannot be read") as caught:
        SecretsManager(lambda: credentials).resolve(name)
    assert "environment variable" in str(caught.value.fix)
    return str(caught.value)


def test_an_absent_secret(s3_credentials: S3Credentials, unique: str) -> None:
    assert "there is no secret of that name" in refused(s3_credentials, unique)


def test_a_deleted_secret(aws: Aws, s3_credentials: S3Credentials, unique: str) -> None:
    accounts.secret(aws, unique, "x")
    aws.client("secretsmanager").delete_secret(SecretId=unique, RecoveryWindowInDays=7)
    assert "marked for deletion" in refused(s3_credentials, unique)


def test_a_secret_without_text(aws: Aws, s3_credentials: S3Credentials, unique: str) -> None:
    aws.client("secretsmanager").create_secret(Name=unique, SecretBinary=b"\x00")
    assert "it holds no text" in refused(s3_credentials, unique)


def test_a_role_that_may_not(aws: Aws, s3_credentials: S3Credentials, unique: str) -> None:
    accounts.secret(aws, unique, "x")
    key, secret = accounts.user(aws, unique, accounts.policy(accounts.allow(["s3:ListBucket"])))
    stranger = S3Credentials(s3_credentials.region, aws.url, True, key, secret)
    assert "access is denied" in refused(stranger, unique)


def test_keys_that_open_nothing(aws: Aws, s3_credentials: S3Credentials, unique: str) -> None:
    stranger = S3Credentials(s3_credentials.region, aws.url, True, "AKIANOBODY", "c4nary-key")
    said = refused(stranger, unique)
    assert "credentials are not valid" in said
    assert "c4nary" not in said


def test_a_session_that_has_expired_and_a_service_that_is_down(
    aws: Aws, s3_credentials: S3Credentials, unique: str
) -> None:
    accounts.secret(aws, unique, "x")
    with fault_proxy(aws.url) as proxy:
        through = replace(s3_credentials, endpoint=proxy.url)
        with proxy.planted(Fault("refuse", status=400, code="ExpiredTokenException")):
            assert "credentials have expired" in refused(through, unique)
        with proxy.planted(Fault("drop")):
            assert "no answer" in refused(through, unique)
        with proxy.planted(Fault("refuse", code="ServiceUnavailable", times=1), Fault("drop", times=1)):
            assert SecretsManager(lambda: through).resolve(unique) == "x", "tried again"


def test_a_run_says_which_secret_it_lacks_and_begins_nothing(
    run_cli: object, settings_on: None, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_BACKEND", "postgres")
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", f"secret:{unique}")
    said = run_cli("validate", "--json")  # type: ignore[operator]
    assert said.exit_code == 1
    findings = {(each["part"], each["subject"]): each for each in json.loads(said.out)["findings"]}
    assert "no secret of that name" in findings["secrets", "staging.url"]["detail"]
