"""What AWS's refusals mean in our words, and a job that nobody has said a role for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, UnauthorizedSSOTokenError

from lake.errors import CloudError, ConfigError
from lake.storage.credentials import S3Credentials
from pipeline.aws_client import asking, aws_client
from pipeline.deploy.glue import register_job


def refused(code: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetJob")


@pytest.mark.parametrize(
    ("error", "said", "fix"),
    [
        (refused("AccessDeniedException", "may not glue:GetJob"), "may not glue:GetJob", "docs/infra.md"),
        (refused("ExpiredTokenException"), "ExpiredTokenException", "log in again"),
        (refused("EntityNotFoundException"), "EntityNotFoundException", "mirrorlake deploy"),
        (refused("ConcurrentRunsExceededException"), "ConcurrentRunsExceeded", "run again when it has"),
        (refused("SomethingNewException"), "SomethingNewException", "read what AWS says"),
        (NoCredentialsError(), "neither keys nor a role", "s3.access_key_id"),
        (UnauthorizedSSOTokenError(), "SSO session", "aws sso login"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "Could not connect", "s3.endpoint"),
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(error: Exception, said: str, fix: str) -> None:
    with pytest.raises(CloudError) as raised, asking("read the job", "Glue job gold"):
        raise error
    assert raised.value.what.startswith("cannot read the job")
    assert said in raised.value.what
    assert raised.value.where == "Glue job gold"
    assert fix in str(raised.value.fix)


def test_the_client_is_that_of_the_settings() -> None:
    client = aws_client(S3Credentials("eu-west-3", "http://127.0.0.1:1", True, "key", "secret"), "glue")
    assert client.meta.endpoint_url == "http://127.0.0.1:1"
    assert client.meta.region_name == "eu-west-3"
    assert client.meta.config.retries["total_max_attempts"] == 4


def test_a_profile_that_is_not_there_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    with pytest.raises(CloudError, match="no-such-profile") as raised:
        aws_client(S3Credentials("eu-west-3"), "glue")
    assert "AWS_PROFILE" in str(raised.value.fix)


class NotFoundError(Exception):
    pass


def test_a_job_cannot_be_made_without_a_role() -> None:
    def get_job(**_: Any) -> Any:
        raise NotFoundError

    client = SimpleNamespace(get_job=get_job, exceptions=SimpleNamespace(EntityNotFoundException=NotFoundError))
    deploy = SimpleNamespace(job="gold", role=None)
    settings = SimpleNamespace(deploy=deploy, s3=SimpleNamespace(endpoint=None), env="prod")
    urls = {kind: [f"s3://bucket/{kind}"] for kind in ("script", "wheel", "project")}
    urls["jar"] = ["s3://bucket/jars/1/delta-spark.jar", "s3://bucket/jars/2/hadoop-aws-3.3.4.jar"]
    workspace: Any = SimpleNamespace(settings=settings)
    with pytest.raises(ConfigError, match="no role is named"):
        register_job(client, workspace, urls, dry=False)
    assert register_job(client, workspace, urls, dry=True).change == "new"


def test_an_account_is_not_given_what_its_platform_brings() -> None:
    from pipeline.deploy.glue import arguments

    urls = {
        "script": ["s"],
        "wheel": ["w"],
        "project": ["p"],
        "jar": ["s3://b/delta.jar", "s3://b/hadoop-aws-3.3.4.jar"],
    }
    for endpoint, jars in ((None, "s3://b/delta.jar"), ("http://127.0.0.1:1", ",".join(urls["jar"]))):
        workspace: Any = SimpleNamespace(settings=SimpleNamespace(s3=SimpleNamespace(endpoint=endpoint), env="prod"))
        assert arguments(workspace, urls)["--extra-jars"] == jars
