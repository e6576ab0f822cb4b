"""A lake with one silver table of readings, its bronze written for real, and what silver shall hold by plain Python."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from lake import layout
from lake.bronze import Bronze, LoadRef, StoredLoad
from lake.contract.model import Column, Contract, Partition, Reference, Type
from lake.contract.rules import column_rules
from lake.merge import empty
from lake.raw import series
from lake.silver import SilverResult, update
from lake.storage.objects import Objects
from lake.tables.delta import PARTITION_COLUMN, LakeTable

START = datetime(2013, 1, 30, tzinfo=UTC)
FETCHED = datetime(2013, 8, 1, 12, tzinfo=UTC)
LIMIT = 100.0  # values above are rejected
Row = dict[str, Any]


def contract(table: str = "readings", *columns: Column, key: Sequence[str] = ("place", "at"), **more: Any) -> Contract:
    """place, at, value (at most 100), revision; partitioned by month of ``at``."""
    own = (
        Column("place", Type("string"), "where", required=True),
        Column("at", Type("timestamp"), "when", required=True, source_field="time"),
        Column("value", Type("float"), "how much", maximum=LIMIT),
        Column("revision", Type("integer"), "which version"),
        *columns,
    )
    told: dict[str, Any] = {
        "partition": Partition("at", "month"),
        "datasets": (("meter", "readings"),),
        "digest": f"{table} 1 {more}",
        "rejection_threshold": 0.5,
        "domain": "meters",
    }
    told.update(more)
    return Contract(table, "silver", "1.0.0", "readings", "meters", own, tuple(key), column_rules(own), **told)


def places_contract() -> Contract:
    """The parents of readings."""
    own = (Column("place", Type("string"), "where", required=True),)
    datasets = (("meter", "places"),)
    return Contract(
        "places",
        "silver",
        "1.0.0",
        "places",
        "meters",
        own,
        ("place",),
        column_rules(own),
        datasets=datasets,
        digest="p",
    )


def reference() -> tuple[Reference, ...]:
    return (Reference(("place",), "places", ("place",)),)


def row(place: str, hour: int, value: object, revision: int | None = None, **more: object) -> Row:
    at = START + timedelta(hours=hour)
    return {"place": place, "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "value": value, "revision": revision, **more}


def parse(loads: Sequence[StoredLoad]) -> tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]:
    """Pages are JSON lists of rows; a page that is none refuses its load. The dataset names the table."""
    rows: dict[str, list[tuple[Row, StoredLoad, int]]] = {}
    refused = {}
    for load in loads:
        try:
            found = [each for page in load.pages for each in orjson.loads(page)]
        except orjson.JSONDecodeError as error:
            refused[load.load] = f"no JSON: {error}"
            continue
        rows.setdefault(load.request.dataset, []).extend((each, load, n) for n, each in enumerate(found))
    return {dataset: _frame(found) for dataset, found in rows.items()}, refused


def _frame(rows: Sequence[tuple[Row, StoredLoad, int]]) -> pl.DataFrame:
    names = dict.fromkeys(name for each, _, _ in rows for name in each)
    return pl.DataFrame(
        [
            *(series(name, [each.get(name) for each, _, _ in rows]) for name in names),
            pl.Series("_run_date", [load.request.run_date for _, load, _ in rows], pl.Date),
            pl.Series("_load", [load.number for _, load, _ in rows], pl.Int64),
            pl.Series("_payload", [load.load for _, load, _ in rows], pl.String),
            pl.Series("_position", [position for _, _, position in rows], pl.Int64),
        ]
    )


@dataclass
class SilverWorld:
    """One lake. ``receive`` puts loads into bronze, ``update`` takes them into silver."""

    folder: Path
    contract: Contract = field(default_factory=contract)
    objects: Objects = field(init=False)
    bronze: Bronze = field(init=False)

    def __post_init__(self) -> None:
        self.objects = Objects(str(self.folder))
        self.bronze = Bronze(self.objects)

    @property
    def table(self) -> LakeTable:
        return LakeTable(self.objects, layout.table("silver", self.contract.table))

    def receive(
        self, rows: Sequence[Row] | bytes, day: int = 0, slice_key: str = "all", dataset: str = "readings"
    ) -> LoadRef:
        """One more load of a slice; the last one of equal bytes if there is one."""
        body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        run_date = date(2013, 7, 1) + timedelta(days=day)
        written = self.bronze.write(
            "meter",
            dataset,
            run_date,
            slice_key,
            [body],
            attributes={},
            url="file:meter",
            fetched_at=FETCHED + timedelta(days=day),
            origin="recorded",
            records=0 if isinstance(rows, bytes) else len(rows),
        )
        return next(ref for ref in self.loads(dataset) if ref.load == written.load)

    def loads(self, dataset: str = "readings") -> list[LoadRef]:
        return self.bronze.loads("meter", dataset)

    def update(self, loads: Sequence[LoadRef] | None = None, **how: Any) -> SilverResult:
        own = [ref for pair in self.contract.datasets for ref in self.bronze.loads(*pair)]
        return update(
            self.objects, self.contract, Bronze(self.objects), parse, loads=own if loads is None else loads, **how
        )

    def rows(self) -> pl.DataFrame:
        """Every row of silver with its metadata; none where there is no table."""
        return self.table.read().drop(PARTITION_COLUMN, strict=False) if self.table.exists() else empty(self.contract)

    def content(self) -> list[tuple[Any, ...]]:
        """What equality means: the contract's columns and ``_extra``, by key."""
        if not self.table.exists():
            return []
        shown = [*self.contract.column_names, "_extra"]
        return sorted(self.table.read().select(shown).rows(), key=repr)


def expected(
    contract: Contract, loads: Collection[tuple[LoadRef, Sequence[Row]]], *, versioned: bool = False
) -> list[tuple[Any, ...]]:
    """What silver shall hold of these loads, by plain Python: accepted loads, good rows, the newest per key."""
    best: dict[tuple[Any, ...], tuple[tuple[Any, ...], tuple[Any, ...]]] = {}
    for ref, rows in loads:
        good = [(position, each) for position, each in enumerate(rows) if (each["value"] or 0) <= LIMIT]
        if len(rows) - len(good) > contract.rejection_threshold * len(rows):
            continue
        for position, each in good:
            at = datetime.fromisoformat(each["time"])
            values = (each["place"], at, each["value"], each["revision"], None)
            key = tuple(values[contract.column_names.index(name)] for name in contract.primary_key)
            revision = (-1 if each["revision"] is None else each["revision"]) if versioned else 0
            order = (revision, ref.run_date, ref.number, ref.load, position)
            if key not in best or best[key][0] < order:
                best[key] = order, values
    return sorted((values for _, values in best.values()), key=repr)


def values(world: SilverWorld) -> dict[tuple[str, int], float | None]:
    return {(place, int((at - START).total_seconds() // 3600)): value for place, at, value, *_ in world.content()}
