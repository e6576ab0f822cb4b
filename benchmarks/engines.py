"""Gold by each engine: the platform's own build, from a silver table in Delta to six gold tables in Delta.

    python benchmarks/engines.py --write                       # 1 and 10 million hours
    python benchmarks/engines.py --rows 100000000 --only duckdb spark --write

Each engine builds in a process of its own, on a lake that is made once per size; its tables are compared with those of
the first engine by count at every size, and value by value at a million. Spark's session is started before the
clock, its Java machine compiles as it does by default. A figure that is there already stays: results add up in
benchmarks/results/engines.json, from which the section is written.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import gold

if TYPE_CHECKING:
    import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
RESULT = Path(__file__).parent / "results" / "engines.md"
FIGURES = RESULT.with_suffix(".json")
ENGINES = ("polars", "duckdb", "spark")
NAMES = {"polars": "Polars", "duckdb": "DuckDB", "spark": "Spark, local[2]"}
SPARK_MEMORY = "6g"
COMPARED = 1_000_000  # rows up to which both results fit into memory side by side


def make_lake(folder: Path, rows: int) -> None:
    """Silver of ``rows`` hours in a folder: the observations and their places."""
    import polars as pl

    from lake import layout
    from lake.contract.load import load_contracts
    from lake.contract.types import arrow_schema, polars_schema
    from lake.storage.objects import Objects
    from lake.tables.delta import LakeTable

    contracts, objects = load_contracts(), Objects(str(folder / "lake"))

    def put(name: str, data: pa.RecordBatchReader | pl.DataFrame) -> None:
        contract = contracts[name]
        table = LakeTable(objects, layout.table("silver", name))
        table.replace(data, arrow_schema(contract), partition=contract.partition, partitions=None, site="benchmark")

    put("weather_observations", observations(folder, rows))
    places = pl.scan_parquet(folder / "raw" / "*.parquet").select(pl.col("location_id").unique().sort()).collect()
    schema = polars_schema(contracts["weather_locations"])
    made = {
        "location_name": pl.col("location_id"),
        "latitude": pl.lit(40.5),
        "longitude": pl.lit(-73.75),
        "time_zone": pl.lit("America/New_York"),
        "country_code": pl.lit("US"),
    }
    put(
        "weather_locations",
        places.with_columns(
            **made, **{name: pl.lit(None, kind) for name, kind in schema.items() if name not in {"location_id", *made}}
        )
        .select(list(schema))
        .cast(schema),  # type: ignore[arg-type]
    )
    shutil.rmtree(folder / "raw")


def observations(folder: Path, rows: int) -> pa.RecordBatchReader:
    """The rows of the gold benchmark as silver has them: typed, one per key, measures within their bounds."""
    import gold_data
    import gold_spark
    import polars as pl
    import pyarrow as pa

    from lake.contract.load import load_contracts

    contract = load_contracts()["weather_observations"]
    (folder / "raw").mkdir()
    paths = gold_data.write(folder / "raw", rows)
    measures = [
        pl.when(pl.col(field) < 900 if not field.startswith(("pressure", "visib")) else pl.lit(value=True))
        .then(pl.col(field))
        .alias(name)
        for field, name in gold_spark.FIELDS.items()
    ]
    hour = pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", time_zone="UTC")

    def batches() -> Iterator[pa.RecordBatch]:
        for path in paths:
            part = pl.read_parquet(path).select("location_id", hour.alias("observed_at"), *measures)
            typed = part.unique(["location_id", "observed_at"], keep="last").sort("location_id", "observed_at")
            missing = [name for name in contract.column_names if name not in typed.columns]
            wanted = typed.with_columns(pl.lit(None).alias(name) for name in missing).select(contract.column_names)
            yield from wanted.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()

    return pa.RecordBatchReader.from_batches(next(batches()).schema, batches())


def worker(name: str, folder: Path) -> None:
    """Build gold with one engine and print what it took as JSON."""
    from lake.contract.load import load_contracts
    from lake.engines import engine
    from lake.gold import build
    from lake.storage.objects import Objects
    from lake.transforms import discover

    settings: dict[str, Any] = {}
    if name == "spark":
        from lake.engines import spark_session
        from pipeline.jars import jars

        settings = {"master": "local[2]", "memory": SPARK_MEMORY, "quick_start": False, "folder": str(folder)}
        settings["jars"] = jars(ROOT / "data" / "jars", ROOT)
        spark_session.session(spark_session.SparkSettings(**settings))
    if name == "duckdb":
        settings = {"temp_directory": str(folder)}
    importlib.import_module("pyspark" if name == "spark" else name)
    for path in sorted(folder.rglob("silver/**/*.parquet")):
        with path.open("rb") as file:  # warm the page cache, alike for all
            while file.read(1 << 24):
                pass
    begin, cpu = time.perf_counter(), gold.cpu_seconds()
    made = build(Objects(str(folder / "lake")), load_contracts(), discover(), engine(name, **settings), run_id=name)
    seconds, cpu = time.perf_counter() - begin, gold.cpu_seconds() - cpu
    found = {table: result.rows_out for table, result in sorted(made.tables.items())}
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gib": gold.peak_gib(), "found": found}))


def measure(name: str, folder: Path) -> dict[str, Any]:
    """One build in a process of its own, on a lake without gold; its gold is then kept under the engine's name."""
    command = [sys.executable, __file__, "--worker", name, "--folder", str(folder)]
    load = os.getloadavg()[0]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    lake = folder / "lake"
    shutil.rmtree(folder / name, ignore_errors=True)
    (lake / "gold").rename(folder / name)
    shutil.rmtree(lake / "_state")
    return {**json.loads(done.stdout.splitlines()[-1]), "load": round(load, 1)}


