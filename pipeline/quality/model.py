"""What a check says. Kept free of Great Expectations, so that reading results costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class CheckResult:
    """One rule on one table. ``examples`` are up to five keys (or values) that broke it."""

    table: str
    rule: str
    severity: str
    passed: bool
    rows: int = 0
    unexpected: int = 0
    examples: tuple[dict[str, Any], ...] = ()
    error: str | None = None

    @property
    def critical(self) -> bool:
        """Whether it keeps the marts from being published."""
        return not self.passed and self.severity == "error"

    def sentence(self) -> str:
        """The failure in one line: table, rule, count, example rows."""
        if self.error:
            return f"{self.table}: {self.rule}: could not be checked: {self.error}"
        shown = "; ".join(", ".join(f"{k}={v}" for k, v in example.items()) for example in self.examples[:3])
        example = f", for example {shown}" if shown else ""
        return f"{self.table}: {self.rule}: {self.unexpected} of {self.rows} rows{example}"


@dataclass(frozen=True)
class Batch:
    """One table to check: its contract's name, and where its rows lie.

    Either ``files`` (Parquet files of one committed version; object ``options`` where they lie in a bucket) or
    ``database`` and ``relation`` (a DuckDB file and a schema-qualified name). ``label`` is how the report calls it.
    With ``marts``, the folder of dbt's descriptions, it is all that dbt built in ``database``, each mart under
    ``<label>.<mart>``; ``table`` is then empty.
    """

    table: str
    label: str
    files: tuple[str, ...] = ()
    database: str | None = None
    relation: str | None = None
    marts: str | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass
class CheckReport:
    """All results of one audit."""

    run_id: str
    results: list[CheckResult] = field(default_factory=list)

    @property
    def critical(self) -> list[CheckResult]:
        """The results that keep the marts from being published."""
        return [result for result in self.results if result.critical]

    @property
    def warnings(self) -> list[CheckResult]:
        """Failed rules of severity ``warn``."""
        return [result for result in self.results if not result.passed and not result.critical]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        counts = {
            "rules": len(self.results),
            "passed": sum(result.passed for result in self.results),
            "critical": len(self.critical),
            "warnings": len(self.warnings),
        }
        return {"run_id": self.run_id, "counts": counts, "results": [asdict(result) for result in self.results]}


def from_dicts(rows: Iterable[dict[str, Any]]) -> list[CheckResult]:
    """Results as they came over the pipe or out of a report."""
    return [CheckResult(**{**row, "examples": tuple(row["examples"])}) for row in rows]
