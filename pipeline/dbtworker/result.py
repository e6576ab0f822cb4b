"""What a dbt build came to: models, tests and failures as plain values, which cross the pipe as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class DbtModel:
    """One model that was built. ``rows`` is what its table holds now (None for a view)."""

    name: str
    schema: str
    materialized: str
    rows: int | None
    seconds: float


@dataclass(frozen=True)
class DbtTest:
    """One test. ``table`` is the model or source table that it judges, ``rule`` the kind of test."""

    name: str
    table: str
    rule: str
    column: str | None
    status: Literal["pass", "warn", "fail"]
    failing_rows: int
    seconds: float


@dataclass(frozen=True)
class DbtFailure:
    """A test that did not pass. ``severity`` ``warn`` tells, ``error`` forbids to publish.

    ``examples`` are up to five of the failing rows, ``path`` the file that states the test.
    """

    name: str
    message: str
    failing_rows: int
    severity: Literal["warn", "error"]
    table: str
    rule: str
    column: str | None
    path: str
    examples: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return f"{self.table}: {self.name}: {self.message}"


@dataclass(frozen=True)
class DbtResult:
    """A build in which no model failed; ``failures`` are its tests that did not pass.

    ``skipped`` are the models and tests that stand behind a failed test, in name; ``seconds`` are of wall clock.
    """

    models: tuple[DbtModel, ...]
    tests: tuple[DbtTest, ...]
    failures: tuple[DbtFailure, ...]
    seconds: float
    skipped: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[DbtFailure, ...]:
        """The failures that forbid to publish."""
        return tuple(failure for failure in self.failures if failure.severity == "error")

    @property
    def rows(self) -> dict[str, int]:
        """Rows by the name of each table that was built."""
        return {model.name: model.rows for model in self.models if model.rows is not None}


def result_from_json(document: Mapping[str, Any], seconds: float) -> DbtResult:
    """The result as ``pipeline.dbtworker.server`` sent it."""
    failures = (DbtFailure(**{**failure, "examples": tuple(failure["examples"])}) for failure in document["failures"])
    return DbtResult(
        models=tuple(DbtModel(**model) for model in document["models"]),
        tests=tuple(DbtTest(**test) for test in document["tests"]),
        failures=tuple(failures),
        seconds=seconds,
        skipped=tuple(document["skipped"]),
    )
