"""Quarantine: rows that broke the contract, kept with every reason beside the table that they did not enter.

One Delta table per silver table, by payload: what a load brings again takes the place of what it brought before.
Nothing in it comes from a clock: ``_rejected_at`` is when the payload was fetched, so a rebuild gives the same rows. It
is metadata and outside equality: another lake got the same payload at another time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import polars as pl

from lake import layout, ledger, merge
from lake.contract.model import Contract, Contracts, Partition
from lake.merge import ARRIVAL
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable

COLUMNS: dict[str, pl.DataType] = {
    "_run_date": pl.Date(),
    "_load": pl.Int64(),
    "_payload": pl.String(),
    "_position": pl.Int64(),
    "rules": pl.List(pl.String()),
    "reasons": pl.List(pl.String()),
    "row": pl.String(),
    "owner": pl.String(),
    "contract_version": pl.String(),
    "_rejected_at": pl.Datetime("us", "UTC"),
}
"""A rejected row: where it came from, every rule that it broke and why, the row as received (JSON), who owns the
contract, and when the payload was fetched."""

_PARTITION = Partition("_run_date", "month")
_PLACE = ("_payload", "_position")


def table(objects: Objects, name: str) -> LakeTable:
    """The Delta table of the rejected rows of a silver table; it exists once a row was rejected."""
    return LakeTable(objects, layout.quarantine(name))


def rows(objects: Objects, name: str) -> pl.DataFrame:
    """Every rejected row of a silver table (``COLUMNS``), by run date, payload and position; see ``standing``."""
    stored = table(objects, name)
    if not stored.exists():
        return pl.DataFrame(schema=COLUMNS)
    return _sorted(_aligned(stored.read()))


def store(
    objects: Objects,
    contract: Contract,
    fetched_at: Mapping[str, datetime],
    rejected: Sequence[pl.DataFrame],
    *,
    everything: bool,
) -> set[date]:
    """Put the rejected rows of the loads of ``fetched_at`` in the place of what was there of them.

    ``everything``: these are all loads there are, so that any other row goes. Gives the months that changed; nothing
    is committed where none did.
    """
    stored = table(objects, contract.table)
    new = _as_stored(contract, fetched_at, rejected)
    schema = new.clear().to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    fits = True
    if not stored.exists():
        before = new.clear()
    else:
        fits = stored.has_shape(schema, _PARTITION)
        months = None if everything or not fits else {day.replace(day=1) for day in _run_dates(fetched_at)}
        before = _sorted(_aligned(stored.read(months)))
    kept = before.clear() if everything else before.filter(~pl.col("_payload").is_in(list(fetched_at)))
    after = _sorted(pl.concat([kept, new]))
    changed = _changed_months(before, after)
    if changed or not fits:
        target = after.filter(pl.col("_run_date").dt.truncate("1mo").is_in(list(changed))) if fits else after
        stored.replace(
            target,
            schema,
            partition=_PARTITION,
            partitions=changed if fits else None,
            site="quarantine.rows",
            mark=stored.next_mark(),
        )
    return changed


def payloads(objects: Objects, name: str) -> set[str]:
    """The loads that have rejected rows."""
    return set(rows(objects, name)["_payload"])


def refused(objects: Objects, name: str) -> pl.DataFrame:
    """The loads that a silver table refused whole: ``load, run_date, rows_in, valid, rejected, reason``."""
    known = ledger.read(objects, name)
    found = known.refused() if known else {}
    return pl.DataFrame(
        [
            (load, _run_date(load), record.rows_in, record.valid, record.rejected, record.reason)
            for load, record in sorted(found.items())
        ],
        schema={
            "load": pl.String,
            "run_date": pl.Date,
            "rows_in": pl.Int64,
            "valid": pl.Int64,
            "rejected": pl.Int64,
            "reason": pl.String,
        },
        orient="row",
    )


def held(objects: Objects, contracts: Contracts, name: str) -> pl.DataFrame:
    """Good rows of a silver table whose parent has not arrived: the key, then ``_reference`` (the parent table)
    and ``_waits_for`` (its missing key). Computed at every call, never stored. A null reference waits for nobody.
    """
    contract = contracts[name]
    key = list(contract.primary_key)
    found = [pl.DataFrame(schema={**{k: merge.empty(contract).schema[k] for k in key}, **_HELD})]
    children = LakeTable(objects, layout.table("silver", name))
    for reference in contract.references if children.exists() else ():
        parent = contracts.get(reference.to_table)
        if parent is None or parent.layer != "silver":
            continue
        columns, to_columns = list(reference.columns), list(reference.to_columns)
        waiting = children.read().drop_nulls(columns)
        parents = LakeTable(objects, layout.table("silver", parent.table))
        if parents.exists():
            there = parents.read().select(to_columns).unique()
            waiting = waiting.join(there, left_on=columns, right_on=to_columns, how="anti")
        found.append(
            waiting.select(
                *key,
                pl.lit(parent.table).alias("_reference"),
                pl.concat_str([pl.col(c).cast(pl.String) for c in columns], separator=", ").alias("_waits_for"),
            )
        )
    return pl.concat(found).sort([*key, "_reference"])


_HELD = {"_reference": pl.String(), "_waits_for": pl.String()}


def _as_stored(
    contract: Contract, fetched_at: Mapping[str, datetime], rejected: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    found = [frame for frame in rejected if not frame.is_empty()]
    if not found:
        return pl.DataFrame(schema=COLUMNS)
    times = pl.DataFrame(
        {"_payload": list(fetched_at), "_rejected_at": list(fetched_at.values())},
        schema={"_payload": pl.String, "_rejected_at": COLUMNS["_rejected_at"]},
    )
    return (
        pl.concat([frame.select(*ARRIVAL, "rules", "reasons", "row") for frame in found])
        .join(times, on="_payload", how="left")
        .with_columns(owner=pl.lit(contract.owner), contract_version=pl.lit(contract.version))
        .select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
    )


def _aligned(stored: pl.DataFrame) -> pl.DataFrame:
    """Rows in today's columns; what an older release did not write is null."""
    return stored.select(
        pl.col(name) if name in stored.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in COLUMNS.items()
    )


def _changed_months(before: pl.DataFrame, after: pl.DataFrame) -> set[date]:
    month = pl.col("_run_date").dt.truncate("1mo")
    months = pl.concat([before.select(month), after.select(month)]).to_series().unique()
    return {day for day in months if not before.filter(month == day).equals(after.filter(month == day))}


def _run_dates(payloads_: Collection[str]) -> set[date]:
    return {_run_date(payload) for payload in payloads_}


def _run_date(payload: str) -> date:
    return date.fromisoformat(payload.partition("/run_date=")[2][:10])


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.sort("_run_date", *_PLACE)
