"""Small contracts, and tables on disk as engines read them, for the tests of engines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa

from lake.contract.model import Column, Contract, Layer, Partition, Reference, Type
from lake.engines import Days, Input, engine
from lake.transforms import Transformation

KINDS = {
    "string": pl.String(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
}


def contract(
    table: str,
    key: str,
    columns: str,
    *,
    layer: Layer = "gold",
    references: tuple[Reference, ...] = (),
    partition: Partition | None = None,
    window_days: int | None = None,
) -> Contract:
    """A contract from words: ``contract("t", "a b", "a:string b:timestamp c:float d:decimal(10,2)")``."""
    made = []
    for word in columns.split():
        name, _, kind = word.partition(":")
        if kind.startswith("decimal"):
            precision, scale = kind.removeprefix("decimal(").removesuffix(")").split(",")
            made.append(Column(name, Type("decimal", int(precision), int(scale)), name))
        else:
            made.append(Column(name, Type(kind), name, required=name in key.split()))  # type: ignore[arg-type]
    return Contract(
        table=table,
        layer=layer,
        version="1.0.0",
        description=table,
        owner="tests",
        columns=tuple(made),
        primary_key=tuple(key.split()),
        rules=(),
        references=references,
        partition=partition,
        window_days=window_days,
        digest=f"{table} {columns} {window_days} {partition}",
    )


def frame_of(made: Contract, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows as a frame of the contract's types."""
    schema = {
        column.name: pl.Decimal(column.type.precision, column.type.scale or 0)
        if column.type.kind == "decimal"
        else KINDS[column.type.kind]
        for column in made.columns
    }
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def given(
    made: Contract, frame: pl.DataFrame, folder: Path, where: tuple[str, date, date] | None = None, files: int = 2
) -> Input:
    """The frame as an input: written to ``files`` Parquet files (none where there are no rows)."""
    size = -(-frame.height // files) or 1
    paths = []
    for number, part in enumerate(frame.iter_slices(size)):
        path = folder / f"{made.table}-{number}.parquet"
        part.write_parquet(path)
        paths.append(str(path))
    return Input(made, lambda: pl.scan_parquet(paths) if paths else frame.lazy(), paths, where)


def spans_of(transformation: Transformation, frames: Mapping[str, pl.DataFrame]) -> dict[str, pa.Table]:
    """First and last day per key of each spine that the transformation asks for, of rows whose place is known."""
    spans = {}
    for name, spine in transformation.spines.items():
        known = frames[spine.table]
        if "weather_locations" in frames:
            known = known.join(frames["weather_locations"], on="location_id", how="semi")
        days = pl.col(spine.at).dt.date()
        spans[name] = known.group_by(spine.by).agg(first_day=days.min(), last_day=days.max()).to_arrow()
    return spans


def run(
    engine_name: str,
    transformation: Transformation,
    inputs: Mapping[str, Input],
    made: Contract,
    frames: Mapping[str, pl.DataFrame],
    keep: list[Days] | None = None,
) -> pl.DataFrame:
    """What an engine gives, read to the end."""
    reader = engine(engine_name).run(transformation, inputs, made, spans_of(transformation, frames), keep)
    frame = pl.from_arrow(reader.read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame
