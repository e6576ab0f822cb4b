"""The roles of infra/ in the stand-in's account: the same documents, filled in with the rehearsal's names.

So a rehearsal also shows whether the rights suffice; tests/rehearsal/test_least_rights.py, whether they are needed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

from rehearsal import accounts
from rehearsal.aws import ACCOUNT, REGION, Aws

INFRA = Path(__file__).resolve().parent.parent / "infra"


@dataclass(frozen=True)
class Names:
    """What the documents leave open, as infra/locals.tf fills it in for an account."""

    lake_bucket: str = accounts.LAKE
    lake_prefix: str = "lake"
    artifacts_bucket: str = accounts.ARTIFACTS
    catalog: str = "mirrorlake"
    job: str = "mirrorlake-gold"
    env: str = "rehearsal"
    name: str = "mirrorlake"
    emr_application: str = "none"
    key_arn: str = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/none"
    partition: str = "aws"
    region: str = REGION
    account: str = ACCOUNT


def roles() -> dict[str, list[str]]:
    """Role to the names of its documents."""
    return dict(json.loads((INFRA / "roles.json").read_text(encoding="utf-8")))


def document(name: str, names: Names) -> dict[str, Any]:
    """One document of infra/policies, filled in."""
    text = (INFRA / "policies" / f"{name}.json").read_text(encoding="utf-8")
    return dict(json.loads(Template(text).substitute(asdict(names))))


def documents(role: str, names: Names) -> dict[str, dict[str, Any]]:
    """All documents of a role, by name."""
    return {name: document(name, names) for name in roles()[role]}


def make_user(aws: Aws, role: str, names: Names, user: str) -> accounts.KeyPair:
    """A user with the rights of ``role``, as if it had taken it on: the id and secret of its key."""
    iam = aws.client("iam")
    iam.create_user(UserName=user)
    for name, each in documents(role, names).items():
        iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(each))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def make_job_role(aws: Aws, names: Names) -> str:
    """The role ``<name>-transformer`` that jobs run as: its ARN."""
    role = f"{names.name}-transformer"
    (only,) = documents("transformer", names).values()
    return accounts.role(aws, role, only)
