"""How long a person waits: start-up, an unchanged run, a forced run, a year from recordings to gold, a city's name.

    python benchmarks/runs.py [--repeat 5] [--write]

Each command is a whole process, timed from outside after one warm-up; wall clock, CPU of it and its children, and the
largest process's peak memory, as median and minimum. Data lies in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULT = Path(__file__).parent / "results" / "runs.md"
YEAR = ("--from", "2013-01-01", "--to", "2013-12-30")
GOLD = ("--job", "ingest", "--job", "silver", "--job", "gold")
# what, arguments, whether each run begins with an empty data folder
COMMANDS: list[tuple[str, tuple[str, ...], bool]] = [
    ("`mirrorlake --help`", ("--help",), False),
    ("`mirrorlake run --help`", ("run", "--help"), False),
    ("first run, a week, three places", ("run",), True),
    ("the same again, unchanged", ("run",), False),
    ("the same again, `--force`", ("run", "--force"), False),
    ("a year, three places, recordings to gold", ("run", *YEAR, *GOLD), True),
    ("a year, three places, all of it", ("run", *YEAR), True),
    ("the year again, unchanged", ("run", *YEAR), False),
    ("one place by a city's name, recordings to silver", ("run", "--location", "New York", *GOLD[:4]), True),
]


def timed(arguments: tuple[str, ...], data: Path) -> tuple[float, float, float]:
    """One process: seconds of wall clock, seconds of CPU with its children, peak GiB of the largest process."""
    environment = {**os.environ, "MIRRORLAKE_DATA": str(data), "MIRRORLAKE_ROOT": str(ROOT)}
    command = [sys.executable, "-c", "from pipeline.run import main; main()", *arguments]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 2**20


def measured(arguments: tuple[str, ...], data: Path, repeat: int, *, fresh: bool) -> list[tuple[float, float, float]]:
    """``repeat`` runs after a warm-up."""
    runs = []
    for number in range(repeat + 1):
        if fresh:
            shutil.rmtree(data, ignore_errors=True)
        run = timed(arguments, data)
        if number:
            runs.append(run)
    return runs


def report(repeat: int) -> str:
    """Measure all commands in turn and give the section."""
    lines = [
        "## Runs",
        "",
        f"Whole processes on {os.cpu_count()} cores, {repeat} runs after a warm-up. Peak memory is the largest single",
        f"process of the whole benchmark so far. Load average {os.getloadavg()[0]:.1f} at the start.",
        "",
        "| what | seconds, median | seconds, least | CPU seconds, median | peak GiB so far |",
        "|---|---:|---:|---:|---:|",
    ]
    with tempfile.TemporaryDirectory(prefix="mirrorlake-bench-") as folder:
        data = Path(folder) / "data"
        for what, arguments, fresh in COMMANDS:
            runs = measured(arguments, data, repeat, fresh=fresh)
            wall, cpu = [run[0] for run in runs], [run[1] for run in runs]
            figures = (statistics.median(wall), min(wall), statistics.median(cpu), max(run[2] for run in runs))
            lines.append(f"| {what} | " + " | ".join(f"{figure:.2f}" for figure in figures) + " |")
            print(lines[-1], file=sys.stderr, flush=True)
    return "\n".join([*lines, "", "Repeat: `python benchmarks/runs.py --write`.", ""])


def main() -> None:
    """Measure, print, and keep the result if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name} beside the other results")
    arguments = parser.parse_args()
    text = report(arguments.repeat)
    print(text)
    if arguments.write:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
