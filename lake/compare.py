"""Whether two tables are equal, by the rules of equality that hold everywhere.

Floats are equal when |a - b| <= 10**-p, p from the contract (``Column.decimals``); all else is compared exactly, null
equals only null. Rows are matched by the contract's primary key, in any order. Columns that begin with ``_`` are
metadata and outside equality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from lake.contract.model import Column, Contract

Kind = Literal["column", "type", "doubled", "only_left", "only_right", "value"]


@dataclass(frozen=True)
class Difference:
    """One difference: of which kind, at which key, in which column, and both values."""

    kind: Kind
    key: tuple[object, ...] = ()
    column: str | None = None
    left: object = None
    right: object = None

    def __str__(self) -> str:
        place = f"{self.kind} at {', '.join(map(str, self.key))}" if self.key else self.kind
        return f"{place} {self.column or ''}: {self.left!r} <> {self.right!r}"


def differences(left: pl.DataFrame, right: pl.DataFrame, contract: Contract, *, limit: int = 1000) -> list[Difference]:
    """At most ``limit`` differences between two tables of one contract; an empty list says that they are equal."""
    found = [*_columns(left, right, contract)]
    if found:
        return found[:limit]
    key = list(contract.primary_key)
    found += [*_doubled(left, key, limit), *_doubled(right, key, limit)]
    # Nulls in a key match each other here: whether a key may be null is the gate's business.
    for kind, one, other in (("only_left", left, right), ("only_right", right, left)):
        missing = one.join(other, on=key, how="anti", nulls_equal=True).select(key).unique().head(limit)
        found += [Difference(kind, row) for row in missing.rows()]  # type: ignore[arg-type]
    both = left.join(right, on=key, how="inner", nulls_equal=True, suffix=":right")
    for column in contract.columns:
        if column.name not in key:
            found += _values(both, column, key, limit)
    return found[:limit]


def _columns(left: pl.DataFrame, right: pl.DataFrame, contract: Contract) -> list[Difference]:
    """Columns that are not on both sides, or of different types."""
    found = []
    names = {*contract.column_names, *left.columns, *right.columns}
    for name in sorted(name for name in names if not name.startswith("_")):
        one, other = left.schema.get(name), right.schema.get(name)
        if one is None or other is None:
            found.append(Difference("column", (), name, str(one), str(other)))
        elif one != other:
            found.append(Difference("type", (), name, str(one), str(other)))
    return found


def _doubled(frame: pl.DataFrame, key: list[str], limit: int) -> list[Difference]:
    """Keys that stand more than once in one table: matching by key would hide them."""
    counted = frame.group_by(key).len("_rows").filter(pl.col("_rows") > 1).head(limit)
    return [Difference("doubled", row[:-1], None, row[-1]) for row in counted.rows()]


def _values(both: pl.DataFrame, column: Column, key: list[str], limit: int) -> list[Difference]:
    one, other = pl.col(column.name), pl.col(f"{column.name}:right")
    equal = one.eq_missing(other)
    if column.type.kind == "float":
        near = (one - other).abs() <= 10.0**-column.decimals
        equal = equal | near.fill_null(value=False)
    unequal = both.filter(~equal).select(*key, column.name, f"{column.name}:right").head(limit)
    return [Difference("value", row[:-2], column.name, row[-2], row[-1]) for row in unequal.rows()]
