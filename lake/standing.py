"""How a rejected row stands today: open, or resolved because its key came again and was good. Derived, never stored.

Helper columns have a dot in their names, which no column of a contract has.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from lake import layout, ledger
from lake.contract.model import Contract
from lake.ledger import Ledger, LoadRecord
from lake.merge import ARRIVAL, current, empty
from lake.raw import series
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable, reading


def with_state(objects: Objects, contract: Contract, rejected: pl.DataFrame) -> pl.DataFrame:
    """``rejected`` (see ``lake.quarantine.rows``) with the column ``state``: ``open`` or ``resolved``.

    Resolved is a row whose key silver has from a later arrival, or whose slice came again, said what silver had
    already, and did not lose the key again. Where the key itself could not be read, only a later load of the slice
    without any rejected row resolves.
    """
    key = list(contract.primary_key)
    slice_of = pl.col("_payload").str.replace(r"/load=\d+$", "").alias("row.slice")
    rows = pl.concat([rejected.select(ARRIVAL), keys_of(contract, rejected)], how="horizontal").with_columns(slice_of)
    rows = rows.with_row_index("row.place").join(
        _reloads(ledger.read(objects, contract.table)), on="row.slice", how="left"
    )
    rows = rows.join(_stored(objects, contract), on=key, how="left").sort("row.place")
    known = ~pl.any_horizontal(pl.col(name).is_null() for name in key)
    reloaded = pl.col("newest.load") > pl.col("_load")
    lost_again = pl.col("_load").max().over("row.slice", *key) == pl.col("newest.load")
    restated = pl.col("newest.restates") & pl.col("stored._payload").is_not_null() & ~lost_again
    later = _later([f"stored.{name}" for name in ARRIVAL], list(ARRIVAL))
    resolved = (known & (later | (reloaded & restated))) | (~known & reloaded & (pl.col("newest.rejected") == 0))
    state = pl.when(resolved).then(pl.lit("resolved")).otherwise(pl.lit("open"))
    return rejected.with_columns(rows.select(state=state).to_series())


def keys_of(contract: Contract, rejected: pl.DataFrame) -> pl.DataFrame:
    """The primary key of each rejected row, typed by the gate itself; null throughout where it cannot be taken."""
    from lake.gate import gate

    key = set(contract.primary_key)
    columns = tuple(column for column in contract.columns if column.name in key)
    only_key = replace(
        contract,
        columns=columns,
        rules=tuple(rule for rule in contract.rules if set(rule.columns) <= key and rule.kind in ("required", "type")),
        version_column=None,
        references=(),
        partition=None,
        evolution="evolve",
        rejection_threshold=1.0,
        min_rows=None,
        _by_name={},
    )
    documents = [_document(text) for text in rejected["row"]]
    fields = [column.source_field or column.name for column in columns]
    raw = pl.DataFrame(
        [
            *(series(name, [document.get(name) for document in documents]) for name in fields),
            rejected["_run_date"],
            rejected["_load"],
            pl.int_range(rejected.height, eager=True).cast(pl.String).alias("_payload"),  # one load each: none doubled
            rejected["_position"],
        ]
    )
    typed = gate(only_key, raw).valid.select(
        pl.col("_payload").cast(pl.Int64).alias("row.place"), *contract.primary_key
    )
    places = pl.int_range(rejected.height, eager=True).alias("row.place").to_frame()
    return places.join(typed, on="row.place", how="left").sort("row.place").drop("row.place")


def _document(text: str) -> Mapping[str, object]:
    found = json.loads(text)
    return found if isinstance(found, dict) else {}


def _stored(objects: Objects, contract: Contract) -> pl.DataFrame:
    """The key of each row of silver and where it arrived from, as ``stored.…``."""
    table = LakeTable(objects, layout.table("silver", contract.table))
    rows = table.scan() if table.exists() else empty(contract).lazy()
    origin = (pl.col(name).alias(f"stored.{name}") for name in ARRIVAL)
    with reading(table.url):
        return current(rows, contract).select(*contract.primary_key, *origin).collect()


def _reloads(known: Ledger | None) -> pl.DataFrame:
    """Per slice its newest merged load, how many rows that lost, and whether it restates rows of silver."""
    newest: dict[str, tuple[int, LoadRecord]] = {}
    for load, record in (known.loads if known else {}).items():
        place, _, number = load.rpartition("/load=")
        if record.status == "merged" and (place not in newest or newest[place][0] < int(number)):
            newest[place] = int(number), record
    return pl.DataFrame(
        [(place, number, record.rejected, record.restates) for place, (number, record) in newest.items()],
        schema={
            "row.slice": pl.String,
            "newest.load": pl.Int64,
            "newest.rejected": pl.Int64,
            "newest.restates": pl.Boolean,
        },
        orient="row",
    )


def _later(left: list[str], right: list[str]) -> pl.Expr:
    """Whether the columns ``left`` are greater than ``right``, compared one after the other; false where null."""
    greater, equal = pl.lit(False), pl.lit(True)
    for one, other in zip(left, right, strict=True):
        greater = greater | (equal & (pl.col(one) > pl.col(other)))
        equal = equal & (pl.col(one) == pl.col(other))
    return greater.fill_null(False)
