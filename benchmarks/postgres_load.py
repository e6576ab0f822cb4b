"""How rows come into Postgres: INSERT, batches, COPY, ADBC; key and checks before or after; chunks, threads, processes.

    python benchmarks/postgres_load.py            # a server of its own, a million rows (5 minutes)
    python benchmarks/postgres_load.py --rows 100000 --few 5000

The table is the star's fact: 18 columns with key and checks. Each contender reads Parquet and commits, in a process of
its own; time is that of the work without start-up. All must load the same rows. Prints the page's section.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import postgres_ways as ways

RESULT = Path(__file__).parent / "results" / "postgres_load.md"


@dataclass(frozen=True)
class Contender:
    """``few``: too slow for all rows. ``constraints``: key and checks come ``before``, ``after``, or ``never``."""

    title: str
    way: str
    few: bool = False
    constraints: str = "before"
    chunk: int = 65_536
    workers: int = 1


CONTENDERS = {
    "insert": Contender("INSERT, a statement per row", "insert", few=True),
    "executemany": Contender("INSERT, pipelined (psycopg executemany)", "executemany", few=True),
    "values": Contender("INSERT, 1,000 rows per statement", "values", few=True, chunk=1_000),
    "unnest": Contender("INSERT from arrays, 10,000 rows per statement", "unnest", few=True, chunk=10_000),
    "copy rows few": Contender("COPY, binary, row by row from Python", "copy_rows", few=True),
    "copy csv few": Contender("COPY, CSV written by DuckDB", "copy_csv", few=True),
    "adbc few": Contender("ADBC, Arrow batches by binary COPY", "adbc", few=True),
    "copy csv": Contender("COPY, CSV written by DuckDB", "copy_csv"),
    "adbc": Contender("ADBC, 65,536 rows a batch (what staging does)", "adbc"),
    "adbc 1k": Contender("ADBC, 1,024 rows a batch", "adbc", chunk=1_024),
    "adbc 8k": Contender("ADBC, 8,192 rows a batch", "adbc", chunk=8_192),
    "adbc 1m": Contender("ADBC, 1,048,576 rows a batch", "adbc", chunk=1_048_576),
    "adbc after": Contender("ADBC, key and checks added afterwards", "adbc", constraints="after"),
    "adbc never": Contender("ADBC, neither key nor checks", "adbc", constraints="never"),
    "threads 2": Contender("ADBC, 2 threads (2 transactions)", "threads", workers=2),
    "threads 4": Contender("ADBC, 4 threads (4 transactions)", "threads", workers=4),
    "processes 2": Contender("ADBC, 2 processes (2 transactions)", "processes", workers=2),
    "processes 4": Contender("ADBC, 4 processes (4 transactions)", "processes", workers=4),
}


def worker(name: str, url: str, source: list[Path]) -> None:
    """Run one contender and print what it took as JSON."""
    for module in ("adbc_driver_postgresql.dbapi", "duckdb", "psycopg", "pyarrow"):
        importlib.import_module(module)
    contender = CONTENDERS[name]
    way = getattr(ways, contender.way)
    ways.prepare(url, constraints=contender.constraints == "before")
    begin, used = time.perf_counter(), cpu_seconds()
    way(url, source, contender.chunk, contender.workers)
    if contender.constraints == "after":
        ways.constrain(url)
    seconds, cpu = time.perf_counter() - begin, cpu_seconds() - used
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    mib = int(peak[1]) / 1024 if peak else 0
    print(json.dumps({"seconds": seconds, "cpu": cpu, "mib": mib, "found": ways.found(url)}))


def cpu_seconds() -> float:
    """Of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def server_seconds(process: int) -> float:
    """CPU seconds of Postgres: of its first process, of those that it has reaped and of those that still live."""
    ticks = os.sysconf("SC_CLK_TCK")

    def used(path: Path) -> tuple[int, float, float]:
        fields = path.read_text().rpartition(")")[2].split()
        own, reaped = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
        return int(fields[1]), own / ticks, reaped / ticks

    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent, own, reaped = used(stat)
        except OSError:
            continue  # it has ended meanwhile
        if int(stat.parent.name) == process:
            total += own + reaped
        elif parent == process:
            total += own
    return total


def measure(name: str, url: str, server: int, source: list[Path]) -> dict[str, object]:
    """One run."""
    before = server_seconds(server)
    command = [sys.executable, __file__, "--worker", name, "--url", url, *map(str, source)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {**json.loads(done.stdout), "server": server_seconds(server) - before}


def table(runs: list[tuple[Contender, int, dict[str, object]]]) -> str:
    """The figures as Markdown."""
    lines = [
        "| how | rows | seconds | thousand rows/s | client CPU s | server CPU s | client peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for contender, rows, run in runs:
        seconds, cpu, server, mib = (float(str(run[name])) for name in ("seconds", "cpu", "server", "mib"))
        figures = f"{rows:,} | {seconds:.2f} | {rows / seconds / 1000:,.0f} | {cpu:.2f} | {server:.2f} | {mib:.0f}"
        lines.append(f"| {contender.title} | {figures} |")
    return "\n".join(lines)


def report(runs: list[tuple[Contender, int, dict[str, object]]], load: float, version: str) -> str:
    """The section of the benchmarks page."""
    found: dict[int, set[str]] = {}
    for _, rows, run in runs:
        found.setdefault(rows, set()).add(json.dumps(run["found"]))
    same = "All loaded the same rows" if all(len(each) == 1 for each in found.values()) else "THE CONTENDERS DISAGREE"
    return f"""## Into Postgres

Parquet to committed rows of the star's fact: {ways.described()}. The slow ways load few rows, and so
do quick ones beside them. Best of the runs, each contender in a process of its own; server CPU is that of all
processes of Postgres.

{table(runs)}

{same}.
{version}, on this machine by a Unix socket, with
its own defaults (a commit is flushed to disk).
{os.cpu_count()} cores, {platform.machine()}. Load average {load:.1f} at the start: where other work shares the cores,
compare the CPU seconds. Repeat: `python benchmarks/postgres_load.py --write`.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=50_000, help="rows for the slow ways")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} beside the other results")
    parser.add_argument("--worker", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("source", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker, arguments.url, arguments.source)
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="mirrorlake-pg-") as folder, ways.server(Path(folder)) as (url, process):
        sources = {few: ways.write(Path(folder), arguments.few if few else arguments.rows) for few in (True, False)}
        best: dict[str, dict[str, object]] = {}
        for _ in range(arguments.repeat):  # taking turns, so that a busy minute does not hit one alone
            for name in arguments.only:
                run = measure(name, url, process, sources[CONTENDERS[name].few])
                if name not in best or float(str(run["seconds"])) < float(str(best[name]["seconds"])):
                    best[name] = run
        version = ways.version(url)
    counts = {True: arguments.few, False: arguments.rows}
    text = report([(CONTENDERS[name], counts[CONTENDERS[name].few], run) for name, run in best.items()], load, version)
    print(text)
    if arguments.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(text)


if __name__ == "__main__":
    main()
