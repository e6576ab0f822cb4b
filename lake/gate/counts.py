"""Counting: how many rows of each load broke which rule, and what becomes of each load. Part of the gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from lake.contract.model import Contract
from lake.gate.plan import Plan
from lake.gate.rules import Check, violations
from lake.gate.text import json_of

COUNTS = {"_payload": pl.String(), "rule": pl.String(), "severity": pl.String(), "rows": pl.Int64()}
_NAMED_RULES = 3


def count_checks(frame: pl.LazyFrame, checks: Sequence[Check], among: str | None = None) -> pl.DataFrame:
    """Rows per load and rule (``_payload, rule, severity, rows``), where there are any.

    ``among`` is a Boolean column that is true in every row that can break one, where it is already known.
    """
    if not checks:
        return pl.DataFrame(schema=COUNTS)
    hit = frame.filter(among or violations(checks))
    flags = hit.select("_payload", *(check.broken.alias(f"{number}") for number, check in enumerate(checks)))
    return _named(flags.group_by("_payload").sum().collect(engine="streaming"), checks)


def _named(sums: pl.DataFrame, checks: Sequence[Check]) -> pl.DataFrame:
    """Sums per load, one column per check (named by its number), as rows of ``COUNTS``."""
    rules = pl.DataFrame(
        {
            "number": [f"{number}" for number in range(len(checks))],
            "rule": [check.rule for check in checks],
            "severity": [check.severity for check in checks],
        },
        schema={"number": pl.String, "rule": pl.String, "severity": pl.String},
    )
    rows = sums.unpivot(index="_payload", variable_name="number", value_name="rows").filter(pl.col("rows") > 0)
    return rows.join(rules, on="number").select(pl.col(name).cast(dtype) for name, dtype in COUNTS.items())


def load_outcomes(plan: Plan, frame: pl.DataFrame, errors: pl.DataFrame, accept: Collection[str]) -> pl.DataFrame:
    """Per load, in order of arrival: its rows by what became of them, and whether and why it is refused.

    ``frame`` has the Boolean columns ``gate.broken`` and ``gate.superseded``; ``errors`` are the counts of error rules.
    """
    loads = frame.group_by("_payload", maintain_order=True).agg(
        pl.col("_run_date", "_load").first(),
        pl.len().cast(pl.Int64).alias("rows_in"),
        pl.col("gate.broken").sum().cast(pl.Int64).alias("rejected"),
        pl.col("gate.superseded").sum().cast(pl.Int64).alias("duplicates"),
    )
    return judge_loads(plan.contract, loads, errors, unknown_by_load(plan, frame.lazy()), accept)


def unknown_by_load(plan: Plan, frame: pl.LazyFrame) -> dict[str, list[str]]:
    """Under ``freeze``: the unknown fields that each load has values in."""
    if plan.contract.evolution != "freeze" or not plan.unknown:
        return {}
    present = (raw.expression.is_not_null().any().alias(raw.name) for raw in plan.unknown)
    found = frame.group_by("_payload").agg(*present).collect(engine="streaming")
    return {row["_payload"]: [raw.field for raw in plan.unknown if row[raw.name]] for row in found.to_dicts()}


def first_values(plan: Plan, frame: pl.LazyFrame) -> dict[str, str]:
    """The first value of each unknown field that has one, as JSON text."""
    firsts: dict[str, str] = {}
    for raw in plan.unknown:
        found = frame.filter(raw.expression.is_not_null()).head(1)
        texts = found.select(json_of(raw.name, raw.dtype, mixed=raw.mixed).alias("text")).collect()["text"]
        if not texts.is_empty():
            firsts[raw.field] = texts[0]
    return firsts


def judge_loads(
    contract: Contract,
    loads: pl.DataFrame,
    errors: pl.DataFrame,
    unknown: dict[str, list[str]],
    accept: Collection[str],
) -> pl.DataFrame:
    """Add ``valid``, ``refused`` and ``reason`` to loads that have ``rows_in``, ``rejected`` and ``duplicates``."""
    lossy = pl.col("rejected") / pl.col("rows_in") > contract.rejection_threshold
    reasons = {
        row["_payload"]: _reason(contract, row["rows_in"], row["rejected"], errors, row["_payload"])
        for row in loads.filter(lossy).iter_rows(named=True)
    }
    for payload, fields in unknown.items():
        if fields:
            reasons[payload] = f"unknown column {', '.join(fields)}, and the contract is frozen"
    reasons = {payload: reason for payload, reason in reasons.items() if payload not in accept}
    reason = pl.Series("reason", [reasons.get(payload) for payload in loads["_payload"]], dtype=pl.String)
    valid = (pl.col("rows_in") - pl.col("rejected") - pl.col("duplicates")).alias("valid")
    return loads.with_columns(valid, reason.is_not_null().alias("refused"), reason).select(
        "_payload", "_run_date", "_load", "rows_in", "valid", "rejected", "duplicates", "refused", "reason"
    )


def _reason(contract: Contract, rows_in: int, rejected: int, errors: pl.DataFrame, payload: str) -> str:
    worst = errors.filter(pl.col("_payload") == payload).sort("rows", "rule", descending=[True, False])
    rules = ", ".join(f"{rule} ({rows})" for rule, rows in worst.head(_NAMED_RULES).select("rule", "rows").iter_rows())
    allowed = f"{contract.rejection_threshold:.0%}"
    return f"{rejected} of {rows_in} rows rejected, more than the {allowed} that the contract allows; most: {rules}"
