"""How quick the gate is, beside a hand-written DuckDB script and pandas that do the same work.

    python benchmarks/gate.py                     # 10 million rows, then 40 million for the memory (15 minutes)
    python benchmarks/gate.py --rows 1000000 --flat-rows 0

Each contender runs in a process of its own, after the data has been read once; time is that of the work without
start-up, memory the process's peak. All must find the same rows. Writes benchmarks/results/gate.md and prints it.
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
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

RESULT = Path(__file__).parent / "results" / "gate.md"


def files(source: list[Path], folder: Path) -> dict[str, int]:
    """Parquet to two Parquet files, streamed."""
    import gate_data

    from lake.gate.files import gate_parquet

    done = gate_parquet(gate_data.contract(), source, folder / "valid.parquet", folder / "rejected.parquet")
    return {"valid": done.valid, "rejected": done.rejected, "duplicates": done.duplicates}


def computing(source: list[Path], folder: Path) -> dict[str, int]:
    """The same, streamed from Parquet, but nothing written: types, rules, keys, counts."""
    import gate_data
    import polars as pl

    from lake.gate.files import doubled_rows, plan_files

    plan = plan_files(gate_data.contract(), pl.Schema(pl.read_parquet_schema(source[0])), "all")
    scan = pl.scan_parquet(source).with_row_index("gate.place")
    duplicates = doubled_rows(plan, scan).height
    counts = plan.frame(scan).select(pl.len().alias("rows"), plan.broken.sum().alias("broken"))
    found = counts.collect(engine="streaming")
    rows, broken = found.row(0)
    return {"valid": rows - broken - duplicates, "rejected": broken, "duplicates": duplicates}


def duckdb(source: list[Path], folder: Path) -> dict[str, int]:
    """What a careful hand would write in DuckDB."""
    import gate_duckdb

    return gate_duckdb.run(source, folder)


def pandas(source: list[Path], folder: Path) -> dict[str, int]:
    """What a careful hand would write in pandas."""
    import gate_pandas

    return gate_pandas.run(source, folder)


CONTENDERS: dict[str, Callable[[list[Path], Path], dict[str, int]]] = {
    "files": files,
    "computing": computing,
    "duckdb": duckdb,
    "pandas": pandas,
}
TITLES = {
    "files": "gate, Parquet to two Parquet files",
    "computing": "gate, computing only (nothing written)",
    "duckdb": "hand-written DuckDB, Parquet to two Parquet files",
    "pandas": "pandas, Parquet to two Parquet files",
}


def worker(name: str, source: list[Path], folder: Path) -> None:
    """Run one contender and print what it took as JSON."""
    importlib.import_module({"duckdb": "duckdb", "pandas": "pandas"}.get(name, "lake.gate.files"))
    importlib.import_module("pyarrow.parquet" if name == "pandas" else "gate_data")
    for path in source:
        with path.open("rb") as file:  # warm the page cache, alike for all
            while file.read(1 << 24):
                pass
    begin, cpu = time.perf_counter(), time.process_time()
    found = CONTENDERS[name](source, folder)
    seconds, cpu = time.perf_counter() - begin, time.process_time() - cpu
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(json.dumps({"seconds": seconds, "cpu": cpu, "gib": int(peak[1]) / 2**20 if peak else None, "found": found}))


def measure(name: str, source: list[Path], folder: Path, repeat: int) -> dict[str, object]:
    """The best of ``repeat`` runs."""
    runs = []
    for _ in range(repeat):
        output = folder / "output"
        output.mkdir()
        command = [sys.executable, __file__, "--worker", name, "--folder", str(output), *map(str, source)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        runs.append(json.loads(done.stdout))
        shutil.rmtree(output)
    return min(runs, key=lambda run: run["seconds"])


def table(results: list[tuple[str, int, dict[str, object]]]) -> str:
    """The figures as Markdown."""
    lines = [
        "| what | rows (millions) | seconds | million rows/s | CPU seconds | peak GiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, rows, run in results:
        seconds = float(str(run["seconds"]))
        peak = f"{float(str(run['gib'])):.2f}" if run["gib"] else ""
        figures = f"{seconds:.2f} | {rows / seconds / 1e6:.2f} | {float(str(run['cpu'])):.2f} | {peak}"
        lines.append(f"| {TITLES[name]} | {rows / 1e6:g} | {figures} |")
    return "\n".join(lines)


def report(results: list[tuple[str, int, dict[str, object]]], load: float) -> str:
    """The section of the benchmarks page."""
    import duckdb
    import pandas
    import polars

    found = {json.dumps(run["found"], sort_keys=True) for _, rows, run in results if rows == results[0][1]}
    same = "All found the same rows" if len(found) == 1 else "THE CONTENDERS DISAGREE"
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    modules = {"Polars": polars, "DuckDB": duckdb, "pandas": pandas}
    versions = ", ".join(f"{name} {module.__version__}" for name, module in modules.items())
    return f"""## The gate

15 columns, 14 rules (3 required, 8 bounds, 1 enum, 1 pattern, 1 cross-field expression) and a unique key; besides,
every column is typed (finite floats, no -0.0, no NUL, dates in range). One row in a hundred is bad, one in a thousand
repeats a key. Seeded data, best of the runs, each contender in its own process.

{table(results)}

{same}: {"; ".join(sorted(found))}.

{machine}. Load average {load:.1f} at the start: where other work shares the cores, compare the CPU seconds.
{versions}.
Repeat: `python benchmarks/gate.py --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--flat-rows", type=int, default=40_000_000, help="for flat memory; 0 leaves it out")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--folder", type=Path, help="where the data may lie meanwhile (default: the temporary folder)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} beside the other results")
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("source", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.source, arguments.folder)
        return
    import gate_data

    load = os.getloadavg()[0]
    results: list[tuple[str, int, dict[str, object]]] = []
    for rows, names, repeat in (
        (arguments.rows, arguments.only, arguments.repeat),
        (arguments.flat_rows, [name for name in arguments.only if name == "files"], 1),
    ):
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            source = gate_data.write(Path(folder), rows) if rows else []
            results += [(name, rows, measure(name, source, Path(folder), repeat)) for name in names if rows]
    text = report(results, load)
    print(text)
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
