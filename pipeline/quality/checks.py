"""Runs a suite on the rows of one table. Great Expectations sees an Arrow-backed pandas frame that DuckDB hands over.

It has no DuckDB dialect of its own; a frame lets regexes and key checks run as they are documented. The frame is the
whole table: on a laptop that is what bounds the size of what can be audited so (docs/limitations.md).
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.contract.model import Contract
from lake.errors import MissingExtraError
from lake.sql import quoted
from pipeline.quality.frames import count_rows, frame_of, opened, read_frame
from pipeline.quality.marts import SCHEMA, mart_expectations, read_marts
from pipeline.quality.model import Batch, CheckResult
from pipeline.quality.suite import expectations

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5
MASK = "****"


def load_great_expectations() -> Any:
    """Import it (two to three seconds), with its analytics off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    try:
        import great_expectations
    except ImportError as error:
        raise MissingExtraError("great_expectations", "quality") from error
    return great_expectations


class Checker:
    """One ephemeral context, used for every batch of a run."""

    def __init__(self) -> None:
        self._gx = load_great_expectations()
        self._context = self._gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = {"globally": False}
        self._source = self._context.data_sources.add_pandas("batches")

    def check(self, contract: Contract, batch: Batch) -> list[CheckResult]:
        """Every rule of the contract on the batch's rows."""
        return self.check_frame(contract, read_frame(contract, batch), batch.label)

    def check_frame(self, contract: Contract, frame: pd.DataFrame, label: str) -> list[CheckResult]:
        """Every rule of the contract on a frame that has the contract's columns and the helper columns."""
        hidden = frozenset(column.name for column in contract.columns if column.sensitive)
        return self._judge(expectations(contract), frame, label, contract.primary_key, hidden)

    def check_marts(self, batch: Batch, contracts: Iterable[Contract]) -> list[CheckResult]:
        """What dbt built, against its own description; a mart that only one of the two knows is a failure.

        Of ``contracts`` comes which values may not be shown.
        """
        contracts = list(contracts)
        marts = read_marts(Path(batch.marts or ""))
        with opened(batch.database) as connection:
            listed = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?"
            built = {row[0] for row in connection.execute(listed, [SCHEMA]).fetchall()}
            results = [
                CheckResult(f"{batch.label}.{name}", rule, "error", passed=False, error=error)
                for names, rule, error in (
                    (marts.keys() - built, "built", "it is described, and was not built"),
                    (built - marts.keys(), "described", "it was built, and nothing says what it should be"),
                )
                for name in sorted(names)
            ]
            for name in sorted(marts.keys() & built):
                mart = marts[name]
                frame = frame_of(connection, f"FROM {SCHEMA}.{quoted(name)}")
                rows = count_rows(connection, mart.rows_of) if mart.rows_of else None
                hidden = mart.hidden(contracts)
                results += self._judge(mart_expectations(mart, rows), frame, f"{batch.label}.{name}", mart.key, hidden)
        return results

    def _judge(
        self,
        asked: Sequence[Any],
        frame: pd.DataFrame,
        label: str,
        key: Sequence[str],
        hidden: Collection[str],
    ) -> list[CheckResult]:
        """Each expectation on the frame. Those on a missing column fail; values of ``hidden`` ones are masked."""
        present = set(frame.columns)
        able = [each for each in asked if _columns(each) <= present or "exists" in each.meta["rule"]]
        name = f"{label} {len(self._context.suites.all())}"
        suite = self._context.suites.add(self._gx.ExpectationSuite(name=name, expectations=able))
        asset = self._source.add_dataframe_asset(name)
        definition = asset.add_batch_definition_whole_dataframe("all")
        validation = self._gx.ValidationDefinition(name=name, data=definition, suite=suite)
        outcome = self._context.validation_definitions.add(validation).run(
            batch_parameters={"dataframe": frame}, result_format=_result_format(key, present)
        )
        results = [_result(label, item.to_json_dict(), len(frame), hidden) for item in outcome.results]
        return results + [_absent(label, each, len(frame)) for each in asked if each not in able]


def _result_format(key: Sequence[str], present: set[str]) -> dict[str, Any]:
    keys = [name for name in key if name in present]
    return {"result_format": "COMPLETE", "unexpected_index_column_names": keys, "partial_unexpected_count": EXAMPLES}


def _columns(expectation: Any) -> set[str]:
    names = list(getattr(expectation, "column_list", None) or [])
    column = getattr(expectation, "column", None)
    return {*names, *([column] if column else [])}


def _absent(label: str, expectation: Any, rows: int) -> CheckResult:
    meta = expectation.meta
    return CheckResult(label, meta["rule"], meta["severity"], False, rows, rows, (), "its column is missing")


def _result(label: str, outcome: dict[str, Any], rows: int, hidden: Collection[str]) -> CheckResult:
    meta, found = outcome["expectation_config"]["meta"], outcome["result"]
    error = _error(outcome.get("exception_info") or {})
    keys = [_plain(example, hidden) for example in (found.get("unexpected_index_list") or [])[:EXAMPLES]]
    count = found.get("unexpected_count", 0 if outcome["success"] else rows)
    return CheckResult(
        label, meta["rule"], meta["severity"], bool(outcome["success"]), rows, int(count or 0), tuple(keys), error
    )


def _error(info: dict[str, Any]) -> str | None:
    if info.get("raised_exception"):
        return str(info.get("exception_message"))[:300]
    nested = [value for value in info.values() if isinstance(value, dict) and value.get("raised_exception")]
    return str(nested[0].get("exception_message"))[:300] if nested else None


def _plain(example: dict[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    return {
        key: MASK
        if key in hidden
        else None
        if isinstance(value, float) and math.isnan(value)
        else value
        if value is None
        else str(value)
        for key, value in example.items()
    }
