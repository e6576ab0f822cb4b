"""The lake's tables for a comparison: gold as its committed snapshot has it, silver as it stands, read by Polars."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lake.gold.snapshot import latest_snapshot
from lake.tables.delta import LakeTable, reading
from pipeline.workspace import Workspace
from warehouse.exports import Days, Export
from warehouse.kinds import decimal

if TYPE_CHECKING:
    import polars as pl


class LakeReader:
    """One layer of a lake. Only tables with a contract are known; their folders say nothing more."""

    def __init__(self, workspace: Workspace, layer: str) -> None:
        self._workspace = workspace
        self._layer = layer

    def tables(self) -> list[str]:
        """See ``sides.Reader.tables``."""
        contracts = self._workspace.contracts.values()
        named = (contract.table for contract in contracts if contract.layer == self._layer)
        return [name for name in named if self._workspace.table(name).exists()]

    def export(self, table: str, to: Path, days: Days | None) -> Export:
        """See ``sides.Reader.export``; streamed, so that memory is that of a few batches."""
        found, rows = self._rows(table)
        schema = rows.collect_schema()
        names = [name for name in schema.names() if not name.startswith("_")]
        if days is not None and days.column in names:
            rows = rows.filter(_on(days, schema[days.column]))
        with reading(found.url):
            rows.select(names).sink_parquet(to)
        return Export({name: _kind(schema[name]) for name in names}, to)

    def days(self, table: str, column: str) -> tuple[date, date] | None:
        """The first and the last UTC day in a column of dates or timestamps; None for no row."""
        import polars as pl

        found, rows = self._rows(table)
        day = pl.col(column).cast(pl.Date)
        with reading(found.url):
            first, last = rows.select(first=day.min(), last=day.max()).collect().row(0)
        return None if first is None else (first, last)

    def _rows(self, name: str) -> tuple[LakeTable, pl.LazyFrame]:
        from lake.merge import current

        table, contract = self._workspace.table(name), self._workspace.contracts[name]
        rows = table.scan(self._versions.get(name))
        return table, current(rows, contract) if contract.history and self._layer == "silver" else rows

    @cached_property
    def _versions(self) -> dict[str, int]:
        """Gold's tables belong together in the versions of a snapshot; without one, and in silver: the newest."""
        snapshot = latest_snapshot(self._workspace.objects) if self._layer == "gold" else None
        return dict(snapshot.tables) if snapshot else {}


def _on(days: Days, dtype: pl.DataType) -> pl.Expr:
    import polars as pl

    column = pl.col(days.column)
    if dtype == pl.Date:
        return column.is_between(pl.lit(days.first), pl.lit(days.last))
    begin, end = days.begin, days.end
    if getattr(dtype, "time_zone", None) is None:
        begin, end = begin.replace(tzinfo=None), end.replace(tzinfo=None)
    return (column >= pl.lit(begin)) & (column < pl.lit(end))


def _kind(dtype: pl.DataType) -> str:
    """The words of ``warehouse.kinds`` for a type of Polars."""
    import polars as pl

    if isinstance(dtype, pl.Decimal):
        return decimal(dtype.precision or 38, dtype.scale)
    if isinstance(dtype, pl.Datetime):
        return "timestamp" if dtype.time_zone else "timestamp without zone"
    if dtype.is_integer():
        return "integer"
    words = {pl.String: "text", pl.Float64: "float", pl.Float32: "float32", pl.Boolean: "boolean", pl.Date: "date"}
    return next((word for known, word in words.items() if dtype == known), str(dtype).lower())
