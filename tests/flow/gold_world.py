"""A lake with silver tables written by hand, for the tests of the gold build."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from lake import layout
from lake.compare import Difference, differences
from lake.contract.load import load_contracts
from lake.contract.types import arrow_schema, polars_schema
from lake.engines import Engine, engine
from lake.gold import GoldResult, build
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable
from lake.transforms import Transformation, discover

Key = tuple[str, datetime]
Values = dict[str, float | None]
GOLD = sorted(discover())


class GoldWorld:
    """One lake. ``observed`` and ``places`` are what silver shall hold; ``write`` brings the tables to it."""

    def __init__(self, folder: Path) -> None:
        self.objects = Objects(str(folder))
        self.contracts = load_contracts()
        self.transformations: dict[str, Transformation] = discover()
        self.observed: dict[Key, Values] = {}
        self.places: dict[str, dict[str, Any]] = {}
        self._written: dict[Key, Values] = {}
        self._places_written: dict[str, dict[str, Any]] = {}

    def table(self, name: str) -> LakeTable:
        return LakeTable(self.objects, layout.table(self.contracts[name].layer, name))

    def add(self, place: str, first: datetime, hours: int = 1, **values: float | None) -> None:
        for hour in range(hours):
            self.observed[place, first + timedelta(hours=hour)] = {"temperature_c": float(hour % 24), **values}

    def arrive(self, *places: str, **attributes: Any) -> None:
        for place in places:
            self.places[place] = {
                "location_name": place.upper(),
                "latitude": 40.0,
                "longitude": -73.0,
                "time_zone": "America/New_York",
                **attributes,
            }

    def write(self) -> None:
        """Bring silver to what it shall hold: changed months only, no commit where nothing changed."""
        if self.places != self._places_written or not self.table("weather_locations").exists():
            rows = [{"location_id": name, **values} for name, values in self.places.items()]
            self._replace("weather_locations", rows, None)
            self._places_written = {name: dict(values) for name, values in self.places.items()}
        keys = self.observed.keys() | self._written.keys()
        changed = {at.date().replace(day=1) for place, at in keys if self._differs((place, at))}
        if not self.table("weather_observations").exists():
            self._replace("weather_observations", self._rows(None), None)
        elif changed:
            self._replace("weather_observations", self._rows(changed), changed)
        self._written = {key: dict(values) for key, values in self.observed.items()}

    def build(self, engine_name: str | Engine = "polars", **options: Any) -> GoldResult:
        made = engine(engine_name) if isinstance(engine_name, str) else engine_name
        return build(self.objects, self.contracts, self.transformations, made, **options)

    def rows(self, name: str, version: int | None = None) -> pl.DataFrame:
        return self.table(name).scan(version).collect()

    def unequal(self, other: GoldWorld) -> Mapping[str, list[Difference]]:
        """What differs from another lake, per gold table; nothing where all are equal."""
        found = {name: differences(self.rows(name), other.rows(name), self.contracts[name], limit=5) for name in GOLD}
        return {name: rows for name, rows in found.items() if rows}

    def afresh(self, folder: Path) -> GoldWorld:
        """The same silver in a new lake, built in full."""
        other = GoldWorld(folder)
        other.observed, other.places = dict(self.observed), dict(self.places)
        other.write()
        other.build()
        return other

    def _differs(self, key: Key) -> bool:
        return self.observed.get(key) != self._written.get(key)

    def _rows(self, months: set[date] | None) -> list[dict[str, Any]]:
        return [
            {"location_id": place, "observed_at": at, **values}
            for (place, at), values in sorted(self.observed.items())
            if months is None or at.date().replace(day=1) in months
        ]

    def _replace(self, name: str, rows: list[dict[str, Any]], partitions: set[date] | None) -> None:
        contract = self.contracts[name]
        schema = polars_schema(contract)
        frame = pl.DataFrame([{column: row.get(column) for column in schema} for row in rows], schema=schema)
        self.table(name).replace(
            frame, arrow_schema(contract), partition=contract.partition, partitions=partitions, site="silver.table"
        )


def at(text: str) -> datetime:
    """``2013-07-04`` or ``2013-07-04 12:00`` as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def two_places(folder: Path) -> GoldWorld:
    """jfk over two months, lga over three days; not built yet."""
    made = GoldWorld(folder)
    made.arrive("jfk", "lga")
    made.add("jfk", at("2013-06-28"), hours=24 * 6, precipitation_mm=0.2)
    made.add("lga", at("2013-07-01"), hours=24 * 3)
    made.write()
    return made
