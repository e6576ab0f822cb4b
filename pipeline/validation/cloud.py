"""What AWS has of us: who we are there, what was deployed, the job that builds gold, the catalog's tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipeline.validation import Finding, Question

DEPLOY = "mirrorlake deploy"


def identity(question: Question) -> Iterator[Finding]:
    """The role or user that the keys are of; asked only where something lies in a bucket."""
    if question.workspace.objects.is_local:
        return
    from pipeline.aws_client import asking

    client, where = _client(question, "sts")
    with asking("ask who we are", where):
        told = client.get_caller_identity()
    yield Finding("identity", str(told["Account"]), "ok", str(told["Arn"]))


def artifacts(question: Question) -> Iterator[Finding]:
    """What ``mirrorlake deploy`` left for this environment."""
    from pipeline.deployed import artifact_keys, artifacts_bucket

    settings = question.workspace.settings
    if settings.deploy.artifacts is None:
        return
    objects = artifacts_bucket(question.workspace)
    deployed = artifact_keys(objects, settings.env)
    if not deployed:
        yield Finding("artifacts", objects.root, "failed", f"nothing is deployed for {settings.env}", DEPLOY)
        return
    lost = [key for key in deployed.values() if not objects.exists(key)]
    if lost:
        yield Finding("artifacts", objects.root, "failed", f"gone: {', '.join(sorted(lost))}", DEPLOY)
    else:
        yield Finding("artifacts", objects.root, "ok", f"{len(deployed)} deployed objects are there")


def job(question: Question) -> Iterator[Finding]:
    """What builds gold, where that is not this process."""
    settings = question.workspace.settings
    if settings.gold.runs_on == "here":
        return
    from pipeline.aws_client import asking

    if settings.gold.runs_on == "glue":
        client, where = _client(question, "glue")
        with asking("read the job", f"{where}, Glue job {settings.deploy.job}"):
            found = client.get_job(JobName=settings.deploy.job)["Job"]
        yield Finding("job", settings.deploy.job, "ok", f"Glue {found.get('GlueVersion', '')}".strip())
        return
    from pipeline.deploy.emr import applications, called
    from pipeline.remote.emr import require_settings

    require_settings(settings)
    client, where = _client(question, "emr-serverless")
    wanted = settings.deploy.emr_application
    there = called(wanted, applications(client, where))
    if there is not None:
        yield Finding("job", str(wanted), "ok", f"EMR Serverless, {there['state']}")
    else:
        yield Finding("job", str(wanted), "failed", "there is no such application of EMR Serverless", DEPLOY)


def catalog(question: Question) -> Iterator[Finding]:
    """Whether the Glue catalog knows every table; only where something was to be deployed to the cloud."""
    workspace = question.workspace
    place, name = workspace.settings.deploy.artifacts, workspace.settings.deploy.catalog
    if place is None or "://" not in place:
        return
    from pipeline.aws_client import asking

    client, where = _client(question, "glue")
    with asking("list the tables", f"{where}, Glue database {name}"):
        pages = client.get_paginator("get_tables").paginate(DatabaseName=name)
        known = {table["Name"] for page in pages for table in page["TableList"]}
    missing = sorted(set(workspace.contracts) - known)
    if missing:
        yield Finding("catalog", name, "failed", f"does not have {', '.join(missing)}", DEPLOY)
    else:
        yield Finding("catalog", name, "ok", f"{len(workspace.contracts)} tables")


def _client(question: Question, service: str) -> tuple[Any, str]:
    from pipeline.aws_client import aws_client

    credentials = question.workspace.settings.s3.credentials()
    return aws_client(credentials, service), credentials.endpoint or credentials.region
