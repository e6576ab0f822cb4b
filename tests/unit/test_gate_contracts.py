"""The gate with the contracts that are shipped: their sample rows, and the real weather of 2013."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from lake.contract.load import load_contract, load_contracts
from lake.contract.model import Contract
from lake.contract.samples import broken, sample
from lake.errors import ContractError
from lake.gate import gate
from lake.gate.adopt import adoption_patch
from lake.raw import series

CONTRACTS = load_contracts()
ARCHIVE = Path(__file__).parents[2] / "samples" / "openmeteo" / "archive"
OUTLIER = ("ewr", "2013-02-12T08:00")  # 1048 miles an hour in NOAA's own data


def as_raw(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """Typed sample rows as a source would bring them: named as in the payload, in one load."""
    named = frame.rename({one.name: one.source_field for one in contract.columns if one.source_field})
    return named.with_columns(
        pl.lit(date(2013, 7, 4)).alias("_run_date"),
        pl.lit(1, pl.Int64).alias("_load"),
        pl.lit("load=1").alias("_payload"),
        pl.int_range(pl.len()).alias("_position"),
    )


@pytest.mark.parametrize("table", CONTRACTS)
def test_good_sample_rows_pass(table: str) -> None:
    contract = CONTRACTS[table]
    rows = sample(contract, 50, seed=7)
    gated = gate(contract, as_raw(contract, rows))
    assert gated.rejected["reasons"].to_list() == []
    assert gated.valid.select(contract.column_names).equals(rows)


@pytest.mark.parametrize("table", CONTRACTS)
def test_bad_sample_rows_break_their_rule(table: str) -> None:
    contract = CONTRACTS[table]
    for rule, rows in broken(contract, seed=7, rows=3):
        everything = [payload for payload in ("load=1",) if rule != "key"]
        gated = gate(contract, as_raw(contract, rows), accept=everything)
        found = dict(gated.counts.group_by("rule").agg(pl.col("rows").sum()).rows())
        assert found[rule] == rows.height - (rule == "key"), (rule, found)
        assert gated.valid.height + gated.rejected.height + gated.duplicates == rows.height


def weather(paths: list[Path]) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """The recorded hours of payloads as one raw frame and as plain rows."""
    rows = []
    for path in paths:
        hourly = json.loads(path.read_bytes())["hourly"]
        payload = f"{path.parent.name}/{path.stem}"
        for position in range(len(hourly["time"])):
            row = {name: values[position] for name, values in hourly.items()}
            rows.append({**row, "location_id": path.parent.name, "_payload": payload, "_position": position})
    names = [name for name in rows[0] if not name.startswith("_")]
    frame = pl.DataFrame(
        [
            *(series(name, [row[name] for row in rows]) for name in names),
            pl.Series("_run_date", [date.fromisoformat(row["_payload"][-10:]) for row in rows]),
            pl.Series("_load", [1] * len(rows)),
            *(pl.Series(name, [row[name] for row in rows]) for name in ("_payload", "_position")),
        ]
    )
    return frame, rows


def test_the_real_year_passes_but_for_its_one_true_outlier() -> None:
    frame, rows = weather(sorted(ARCHIVE.glob("*/2013-*.json")))
    gated = gate(CONTRACTS["weather_observations"], frame)
    assert gated.rows_in == len(rows) > 26_000
    assert gated.rejected["rules"].to_list() == [["wind_speed_kmh.maximum"]]
    lost = json.loads(gated.rejected["row"][0])
    assert (lost["location_id"], lost["time"]) == OUTLIER
    kept = [row for row in rows if (row["location_id"], row["time"]) != OUTLIER]
    assert gated.valid["temperature_c"].to_list() == [row["temperature_2m"] for row in kept]
    times = gated.valid["observed_at"].dt.strftime("%Y-%m-%dT%H:%M").to_list()
    assert times == [row["time"] for row in kept]
    assert gated.duplicates == 0
    assert gated.unknown_columns == {}


def test_a_new_field_of_the_source_is_kept_and_its_adoption_prepared(tmp_path: Path) -> None:
    contract = CONTRACTS["weather_observations"]
    frame, _ = weather(sorted(ARCHIVE.glob("jfk/2013-07-0[1-3].json")))
    gated = gate(contract, frame.with_columns(pl.lit(3.5).alias("uv_index")))
    assert gated.valid["_extra"].unique().to_list() == ['{"uv_index":3.5}']
    patch = adoption_patch(contract, gated.unknown_columns)
    before, after = Path(contract.path).read_text().split("    quality:\n", 1)
    path = tmp_path / "weather_observations.odcs.yaml"
    path.write_text(f"{before}{patch}    quality:\n{after}")
    with pytest.raises(ContractError, match="choose one of: boolean, date, integer"):
        load_contract(path)
    path.write_text(path.read_text().replace("CHOOSE boolean, date, integer, number, string or timestamp", "number"))
    adopted = gate(load_contract(path), frame.with_columns(pl.lit(3.5).alias("uv_index")))
    assert adopted.valid["uv_index"].unique().to_list() == [3.5]
