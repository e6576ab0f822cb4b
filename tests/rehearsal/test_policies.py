"""What IAM policies allow, as the stand-in judges it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.policies import is_allowed


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*", **elements}]}


@pytest.mark.parametrize(
    ("action", "resource", "allowed"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/x/y", True),
        ("s3:GetObjectVersion", "arn:aws:s3:::b/x", False),
        ("s3:PutObject", "arn:aws:s3:::b/x", False),
        ("s3:GetObject", "arn:aws:s3:::bb/x", False),
        ("s3:GetObject", "arn:aws:s3:::b", False),
    ],
)
def test_actions_and_resources_are_matched(action: str, resource: str, allowed: bool) -> None:
    assert is_allowed([statement()], action, resource) is allowed


def test_a_denial_anywhere_wins_and_nothing_said_is_denied() -> None:
    denied = statement("Deny", Resource="arn:aws:s3:::b/secret/*")
    assert is_allowed([statement(), denied], "s3:GetObject", "arn:aws:s3:::b/open")
    assert not is_allowed([statement(), denied], "s3:GetObject", "arn:aws:s3:::b/secret/a")
    assert not is_allowed([denied, statement()], "s3:GetObject", "arn:aws:s3:::b/secret/a")
    assert not is_allowed([], "s3:GetObject", "arn:aws:s3:::b/open")


@pytest.mark.parametrize("spelled", ["s3:getobject", "s3:Get*", "S3:Get?bject", "*", ["s3:PutObject", "s3:GetObject"]])
def test_actions_are_spelled_in_any_case_with_wildcards_or_several(spelled: object) -> None:
    assert is_allowed([statement(Action=spelled)], "s3:GetObject", "arn:aws:s3:::b/x")


@pytest.mark.parametrize(
    ("condition", "context", "allowed"),
    [
        ({"StringLike": {"s3:prefix": ["lake/*", "lake"]}}, {"s3:prefix": "lake/gold"}, True),
        ({"StringLike": {"s3:prefix": ["lake/*"]}}, {"s3:prefix": "other"}, False),
        ({"StringEquals": {"s3:prefix": "lake"}}, {}, False),
        ({"StringEqualsIfExists": {"s3:prefix": "lake"}}, {}, True),
        ({"StringNotEquals": {"s3:prefix": "lake"}}, {}, True),
        ({"StringNotLike": {"S3:Prefix": "lake*"}}, {"s3:prefix": "lake/x"}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, {"aws:SecureTransport": "true"}, True),
        ({"StringEquals": {"a": "1"}, "StringLike": {"b": "2"}}, {"a": "1", "b": "3"}, False),
    ],
)
def test_conditions_hold_for_the_request(condition: dict[str, Any], context: dict[str, str], allowed: bool) -> None:
    assert is_allowed([statement(Condition=condition)], "s3:GetObject", "arn:aws:s3:::b/x", context) is allowed


def test_an_operator_that_is_not_known_is_never_guessed_at() -> None:
    with pytest.raises(ValueError, match="DateLessThan"):
        is_allowed(
            [statement(Condition={"DateLessThan": {"aws:CurrentTime": "x"}})], "s3:GetObject", "arn:aws:s3:::b/x"
        )
