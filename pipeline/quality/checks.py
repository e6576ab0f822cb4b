"""Runs one contract's suite on one batch. Great Expectations sees an Arrow-backed pandas frame that DuckDB hands over.

It has no DuckDB dialect of its own; a frame lets regexes and key checks run as they are documented. The frame is the
whole table: on a laptop that is what bounds the size of what can be audited so (docs/limitations.md).
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from lake.contract.model import Contract
from lake.duck import configure
from lake.errors import MissingExtraError
from lake.sql import literal, quoted
from pipeline.quality.model import Batch, CheckResult
from pipeline.quality.suite import expectations, helper_columns

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5


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
        present = set(frame.columns)
        asked = [e for e in expectations(contract) if _columns(e) <= present or "exists" in e.meta["rule"]]
        skipped = [e for e in expectations(contract) if e not in asked]
        name = f"{label} {len(self._context.suites.all())}"
        suite = self._context.suites.add(self._gx.ExpectationSuite(name=name, expectations=asked))
        asset = self._source.add_dataframe_asset(name)
        definition = asset.add_batch_definition_whole_dataframe("all")
        validation = self._gx.ValidationDefinition(name=name, data=definition, suite=suite)
        outcome = self._context.validation_definitions.add(validation).run(
            batch_parameters={"dataframe": frame}, result_format=_result_format(contract, present)
        )
        results = [_result(label, item.to_json_dict(), len(frame)) for item in outcome.results]
        return results + [_absent(label, expectation, len(frame)) for expectation in skipped]


def _result_format(contract: Contract, present: set[str]) -> dict[str, Any]:
    keys = [name for name in contract.primary_key if name in present]
    return {"result_format": "COMPLETE", "unexpected_index_column_names": keys, "partial_unexpected_count": EXAMPLES}


def _columns(expectation: Any) -> set[str]:
    names = list(getattr(expectation, "column_list", None) or [])
    column = getattr(expectation, "column", None)
    return {*names, *([column] if column else [])}


def _absent(label: str, expectation: Any, rows: int) -> CheckResult:
    meta = expectation.meta
    return CheckResult(label, meta["rule"], meta["severity"], False, rows, rows, (), "its column is missing")


def _result(label: str, outcome: dict[str, Any], rows: int) -> CheckResult:
    meta, found = outcome["expectation_config"]["meta"], outcome["result"]
    error = _error(outcome.get("exception_info") or {})
    keys = [_plain(example) for example in (found.get("unexpected_index_list") or [])[:EXAMPLES]]
    count = found.get("unexpected_count", 0 if outcome["success"] else rows)
    return CheckResult(
        label, meta["rule"], meta["severity"], bool(outcome["success"]), rows, int(count or 0), tuple(keys), error
    )


def _error(info: dict[str, Any]) -> str | None:
    if info.get("raised_exception"):
        return str(info.get("exception_message"))[:300]
    nested = [value for value in info.values() if isinstance(value, dict) and value.get("raised_exception")]
    return str(nested[0].get("exception_message"))[:300] if nested else None


def _plain(example: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value if value is None else str(value)
        for key, value in example.items()
    }


def read_frame(contract: Contract, batch: Batch) -> pd.DataFrame:
    """The batch's rows and its helper columns as an Arrow-backed frame."""
    import duckdb
    import pandas as pd

    connection = duckdb.connect(batch.database or ":memory:", read_only=batch.database is not None)
    try:
        configure(connection)
        origin = batch.relation or f"read_parquet([{', '.join(map(literal, batch.files))}], union_by_name = true)"
        found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {origin}").fetchall()]  # noqa: S608
        columns = [quoted(name) for name in contract.column_names if name in found]
        columns += [f"{sql} AS {quoted(name)}" for name, sql in helper_columns(contract).items()]
        table: Any = connection.execute(f"SELECT {', '.join(columns)} FROM {origin}").to_arrow_table()  # noqa: S608
    finally:
        connection.close()
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame
