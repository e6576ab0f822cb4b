"""Judging one frame in memory: the two passes of the gate, and what they give."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import polars as pl

from lake.contract.model import Contract
from lake.errors import ContractError, TableError
from lake.gate.counts import count_checks, first_values, load_outcomes
from lake.gate.keys import hash_of, losers, repeated, version_key
from lake.gate.plan import Plan, make_plan
from lake.raw import METADATA


@dataclass(frozen=True)
class Gated:
    """What became of the rows.

    - ``valid``: the contract's columns, typed, then ``_run_date``, ``_load``, ``_payload``, ``_position``, ``_extra``
      (unknown values as JSON with sorted keys, or null), in order of arrival.
    - ``rejected``: the same four metadata columns, ``rules`` and ``reasons`` (lists of equal length: every rule of
      severity error that the row broke), ``row`` (JSON as received).
    - ``counts``: per ``_payload``, ``rule``, ``severity`` the ``rows`` that broke it, refused loads included.
      Superseded duplicates are counted under the key's rule as ``warn``.
    - ``loads``: per ``_payload`` its ``_run_date``, ``_load``, ``rows_in``, ``valid``, ``rejected``, ``duplicates``
      (rows_in is their sum), ``refused`` and the ``reason``. For a refused load they say what it would have given.
    - ``unknown_columns``: field to its first value as JSON text, in order of arrival.
    """

    valid: pl.DataFrame
    rejected: pl.DataFrame
    counts: pl.DataFrame
    loads: pl.DataFrame
    unknown_columns: dict[str, str]

    @property
    def rows_in(self) -> int:
        """All rows that came in: valid, rejected, duplicate, or of refused loads."""
        return int(self.loads["rows_in"].sum())

    @property
    def duplicates(self) -> int:
        """Superseded rows of the loads that were let in."""
        return int(self.loads.filter(~pl.col("refused"))["duplicates"].sum())


def gate(contract: Contract, raw: pl.DataFrame, *, accept: Collection[str] = ()) -> Gated:
    """Judge the rows of ``raw``: payload fields as made by ``lake.raw.series``, and the four metadata columns.

    ``accept`` are loads (``_payload``) that are let in even where they would be refused. Raises TableError where the
    metadata is missing, ContractError where an expression of the contract cannot be read or may exceed 38 digits; never
    for a row.
    """
    missing = [name for name in METADATA if name not in raw.columns]
    if missing:
        raise TableError(f"raw rows of {contract.table} lack {', '.join(missing)}", fix="let the source's parse add it")
    metadata = {name: pl.col(name).cast(dtype) for name, dtype in METADATA.items()}
    plan = make_plan(contract, raw.schema, metadata)
    frame = plan.frame(raw)
    broken = _broken(plan, frame)
    doubled = _doubled(contract, frame, broken)
    rejects = contract.on_duplicate == "reject"
    frame = frame.with_columns(
        doubled,
        (broken | doubled if rejects else broken).alias("gate.broken"),
        (doubled & ~doubled if rejects else doubled).alias("gate.superseded"),
    )

    errors = count_checks(frame.lazy(), plan.errors, among="gate.broken")
    warnings = count_checks(frame.lazy(), plan.warnings)
    loads = load_outcomes(plan, frame, errors, accept)
    admitted = pl.lit(True)
    if loads["refused"].any():
        admitted = ~pl.col("_payload").is_in(loads.filter("refused")["_payload"].implode())
    good = frame.lazy().filter(~pl.col("gate.broken"), ~pl.col("gate.superseded"), admitted)
    lost = frame.lazy().filter("gate.broken", admitted)
    return Gated(
        valid=good.select(plan.valid).collect(),
        rejected=lost.select(plan.rejected).collect(),
        counts=errors.vstack(warnings).sort("_payload", "severity", "rule"),
        loads=loads,
        unknown_columns=first_values(plan, frame.lazy()),
    )


def _broken(plan: Plan, frame: pl.DataFrame) -> pl.Series:
    try:
        return frame.with_columns(plan.broken.alias("gate.broken"))["gate.broken"]
    except pl.exceptions.ComputeError as error:
        raise ContractError(
            f"a rule of {plan.contract.table} cannot be computed: {str(error).splitlines()[0]}",
            where=plan.contract.path or plan.contract.table,
            fix="products and sums of decimals have at most 38 digits: give those columns a smaller precision",
        ) from error


def _doubled(contract: Contract, frame: pl.DataFrame, broken: pl.Series) -> pl.Series:
    """Which rows lose by their key."""
    key = version_key(contract) if contract.primary_key else []
    nobody = pl.repeat(False, frame.height, dtype=pl.Boolean, eager=True).alias("gate.doubled")
    if not key or not frame.height:
        return nobody
    hashes = frame.select(hash_of([*key, "_payload"]).alias("hash")).to_series()
    doubled = repeated(hashes)
    if doubled.is_empty():
        return nobody
    candidates = (
        frame.select(*key, "_payload", "_position", broken.alias("gate.broken"))
        .with_row_index("gate.place")
        .filter(hashes.is_in(doubled.implode()))
    )
    return nobody.scatter(losers(candidates, contract), True)
