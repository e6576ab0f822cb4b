"""What ``mirrorlake validate`` finds out about AWS: identity, what was deployed, the job of gold, the catalog."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lake.errors import CloudError
from lake.storage.credentials import S3Credentials
from lake.storage.objects import Objects
from pipeline.deployed import manifest_key
from pipeline.settings import load_settings
from pipeline.validation import Finding, Question, cloud, guarded
from pipeline.workspace import Workspace
from rehearsal import accounts
from rehearsal.aws import Aws

Ask = Callable[..., dict[str, Finding]]


@pytest.fixture
def ask(
    aws: Aws, bucket: str, unique: str, s3_credentials: S3Credentials, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Ask:
    """One of the checks, of environment dev with its lake and artifacts in a bucket; settings by name."""
    for name, value in {
        "LAKE_ROOT": f"s3://{bucket}/lake",
        "DEPLOY_ARTIFACTS": f"s3://{bucket}/artifacts",
        "DEPLOY_JOB": f"gold-{unique}",
        "DEPLOY_CATALOG": f"catalog_{unique}",
        "S3_ENDPOINT": aws.url,
        "S3_ALLOW_HTTP": "true",
        "S3_ACCESS_KEY_ID": str(s3_credentials.access_key_id),
        "S3_SECRET_ACCESS_KEY": str(s3_credentials.secret_access_key),
    }.items():
        monkeypatch.setenv(f"MIRRORLAKE_{name}", value)

    def call(check: object, **settings: str) -> dict[str, Finding]:
        overrides = {key.replace("__", "."): value for key, value in settings.items()}
        question = Question(Workspace(load_settings(overrides=overrides)))
        return {each.verdict: each for each in guarded("part", check, question)}  # type: ignore[arg-type]

    return call


def test_who_we_are_there(ask: Ask, project: Path) -> None:
    assert ask(cloud.identity)["ok"].detail.startswith("arn:aws:iam::123456789012:user/")
    assert ask(cloud.identity, lake__root=str(project)) == {}, "nobody is asked for a folder's sake"


def test_what_was_deployed(ask: Ask, bucket: str, s3_credentials: S3Credentials) -> None:
    assert "nothing is deployed for dev" in ask(cloud.artifacts)["failed"].detail
    assert ask(cloud.artifacts, deploy__artifacts="") == {}
    objects = Objects(f"s3://{bucket}/artifacts", s3_credentials.object_options)
    objects.put("wheels/a.whl", b"x", "test")
    manifest = {"artifacts": {"wheel/a": "wheels/a.whl", "script/b": "scripts/b.py"}}
    objects.put(manifest_key("dev"), json.dumps(manifest).encode(), "test")
    assert ask(cloud.artifacts)["failed"].detail == "gone: scripts/b.py"
    objects.put("scripts/b.py", b"x", "test")
    assert ask(cloud.artifacts)["ok"].detail == "2 deployed objects are there"


def test_the_job_of_glue(ask: Ask, aws: Aws, unique: str) -> None:
    assert ask(cloud.job) == {}, "gold is built here"
    missing = ask(cloud.job, gold__runs_on="glue")["failed"]
    assert "EntityNotFoundException" in missing.detail
    assert "mirrorlake deploy" in missing.fix
    aws.client("glue").create_job(
        Name=f"gold-{unique}", Role=accounts.job_role(aws, unique), Command={"Name": "glueetl"}, GlueVersion="5.1"
    )
    assert ask(cloud.job, gold__runs_on="glue")["ok"].detail == "Glue 5.1"


def test_the_application_of_emr_serverless(ask: Ask, aws: Aws, unique: str) -> None:
    asked = {"gold__runs_on": "emr-serverless", "deploy__emr_application": unique}
    assert "which role a job runs as" in ask(cloud.job, **asked)["failed"].detail
    asked["deploy__role"] = "arn:aws:iam::123456789012:role/transformer"
    assert ask(cloud.job, **asked)["failed"].fix == "mirrorlake deploy"
    aws.client("emr-serverless").create_application(name=unique, releaseLabel="emr-7.12.0", type="SPARK")
    assert ask(cloud.job, **asked)["ok"].subject == unique


def test_the_catalog(ask: Ask, aws: Aws, unique: str, project: Path) -> None:
    assert "EntityNotFoundException" in ask(cloud.catalog)["failed"].detail
    glue, name = aws.client("glue"), f"catalog_{unique}"
    glue.create_database(DatabaseInput={"Name": name})
    assert "does not have dim_date" in ask(cloud.catalog)["failed"].detail
    for table in Workspace(load_settings()).contracts:
        glue.create_table(DatabaseName=name, TableInput={"Name": table})
    assert ask(cloud.catalog)["ok"].detail == "9 tables"
    assert ask(cloud.catalog, deploy__artifacts=str(project)) == {}, "a folder has no catalog"


def test_a_refusal_is_a_finding_of_its_own(aws: Aws, unique: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = accounts.user(aws, unique, accounts.policy(accounts.allow(["s3:ListBucket"])))
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", key)
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", secret)
    refused = ask(cloud.job, gold__runs_on="glue")["failed"]
    assert "AccessDenied" in refused.detail
    assert "docs/infra.md" in refused.fix
    with pytest.raises(CloudError):
        list(cloud.catalog(Question(Workspace(load_settings()))))
