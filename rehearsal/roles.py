"""The roles of infra/ in the stand-in's account: the same documents, filled in with the rehearsal's names.

So a rehearsal also shows whether the rights suffice; tests/rehearsal/test_least_rights.py, whether they are needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import Any

from rehearsal import accounts
from rehearsal.aws import ACCOUNT, REGION, Aws

# Who sits before the laptop has the rights of several roles; in an account each role is taken on by itself.
OPERATOR = ("runner", "validator", "deployer", "keeper")
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


def documents(wanted: Sequence[str], names: Names) -> dict[str, dict[str, Any]]:
    """All documents of these roles together, by name."""
    return {name: document(name, names) for role in wanted for name in roles()[role]}


def make_user(aws: Aws, wanted: Sequence[str], names: Names, user: str) -> accounts.KeyPair:
    """A user with the rights of these roles, as if it had taken them on: the id and secret of its key."""
    iam = aws.client("iam")
    iam.create_user(UserName=user)
    for name, each in documents(wanted, names).items():
        iam.put_user_policy(UserName=user, PolicyName=name, PolicyDocument=json.dumps(each))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def make_job_role(aws: Aws, names: Names) -> str:
    """The role ``<name>-transformer`` that jobs run as: its ARN."""
    role = f"{names.name}-transformer"
    return accounts.role(aws, role, document("transformer", names))
