"""Rows as received into a DuckDB table with dlt, the part of the work that dlt does: a rival in benchmarks/gold.py.

Types by its schema contract, one row per key by its merge; dlt has neither rules on values nor a quarantine, and what
comes after is no business of its. Runs in .venvs/rivals (benchmarks/requirements-rivals.txt); imports nothing of
Mirrorlake.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gold_duckdb

NAMES = ["location_id", "observed_at", *gold_duckdb.MEASURES]
KEY = ["location_id", "observed_at"]
DATABASE = "dlt.duckdb"
TABLE = "weather.observations"
ROWS_PER_BATCH = 100_000


def run(source: list[Path], folder: Path, *, arrow: bool) -> dict[str, int]:
    """Load into ``folder``/dlt.duckdb, as Python rows or as Arrow tables; returns the counts."""
    # Neither a report to its makers nor settings of the one who measures.
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR", "DLT_DATA_DIR": str(folder)}
    import dlt
    import duckdb

    columns: dict[str, Any] = {name: {"data_type": "double"} for name in gold_duckdb.MEASURES}
    columns["location_id"] = {"data_type": "text", "nullable": False}
    columns["observed_at"] = {"data_type": "timestamp", "nullable": False}
    columns["place"] = {"data_type": "bigint", "nullable": False, "dedup_sort": "desc"}  # the last row of a key stays
    rows = dlt.resource(
        _batches(source, arrow=arrow),
        name="observations",
        columns=columns,
        primary_key=KEY,
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        schema_contract={"tables": "evolve", "columns": "freeze", "data_type": "freeze"},
    )
    pipeline = dlt.pipeline(
        "gold",
        destination=dlt.destinations.duckdb(str(folder / DATABASE)),
        dataset_name="weather",
        pipelines_dir=str(folder / "pipelines"),
    )
    pipeline.run(rows, loader_file_format="parquet").raise_on_failed_jobs()
    with duckdb.connect(str(folder / DATABASE), read_only=True) as con:
        loaded = con.execute(f"SELECT count(*) FROM {TABLE}").fetchall()[0][0]
    return {"loaded": loaded}


def _batches(source: list[Path], *, arrow: bool) -> Iterator[Any]:
    """Batches with the contract's names and the place of each row; as Arrow, with the hours parsed, or as dicts."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    place = 0
    for path in source:
        for batch in pq.ParquetFile(path).iter_batches(ROWS_PER_BATCH):
            places = pa.array(range(place, place + len(batch)), pa.int64())
            place += len(batch)
            columns = dict(zip(NAMES, batch.columns, strict=True))
            if arrow:
                hours = pc.strptime(columns["observed_at"].cast(pa.string()), format="%Y-%m-%dT%H:%M", unit="us")
                columns["observed_at"] = pc.assume_timezone(hours, "UTC")
            named = pa.table(columns | {"place": places})
            yield named if arrow else named.to_pylist()