def differing(folder: Path, first: str, other: str) -> list[str]:
    """The first differences between what two engines built."""
    from lake.compare import differences
    from lake.contract.load import load_contracts
    from lake.storage.objects import Objects
    from lake.tables.delta import LakeTable

    found = []
    for name, contract in load_contracts().items():
        if contract.layer == "gold":
            one, two = (LakeTable(Objects(str(folder / each)), name).read() for each in (first, other))
            found += [f"{other} {name}: {each}" for each in differences(one, two, contract, limit=3)]
    return found


def report(figures: dict[str, dict[str, Any]]) -> str:
    """The section of the benchmarks page."""
    lines = []
    for size, runs in sorted(figures.items(), key=lambda entry: int(entry[0])):
        least = min(run["seconds"] for run in runs.values())
        for name in (name for name in ENGINES if name in runs):
            run = runs[name]
            told = [f"{run[word]:.1f}" for word in ("seconds", "cpu")] + [f"{run['gib']:.2f}"]
            ratio = f"{run['seconds'] / least:.1f}"
            lines.append(f"| {int(size) / 1e6:g} | {NAMES[name]} | {' | '.join(told)} | {ratio} | {run['load']} |")
    same = all(len({json.dumps(run["found"]) for run in runs.values()}) == 1 for runs in figures.values())
    counts = "All engines wrote the same number of rows to every table" if same else "THE ENGINES DISAGREE"
    return f"""## Gold by engine

The platform's own build: silver in Delta (hourly observations, by month) -> six gold tables in Delta, in full. Each
engine in a process of its own, one run per size, taking turns; Spark's session is up before the clock starts.

| million hours | engine | seconds | CPU seconds | peak GiB | time / quickest | load before |
|---:|---|---:|---:|---:|---:|---:|
{chr(10).join(lines)}

{counts}; at a million they were compared value by value. Polars was not tried
with 100 million: its result does not fit into this memory.

{os.cpu_count()} cores, {platform.machine()}, one local disk. Where other work shares the cores (see the load), compare
the CPU seconds. A cluster was not measured, and no size above the last line: nothing is said about either.
Repeat: `python benchmarks/engines.py --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--only", nargs="*", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--folder", type=Path, help="where the data may lie meanwhile (default: the temporary folder)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} and {FIGURES.name}")
    parser.add_argument("--worker", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.folder)
        return
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    for rows in sorted(arguments.rows):
        with tempfile.TemporaryDirectory(prefix="mirrorlake-bench-", dir=arguments.folder) as made:
            folder = Path(made)
            make_lake(folder, rows)
            for name in arguments.only:
                figures.setdefault(str(rows), {})[name] = measure(name, folder)
                print(rows, name, figures[str(rows)][name], file=sys.stderr, flush=True)
                if rows <= COMPARED and name != arguments.only[0]:
                    found = differing(folder, arguments.only[0], name)
                    if found:
                        sys.exit("\n".join(found))
                if name != arguments.only[0]:
                    shutil.rmtree(folder / name)
                if arguments.write:
                    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
                    RESULT.write_text(report(figures))
    print(report(figures))


if __name__ == "__main__":
    main()
