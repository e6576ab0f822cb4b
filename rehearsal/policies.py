"""What IAM policies allow: the part of AWS's evaluation logic that our roles use, in plain Python.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: an explicit Deny wins, then
an Allow, else it is denied. Identity policies only. An operator of a condition that is not known here raises, so that a
policy is never taken to say something that it does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

Document = Mapping[str, Any]


def is_allowed(
    documents: Iterable[Document], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether ``documents`` together allow ``action`` (``s3:GetObject``) on ``resource`` (an ARN) in ``context``."""
    allowed = False
    for document in documents:
        for statement in _several(document["Statement"]):
            if not applies(statement, action, resource, context or {}):
                continue
            if statement["Effect"] == "Deny":
                return False
            allowed = True
    return allowed


def applies(statement: Document, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """Whether one statement speaks of this request."""
    return (
        _names(statement, "Action", action.lower(), str.lower)
        and _names(statement, "Resource", resource, str)
        and all(
            _holds(operator, key, wanted, context)
            for operator, pairs in statement.get("Condition", {}).items()
            for key, wanted in pairs.items()
        )
    )


def _names(statement: Document, element: str, value: str, fold: Callable[[str], str]) -> bool:
    if f"Not{element}" in statement:
        return not any(matches(fold(pattern), value) for pattern in _several(statement[f"Not{element}"]))
    return any(matches(fold(pattern), value) for pattern in _several(statement[element]))


def matches(pattern: str, value: str) -> bool:
    """IAM's wildcards: ``*`` any characters, ``?`` one."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _equal(pattern: str, value: str) -> bool:
    return pattern == value


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, True),
    "StringNotEquals": (_equal, False),
    "StringLike": (matches, True),
    "StringNotLike": (matches, False),
    "ArnEquals": (matches, True),
    "ArnLike": (matches, True),
    "ArnNotLike": (matches, False),
    "Bool": (lambda pattern, value: pattern.lower() == value.lower(), True),
}


def _holds(operator: str, key: str, wanted: object, context: Mapping[str, str]) -> bool:
    """One condition; a key that the request does not have meets only a negated or an ``IfExists`` operator."""
    name, if_exists = operator.removesuffix("IfExists"), operator.endswith("IfExists")
    if name not in _OPERATORS:
        raise ValueError(f"condition operator {operator!r} is not known here")
    match, positive = _OPERATORS[name]
    value = {each.lower(): text for each, text in context.items()}.get(key.lower())
    if value is None:
        return if_exists or not positive
    return any(match(str(pattern), value) for pattern in _several(wanted)) is positive


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
