"""The contract against the real year that is recorded in samples/: only the one true outlier breaks an error rule."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from lake.contract.load import load_contracts
from lake.contract.polars_rules import verdicts
from lake.contract.types import polars_schema

CONTRACT = load_contracts()["weather_observations"]
ARCHIVE = Path(__file__).resolve().parents[2] / "samples" / "openmeteo" / "archive"


def recorded() -> pl.DataFrame:
    """Every recorded hour, columns as the contract names them."""
    fields = {column.source_field or column.name: column for column in CONTRACT.columns}
    frames = []
    for path in sorted(ARCHIVE.glob("*/*.json")):
        hourly = json.loads(path.read_text())["hourly"]
        columns = {fields[name].name: values for name, values in hourly.items() if name in fields}
        frames.append(pl.DataFrame({"location_id": path.parent.name, **columns}, infer_schema_length=None))
    rows = pl.concat(frames, how="vertical_relaxed")
    return rows.with_columns(
        pl.col("observed_at").str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", time_zone="UTC")
    ).select(pl.col(name).cast(kind) for name, kind in polars_schema(CONTRACT).items())


def test_only_the_outlier_of_newark_breaks_a_rule() -> None:
    rows = recorded()
    assert len(rows) == 26_115
    marks = verdicts(CONTRACT, rows)
    assert {name: int(marks[name].sum()) for name in marks.columns if marks[name].any()} == {
        "wind_speed_kmh.maximum": 1
    }
    (outlier,) = rows.filter(marks["wind_speed_kmh.maximum"]).to_dicts()
    assert (outlier["location_id"], str(outlier["observed_at"])) == ("ewr", "2013-02-12 08:00:00+00:00")
    assert outlier["wind_speed_kmh"] > 1600
