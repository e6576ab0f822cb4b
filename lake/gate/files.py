"""The gate for Parquet files larger than memory: the same plan as ``lake.gate``, streamed into two files.

The keys are read first, as 64-bit hashes: 8 bytes a row, the only thing that grows with the rows. Only rows whose hash
stands twice are looked at by value. Then one streaming pass writes valid and rejected rows at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lake.contract.model import Contract
from lake.errors import TableError
from lake.gate.counts import COUNTS, count_checks, first_values, judge_loads, unknown_by_load
from lake.gate.keys import hash_of, losers, repeated, version_key
from lake.gate.output import Outputs, reading
from lake.gate.plan import Plan, make_plan
from lake.raw import METADATA


@dataclass(frozen=True)
class GatedFiles:
    """What became of the rows of files: ``valid``, ``rejected`` and ``duplicates`` are numbers of rows of the loads
    that were let in; ``counts``, ``loads`` and ``unknown_columns`` are as in ``lake.gate.Gated``.
    """

    rows_in: int
    valid: int
    rejected: int
    duplicates: int
    counts: pl.DataFrame
    loads: pl.DataFrame
    unknown_columns: dict[str, str]


def gate_parquet(
    contract: Contract, source: Sequence[Path], valid: Path, rejected: Path, *, accept: Collection[str] = ()
) -> GatedFiles:
    """Judge the rows of Parquet files of one schema; write ``valid`` and ``rejected`` with columns as in ``Gated``.

    Metadata columns are carried where the files have them. Files without ``_payload`` are together one load, named by
    the first file; without ``_position`` the order of files and rows counts. The outputs appear by rename when all is
    judged, rows of refused loads left out. Raises DamagedError for a file that is not readable, StorageError where
    reading or writing fails, TableError where the files differ in their columns.
    """
    with reading(source):
        schema = _schema(source)
        plan = plan_files(contract, schema, source[0].name)
        scan = pl.scan_parquet(list(source)).with_row_index("gate.place")
        doubled = doubled_rows(plan, scan)
        frame = plan.frame(scan).with_columns(_among(doubled).alias("gate.doubled"))
        rejects = contract.on_duplicate == "reject"
        lost = plan.broken | pl.col("gate.doubled") if rejects else plan.broken
        with Outputs(valid, rejected) as outputs:
            good = frame.filter(~(plan.broken | pl.col("gate.doubled"))).select(plan.valid)
            outputs.write(good, frame.filter(lost).select(plan.rejected))
            written = outputs.scan_rejected()
            if "_payload" not in schema:
                written = written.with_columns(pl.lit(source[0].name).alias("_payload"))
            loads, counts = _outcomes(plan, frame, doubled, written, accept)
            refused = loads.filter("refused")["_payload"]
            if len(refused):
                outputs.keep(~pl.col("_payload").is_in(refused.implode()) if "_payload" in schema else pl.lit(False))
            outputs.commit()
        admitted = loads.filter(~pl.col("refused"))
        rows = {name: int(admitted[name].sum()) for name in ("valid", "rejected", "duplicates")}
        unknown = first_values(plan, frame)
    return GatedFiles(int(loads["rows_in"].sum()), **rows, counts=counts, loads=loads, unknown_columns=unknown)


def plan_files(contract: Contract, schema: pl.Schema, load: str) -> Plan:
    """The plan for files of that schema; their rows are of ``load`` unless they say otherwise."""
    metadata = {name: pl.col(name).cast(dtype) for name, dtype in METADATA.items() if name in schema}
    return make_plan(
        contract,
        schema,
        {"_payload": pl.lit(load), "_position": pl.col("gate.place").cast(pl.Int64)}
        | metadata
        | {"gate.place": pl.col("gate.place")},
        carried=tuple(metadata),
    )


def doubled_rows(plan: Plan, scan: pl.LazyFrame) -> pl.DataFrame:
    """``gate.place`` and ``_payload`` of the rows that lose by their key; ``scan`` numbers its rows in the former."""
    key = version_key(plan.contract) if plan.contract.primary_key else []
    nobody = pl.DataFrame(schema={"gate.place": pl.UInt32, "_payload": pl.String})
    if not key:
        return nobody
    hashed = hash_of([*key, "_payload"] if "_payload" in plan.metadata else key)
    frame = plan.frame(scan)
    twice = repeated(frame.select(hashed.alias("hash")).collect(engine="streaming").to_series())
    if twice.is_empty():
        return nobody
    candidates = frame.filter(hashed.is_in(twice.implode())).select(*key, "_payload", "_position", "gate.place")
    found = candidates.collect(engine="streaming").sort("gate.place")
    broken = _broken_among(plan, scan, found) if plan.contract.on_duplicate == "latest" else pl.lit(False)
    places = losers(found.with_columns(broken.alias("gate.broken")), plan.contract)
    return found.select("gate.place", "_payload").filter(pl.col("gate.place").is_in(places.implode()))


def _broken_among(plan: Plan, scan: pl.LazyFrame, found: pl.DataFrame) -> pl.Expr:
    """Whether those rows break a rule; all columns are read again, but typed and judged only there."""
    rows = scan.filter(pl.col("gate.place").is_in(found["gate.place"].implode()))
    broken = plan.frame(rows).filter(plan.broken).select("gate.place").collect(engine="streaming").to_series()
    return pl.col("gate.place").is_in(broken.implode())


def _schema(source: Sequence[Path]) -> pl.Schema:
    """The one schema of all files."""
    if not source:
        raise TableError("no file to judge", fix="name at least one Parquet file")
    first, *others = ((path, pl.Schema(pl.read_parquet_schema(path))) for path in source)
    for path, schema in others:
        if schema != first[1]:
            names = sorted({name for name, _ in set(schema.items()) ^ set(first[1].items())})
            what = f"{path.name} and {first[0].name} differ in {', '.join(names) or 'the order of their columns'}"
            raise TableError(what, where=str(path), fix="judge files of different columns in separate calls")
    return first[1]


def _among(doubled: pl.DataFrame) -> pl.Expr:
    return pl.col("gate.place").is_in(doubled["gate.place"].implode()) if doubled.height else pl.lit(False)


def _outcomes(
    plan: Plan, frame: pl.LazyFrame, doubled: pl.DataFrame, rejected: pl.LazyFrame, accept: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """``(loads, counts)``; what was rejected is counted in the file that was written."""
    lost = rejected.select("_payload", rule="rules").explode("rule").group_by("_payload", "rule").len("rows").collect()
    errors = _counts(lost.with_columns(severity=pl.lit("error")))
    judged = [check for check in plan.warnings if check is not plan.key]
    superseded = doubled if plan.key in plan.warnings else doubled.clear()
    twice = superseded.group_by("_payload").len("rows")
    warnings = _counts(twice.with_columns(rule=pl.lit(plan.key.rule), severity=pl.lit("warn")))
    counts = pl.concat([errors, warnings, count_checks(frame, judged)]).sort("_payload", "severity", "rule")

    there = [
        pl.col(name).first() if name in plan.metadata else pl.lit(None, METADATA[name]).alias(name)
        for name in ("_run_date", "_load")
    ]
    rows = frame.group_by("_payload").agg(*there, pl.len().alias("rows_in")).collect(engine="streaming")
    gone = rejected.group_by("_payload").len("rejected").collect()
    loads = rows.join(gone, on="_payload", how="left").join(
        twice.rename({"rows": "duplicates"}), on="_payload", how="left"
    )
    loads = loads.with_columns(pl.col("rows_in", "rejected", "duplicates").fill_null(0).cast(pl.Int64))
    unknown = unknown_by_load(plan, frame)
    return judge_loads(plan.contract, loads.sort("_payload"), errors, unknown, accept), counts


def _counts(found: pl.DataFrame) -> pl.DataFrame:
    return found.select(pl.col(name).cast(dtype) for name, dtype in COUNTS.items())
