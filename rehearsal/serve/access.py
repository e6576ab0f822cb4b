"""Who asks, and whether they may: signatures and policies are really judged, by the keys and documents in moto's IAM.

moto's own check (``set_initial_no_auth_action_count``) is not used: as its code reads, it refuses bodies
in signed chunks, as S3A sends them, and takes every Allow under a Condition for a Deny.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.iam.access_control import CreateAccessKeyFailure, create_access_key
from moto.iam.models import Policy

from rehearsal import policies
from rehearsal.serve import signature
from rehearsal.serve.actions import Need
from rehearsal.serve.requests import ACCOUNT, AwsRequest


@dataclass(frozen=True)
class Principal:
    """Who asks: ``user/name``, ``role/name``, or ``root``, who may everything."""

    name: str
    documents: tuple[dict[str, Any], ...] = ()


class RefusedError(Exception):
    """The request is refused; ``code`` is S3's word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def principal(request: AwsRequest, root: tuple[str, str]) -> Principal:
    """The one who signed; RefusedError for an unknown key, a wrong signature, an expired session, or none."""
    if not request.key_id:
        raise RefusedError("MissingAuthenticationToken", "the request is not signed")
    if request.key_id == root[0]:
        _check(request, root[1])
        return Principal("root")
    headers = {"X-Amz-Security-Token": request.headers["x-amz-security-token"]} if _has_token(request) else {}
    try:
        key = create_access_key(ACCOUNT, "aws", request.key_id, headers)
    except CreateAccessKeyFailure as error:
        if error.reason == "InvalidToken":
            raise RefusedError("ExpiredToken", "the session's token is not valid, or no longer") from None
        raise RefusedError("InvalidAccessKeyId", "there is no such access key") from None
    _check(request, key.create_credentials().secret_key)
    kind, name = key.arn.rpartition(":")[2].split("/")[:2]
    documents = tuple(_document(policy) for policy in key.collect_policies())
    return Principal(f"{'role' if kind == 'assumed-role' else kind}/{name}", documents)


def may(who: Principal, need: Need) -> bool:
    """Whether ``who`` has the right."""
    if who.name == "root" or need.action == "sts:GetCallerIdentity":  # AWS never denies that one
        return True
    return policies.is_allowed(who.documents, need.action, need.resource, dict(need.context))


def _has_token(request: AwsRequest) -> bool:
    return "x-amz-security-token" in request.headers


def _check(request: AwsRequest, secret: str) -> None:
    if not signature.is_valid(request, secret):
        raise RefusedError(
            "SignatureDoesNotMatch", "the signature does not match: the secret access key is another one"
        )


def _document(policy: Any) -> dict[str, Any]:
    if isinstance(policy, Policy):
        policy = next(version.document for version in policy.versions if version.is_default)
    elif isinstance(policy, dict):
        policy = policy["policy_document"]
    document: dict[str, Any] = json.loads(policy)
    return document
