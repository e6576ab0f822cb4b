"""Whether an environment is fit for work and its tables belong together: ``mirrorlake validate``, also in the cloud.

``doctor`` looks at this machine, this at everything that the profile names: each place is asked, each right is used,
each table is counted in every store that it passes through. One finding per question; nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from lake.errors import ConfigError, MirrorlakeError
from pipeline.secret import mask
from pipeline.settings.model import variables

if TYPE_CHECKING:
    from pipeline.workspace import Workspace

Verdict = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Finding:
    """The answer to one question: about what (``part``, ``subject``), how it is, and what helps if it is not well."""

    part: str
    subject: str
    verdict: Verdict
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Question:
    """What every check is asked: of which environment, up to which run date, and whether it may write and delete."""

    workspace: Workspace
    run_date: date | None = None
    may_write: bool = True


Check = Callable[[Question], Iterator[Finding]]


def validate(question: Question) -> list[Finding]:
    """Every finding, in the order of the data's way. Nothing but the profile is looked at where that is incomplete."""
    from pipeline.validation import cloud, places, stores, tables

    checks: list[tuple[str, Check]] = [
        ("secrets", places.secrets),
        ("identity", cloud.identity),
        ("lake", places.lake),
        ("mirror", places.mirror),
        ("artifacts", cloud.artifacts),
        ("job", cloud.job),
        ("catalog", cloud.catalog),
        ("bronze", tables.bronze),
        ("tables", tables.tables),
        ("freshness", tables.freshness),
        ("staging", stores.staging),
        ("warehouse", stores.warehouse),
        ("published", stores.published),
    ]
    found = list(guarded("profile", _profile, question))
    if found[-1].verdict == "failed":
        return found
    return found + [finding for part, check in checks for finding in guarded(part, check, question)]


def guarded(part: str, check: Check, question: Question) -> Iterator[Finding]:
    """The findings of one check; an error of ours is one more, and ends it."""
    try:
        yield from check(question)
    except MirrorlakeError as error:
        yield failure(part, error)


def failure(part: str, error: MirrorlakeError, subject: str = "") -> Finding:
    """An error as a finding."""
    what = "; ".join(line.strip() for line in error.what.splitlines())
    return Finding(part, subject or mask(error.where or ""), "failed", mask(what), mask(error.fix or ""))


def _profile(question: Question) -> Iterator[Finding]:
    settings = question.workspace.settings
    try:
        settings.require_supported()
    except ConfigError as error:
        yield failure("profile", ConfigError(error.what.partition(":\n")[0], where=error.where, fix=error.fix))
        for key in settings.missing() if not settings.lacks_standins else ():
            yield Finding("profile", key, "failed", f"not set (environment: {variables(key)})")
    else:
        yield Finding("profile", settings.env, "ok", "complete")
