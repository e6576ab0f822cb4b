"""Merging rows by primary key, as pure functions on frames. Silver's arithmetic; nothing here reads or writes.

Which version of a key wins is a total order: the contract's version column if it has one (null is lowest), then run
date, load number, load folder, position. It depends on the rows alone, so the order of arrival never matters.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from lake.contract.model import Contract, Granularity
from lake.contract.types import polars_schema

ARRIVAL = ("_run_date", "_load", "_payload", "_position")
_EVERY: dict[Granularity, str] = {"day": "1d", "month": "1mo", "year": "1y"}


def order_columns(contract: Contract) -> list[str]:
    """What versions of one key are ordered by, most telling first."""
    return [*([contract.version_column] if contract.version_column else []), *ARRIVAL]


def identity(contract: Contract) -> list[str]:
    """What a stored row is known by: its key; under ``history`` its place in bronze, since every version stays."""
    return ["_payload", "_position"] if contract.history else list(contract.primary_key)


def content(contract: Contract) -> list[str]:
    """The columns that make two rows equal: the contract's own and ``_extra``; where a row came from does not count."""
    return [*contract.column_names, "_extra"]


def current(rows: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """The winning version of each key, sorted by key."""
    key = list(contract.primary_key)
    ordered = rows.sort([*key, *order_columns(contract)], nulls_last=False, maintain_order=True)
    return ordered.unique(subset=key, keep="last", maintain_order=True)


def merged(existing: pl.DataFrame, incoming: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """The rows that stand after ``incoming`` came to ``existing``, sorted by key (and order, under ``history``).

    Both have the contract's columns and silver's metadata. A row that comes again takes the place of itself.
    """
    together = pl.concat([existing, incoming.select(existing.columns)])
    if not contract.history:
        return current(together.lazy(), contract).collect()
    versions = together.unique(subset=identity(contract), keep="last", maintain_order=True)
    return versions.sort([*contract.primary_key, *order_columns(contract)], nulls_last=False)


@dataclass(frozen=True)
class Difference:
    """How a table would change. ``partitions``: those with a change of content, None in a table without partitions.

    ``restated`` has, per key, rows whose content stays while a newer load said the same: ``_payload`` and
    ``partition``. ``contested`` has the places of arrival of the updated rows.
    """

    inserted: int
    updated: int
    removed: int
    partitions: set[date] | None
    restated: pl.DataFrame
    contested: pl.DataFrame

    @property
    def nothing(self) -> bool:
        """Whether no row's content changes."""
        return not (self.inserted or self.updated or self.removed)


def difference(existing: pl.DataFrame, target: pl.DataFrame, contract: Contract) -> Difference:
    """Compare what stands with what should stand, by key."""
    key = identity(contract)
    before = existing.select(*key, *_prefixed(contract, key), partition_of(contract).alias("before.partition"))
    after = target.with_columns(partition_of(contract).alias("after.partition"))
    both = after.join(before, on=key, how="inner", nulls_equal=True)
    added = after.join(before.select(key), on=key, how="anti", nulls_equal=True)
    lost = before.join(after.select(key), on=key, how="anti", nulls_equal=True)
    differs = pl.any_horizontal(
        pl.lit(False),
        *(pl.col(name).ne_missing(pl.col(f"before.{name}")) for name in content(contract) if name not in key),
    )
    updated = both.filter(differs)
    moved = [name for name in ARRIVAL if name not in key]
    newer = pl.any_horizontal(pl.lit(False), *(pl.col(name).ne_missing(pl.col(f"before.{name}")) for name in moved))
    partitions = None
    if contract.partition is not None:
        changed = [
            added["after.partition"],
            updated["after.partition"],
            updated["before.partition"],
            lost["before.partition"],
        ]
        partitions = set(pl.concat([days.rename("day") for days in changed]).unique().to_list())
    return Difference(
        inserted=added.height,
        updated=updated.height,
        removed=lost.height,
        partitions=partitions,
        restated=both.filter(~differs & newer).select("_payload", pl.col("after.partition").alias("partition")),
        contested=updated.select(ARRIVAL[:3]),
    )


def partition_of(contract: Contract) -> pl.Expr:
    """The partition of each row: the date of its event, truncated; null in a table without partitions."""
    if contract.partition is None:
        return pl.lit(None, dtype=pl.Date)
    return pl.col(contract.partition.column).cast(pl.Date).dt.truncate(_EVERY[contract.partition.by])


def of_partitions(rows: pl.DataFrame, contract: Contract, partitions: Collection[date]) -> pl.DataFrame:
    """The rows of some partitions."""
    return rows.filter(partition_of(contract).is_in(list(partitions)))


def aligned(rows: pl.DataFrame, contract: Contract) -> pl.DataFrame:
    """Stored rows in the contract's present columns and types; what an older contract lacked is null."""
    schema = polars_schema(contract, metadata=True)
    return rows.select(
        pl.col(name).cast(dtype, strict=False) if name in rows.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in schema.items()
    )


def empty(contract: Contract) -> pl.DataFrame:
    """No rows, in silver's columns and types."""
    return pl.DataFrame(schema=polars_schema(contract, metadata=True))


def _prefixed(contract: Contract, key: Collection[str]) -> list[pl.Expr]:
    names = dict.fromkeys([*content(contract), *ARRIVAL])
    return [pl.col(name).alias(f"before.{name}") for name in names if name not in key]
