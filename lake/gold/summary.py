"""What gold has to know of the silver tables before it builds: the days of each key, and the rows that are held.

A row is held while a parent that its contract references is not there. Held rows are counted, never stored; they have
no part in the spine either. One pass over a few columns answers both questions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import polars as pl
import pyarrow as pa

from lake.contract.model import Contract
from lake.engines import Days
from lake.gold.reach import clipped
from lake.gold.snapshot import Stand, Summary
from lake.transforms.model import HourSpine

Scan = Callable[[str], pl.LazyFrame]


def summarise(
    contract: Contract,
    spines: Collection[HourSpine],
    parents: frozenset[str],
    scan: Scan,
    versions: Mapping[str, Stand],
) -> Summary:
    """Count the held rows of a silver table and find the first and last day per key of each of its spines.

    ``parents`` are the tables that references are checked against; ``scan(name)`` gives the rows of a table.
    """
    references = [reference for reference in contract.references if reference.to_table in parents]
    columns = {name for reference in references for name in reference.columns}
    columns |= {name for spine in spines for name in spine.by}
    days = {spine.at for spine in spines}
    if not columns:
        return Summary(versions, 0)
    grouped = (
        scan(contract.table)
        .group_by(sorted(columns))
        .agg(
            pl.len().alias("_rows"),
            *(pl.col(at).min().dt.date().alias(f"_first_{at}") for at in sorted(days)),
            *(pl.col(at).max().dt.date().alias(f"_last_{at}") for at in sorted(days)),
        )
        .collect(engine="streaming")
    )
    total = int(grouped["_rows"].sum())
    for reference in references:
        there = scan(reference.to_table).select(reference.to_columns).collect()
        grouped = grouped.join(there, left_on=reference.columns, right_on=reference.to_columns, how="semi")
    held = total - int(grouped["_rows"].sum())
    return Summary(versions, held, {spine.key: _spans(grouped, spine) for spine in spines})


def _spans(grouped: pl.DataFrame, spine: HourSpine) -> dict[tuple[str, ...], Days]:
    spans = grouped.group_by(spine.by).agg(
        pl.col(f"_first_{spine.at}").min().alias("first"), pl.col(f"_last_{spine.at}").max().alias("last")
    )
    return {row[:-2]: (row[-2], row[-1]) for row in spans.rows()}


def span_table(spans: Mapping[tuple[str, ...], Days], spine: HourSpine, within: list[Days] | None) -> pa.Table:
    """Spans as engines take them: the ``by`` columns, ``first_day``, ``last_day``; clipped to the days ``within``."""
    rows = [
        (*key, *part)
        for key, span in sorted(spans.items())
        for part in (clipped(span, within) if within is not None else [span])
    ]
    types = [*((name, pa.string()) for name in spine.by), ("first_day", pa.date32()), ("last_day", pa.date32())]
    columns = list(zip(*rows, strict=True)) or [()] * len(types)
    return pa.table(
        [pa.array(values, kind) for values, (_, kind) in zip(columns, types, strict=True)],
        names=[name for name, _ in types],
    )
