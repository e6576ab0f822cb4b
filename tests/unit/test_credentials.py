"""One spelling of credentials, and what each library is told of it."""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from lake.errors import StorageError
from lake.storage import credentials
from lake.storage.credentials import S3Credentials, obstore_arguments, polars_options, retry_seconds, serve
from lake.storage.faults import fault
from lake.storage.objects import Objects
from lake.storage.opening import open_store

KEYS = S3Credentials("eu-central-1", "http://127.0.0.1:9", True, "AKIA", "hush-hush", "token", 2.5, 7.0)
ROLE = S3Credentials("eu-central-1")


class Role:
    """Keys that change each time that they are asked for, as those of a role do after an hour."""

    def __init__(self) -> None:
        self.asked = 0

    def get_frozen_credentials(self) -> object:
        self.asked += 1
        return type("Keys", (), {"access_key": f"ASIA{self.asked}", "secret_key": "s", "token": "t"})


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> Role:
    found = Role()
    monkeypatch.setattr(credentials, "_role", lambda: found)
    return found


def test_no_secret_is_shown() -> None:
    assert "hush" not in repr(KEYS)
    assert "token" not in repr(KEYS)


def test_every_library_is_told_the_same() -> None:
    options = KEYS.object_options()
    assert options["aws_secret_access_key"] == "hush-hush"
    assert options["allow_http"] == "true"
    arguments = obstore_arguments(options)
    assert set(arguments["config"]) == {
        "aws_region", "aws_endpoint", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"
    }  # fmt: skip
    assert arguments["client_options"] == {"allow_http": True, "timeout": "2.5s", "connect_timeout": "2.5s"}
    assert arguments["retry_config"] == {"max_retries": 10, "retry_timeout": timedelta(seconds=7)}
    polars = polars_options(options)
    assert (polars["max_retries"], polars["retry_timeout_ms"]) == (10, 7000)
    assert "retry_timeout" not in polars
    assert retry_seconds(options) == 7.0
    assert KEYS.boto3_options()["endpoint_url"] == "http://127.0.0.1:9"


def test_spark_is_told_by_its_own_words() -> None:
    told = KEYS.spark_options()
    assert told["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert told["spark.hadoop.fs.s3a.connection.ssl.enabled"] == "false"
    assert told["spark.hadoop.fs.s3a.aws.credentials.provider"].endswith("TemporaryAWSCredentialsProvider")
    assert set(ROLE.spark_options()) == {"spark.hadoop.fs.s3a.endpoint.region"}


def test_without_keys_those_of_the_role_are_asked_for_anew_for_each_use(role: Role) -> None:
    assert ROLE.object_options()["aws_access_key_id"] == "ASIA1"
    assert ROLE.object_options()["aws_access_key_id"] == "ASIA2"
    assert "aws_access_key_id" not in ROLE.boto3_options(), "boto3 finds the role itself"


def test_a_store_that_stays_open_gets_the_roles_newest_keys(role: Role) -> None:
    asked: list[int] = []

    def options() -> dict[str, str]:
        asked.append(role.asked)
        return ROLE.object_options()

    store = open_store("s3://bucket/lake", False, options)
    assert asked == [0]
    keys = store.credential_provider()
    assert asked == [0, 1]
    assert keys["access_key_id"] == "ASIA2"


def test_no_credentials_at_all_are_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_role", lambda: credentials.NOBODY)
    with pytest.raises(StorageError, match="no credentials for AWS were found") as caught:
        ROLE.object_options()
    assert "s3.access_key_id" in str(caught.value.fix)
    lake = Objects("s3://bucket/lake", ROLE.object_options)
    for doing in (partial(lake.get, "a"), partial(lake.list, "a"), partial(lake.put, "a", b"", "test")):
        with pytest.raises(StorageError, match=r"cannot \w+: no credentials for AWS were found") as caught:
            doing()
        assert caught.value.fix == credentials.LOG_IN
        assert str(caught.value.where).startswith("s3://bucket/lake")


def test_without_keys_and_boto3_the_role_that_does_not_answer_is_named() -> None:
    said = (
        "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1s - error sending request"
    )
    known = fault(RuntimeError(said))
    assert known is not None
    assert known[0].startswith("no credentials for AWS were found")
    assert known[1] == credentials.LOG_IN


def test_a_session_that_has_expired_is_one_clear_error(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import UnauthorizedSSOTokenError

    def expired() -> object:
        raise UnauthorizedSSOTokenError

    monkeypatch.setattr(role, "get_frozen_credentials", expired)
    with pytest.raises(StorageError, match=r"SSO session .* has expired") as caught:
        ROLE.object_options()
    assert "aws sso login" in str(caught.value.fix)


def test_without_boto3_each_library_looks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    credentials._found.cache_clear()
    try:
        assert "aws_access_key_id" not in ROLE.object_options()
    finally:
        credentials._found.cache_clear()


def test_boto3_is_asked_for_a_profile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "credentials").write_text("[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_PROFILE", "work")
    credentials._found.cache_clear()
    try:
        assert ROLE.object_options()["aws_access_key_id"] == "AKIAWORK"
    finally:
        credentials._found.cache_clear()


def test_a_login_after_credentials_were_lacking_is_found_by_the_same_process(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [None, Role(), None]
    session = SimpleNamespace(get_credentials=lambda: answers.pop(0))
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(Session=lambda: session))
    credentials._found.cache_clear()
    try:
        with pytest.raises(StorageError, match="no credentials for AWS were found"):
            ROLE.object_options()
        for _ in range(2):
            assert ROLE.object_options()["aws_access_key_id"]
        assert answers == [None], "what was found is remembered"
    finally:
        credentials._found.cache_clear()


def test_duckdb_is_served_once_and_only_for_a_bucket() -> None:
    with duckdb.connect() as connection:
        assert serve(connection, {}).list_filesystems() == []
        serve(connection, KEYS.object_options())
        serve(connection, KEYS.object_options())
        assert connection.list_filesystems() == ["s3"]
