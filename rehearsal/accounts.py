"""What lies in the account before anybody runs anything: buckets, identities with their policies, secrets."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.aws import ACCOUNT, REGION, Aws

LAKE, ARTIFACTS = "mirrorlake-rehearsal", "mirrorlake-rehearsal-artifacts"
COPY = "mirrorlake-rehearsal-copy"  # where ``run --write-s3`` of dev may copy its lake to
RUN, JOB, SNOWFLAKE = "mirrorlake-run", "mirrorlake-transformer", "mirrorlake-snowflake"
_SERVICES = ["glue.amazonaws.com", "emr-serverless.amazonaws.com"]
_READ = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:GetBucketLocation"]
_WRITE = [*_READ, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
_RUN = [
    *_WRITE,
    "glue:*",
    "emr-serverless:*",
    "logs:*",
    "cloudwatch:*",
    "secretsmanager:GetSecretValue",
    "secretsmanager:DescribeSecret",
    "iam:PassRole",
]

KeyPair = tuple[str, str]


def bucket(aws: Aws, name: str) -> str:
    """Create a bucket; its name."""
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name


def user(aws: Aws, name: str, document: dict[str, Any]) -> KeyPair:
    """Create a user with one policy and a key: id and secret."""
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def may_copy(aws: Aws, user: str, name: str) -> None:
    """Let a user keep a copy of a lake in the bucket ``name``: what docs/configuration.md says that this takes."""
    document = policy(
        allow(["s3:ListBucket"], f"arn:aws:s3:::{name}"),
        allow(["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"arn:aws:s3:::{name}/*"),
    )
    aws.client("iam").put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))


def role(aws: Aws, name: str, document: dict[str, Any]) -> str:
    """Create a role that Glue and EMR Serverless may take on: its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": _SERVICES}, "Action": "sts:AssumeRole"}
    iam = aws.client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy(trust)))
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(document))
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def secret(aws: Aws, name: str, value: str) -> None:
    """Put a secret, or a new value of it."""
    manager = aws.client("secretsmanager")
    try:
        manager.create_secret(Name=name, SecretString=value)
    except manager.exceptions.ResourceExistsException:
        manager.put_secret_value(SecretId=name, SecretString=value)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], *resources: str) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": actions, "Resource": list(resources) or ["*"]}


def run_user(aws: Aws, name: str = RUN) -> KeyPair:
    """Who runs `mirrorlake`: all actions that its commands need, on every bucket of the stand-in."""
    return user(aws, name, policy(allow(_RUN)))


def job_role(aws: Aws, name: str = JOB) -> str:
    """What Glue's job runs as."""
    return role(aws, name, policy(allow([*_WRITE, "logs:*", "cloudwatch:PutMetricData"])))


def snowflake_user(aws: Aws, name: str = SNOWFLAKE) -> KeyPair:
    """What Snowflake's storage integration reads with: no right to write."""
    return user(aws, name, policy(allow(_READ)))
