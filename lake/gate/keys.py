"""Keys that stand more than once within one load. Part of the gate.

Where the contract has a version column, rows of one key that differ in it are versions and no duplicates: silver
chooses among them, or keeps them all.

Keys are hashed to 64 bits, the hashes sorted, neighbours compared: equal neighbours make candidates, and only
candidates are compared by their values, so a collision of hashes costs a little time and never a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import xor

import polars as pl

from lake.contract.model import Contract


def hash_of(columns: Sequence[str]) -> pl.Expr:
    """The columns as one 64-bit hash."""
    return reduce(xor, [pl.col(name).hash(seed) for seed, name in enumerate(columns, start=1)])


def repeated(hashes: pl.Series) -> pl.Series:
    """The hashes that stand more than once."""
    ordered = hashes.sort()
    return ordered.filter(ordered == ordered.shift(1)).unique()


def version_key(contract: Contract) -> list[str]:
    """What may stand once in a load: the primary key, and the version column if there is one."""
    version = contract.version_column
    return [*contract.primary_key, *([version] if version and version not in contract.primary_key else [])]


def losers(candidates: pl.DataFrame, contract: Contract) -> pl.Series:
    """The places (column ``gate.place``) of rows that lose by their key. ``candidates`` has ``version_key``,
    ``_payload``, ``_position``, ``gate.place`` (unique, ascending in order of arrival) and ``gate.broken``.

    ``reject``: every row of a key that stands twice in a load loses. ``latest``: of the rows that broke no rule the one
    with the last position stays, so a broken correction does not take the good row before it along.
    """
    group = [*version_key(contract), "_payload"]
    whole = candidates.drop_nulls(contract.primary_key)
    if contract.on_duplicate == "reject":
        return whole.filter(pl.struct(group).is_duplicated())["gate.place"]
    ordered = whole.filter(~pl.col("gate.broken")).sort("_position", "gate.place", nulls_last=False)
    return ordered.filter(~pl.struct(group).is_last_distinct())["gate.place"]
