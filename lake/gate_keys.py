"""Keys that stand more than once within one load. Part of the gate.

Keys are hashed to 64 bits, the hashes sorted, neighbours compared: equal neighbours make candidates, and only
candidates are compared by their values, so a collision of hashes costs a little time and never a row.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import xor

import polars as pl

from lake.contract.model import OnDuplicate


def hash_of(columns: Sequence[str]) -> pl.Expr:
    """The columns as one 64-bit hash."""
    return reduce(xor, [pl.col(name).hash(seed) for seed, name in enumerate(columns, start=1)])


def repeated(hashes: pl.Series) -> pl.Series:
    """The hashes that stand more than once."""
    ordered = hashes.sort()
    return ordered.filter(ordered == ordered.shift(1)).unique()


def losers(candidates: pl.DataFrame, key: Sequence[str], policy: OnDuplicate) -> pl.Series:
    """The places (column ``gate.place``) of rows that lose by their key. ``candidates`` has the key, ``_payload``,
    ``_position``, ``gate.place`` (unique, ascending in order of arrival) and ``gate.broken``.

    ``reject``: every row of a key that stands twice in a load loses. ``latest``: of the rows that broke no rule the one
    with the last position stays, so a broken correction does not take the good row before it along.
    """
    group = [*key, "_payload"]
    whole = candidates.drop_nulls(group[:-1])
    if policy == "reject":
        return whole.filter(pl.struct(group).is_duplicated())["gate.place"]
    ordered = whole.filter(~pl.col("gate.broken")).sort("_position", "gate.place", nulls_last=False)
    return ordered.filter(~pl.struct(group).is_last_distinct())["gate.place"]
