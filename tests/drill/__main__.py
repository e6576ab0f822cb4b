"""``python -m tests.drill`` (``just drill``): kill everywhere, recover, compare; the outcome goes to docs/drill.md."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import count
from pathlib import Path

from tests.drill import planted, report
from tests.drill.amid_dbt import kill_amid_dbt
from tests.drill.kills import Baseline, Verdict, baseline, kill_and_recover, spread
from tests.drill.legs import LEGS, Leg, States, make_project, needed
from tests.drill.project import Point
from tests.drill.sites import NOT_DRILLED, sites

PROCESSES = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="just drill", description=__doc__)
    parser.add_argument(
        "--leg", action="append", choices=[leg.name for leg in LEGS], help="Only these legs; nothing is written down."
    )
    parser.add_argument("--processes", type=int, default=PROCESSES, help="So many runs at a time.")
    parser.add_argument("--keep", action="store_true", help="Keep the folder of a drill that found something.")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mirrorlake-drill-"))
    try:
        outcome = drill(
            folder,
            [leg for leg in LEGS if not asked.leg or leg.name in asked.leg],
            asked.processes,
            whole=not asked.leg,
        )
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if not asked.leg:
        report.write(outcome)
    print(outcome.verdict)
    return 0 if outcome.is_good else 1


def drill(folder: Path, legs: list[Leg], processes: int, *, whole: bool) -> report.Outcome:
    """All of these legs; with ``whole`` also what is killed amid dbt, and the planted bugs."""
    began = time.perf_counter()
    states = States(make_project(folder), folder / "states")
    said("making the states that the legs begin with")
    states.make(needed(legs))
    outcome = report.Outcome()
    bases = {leg.name: baseline(leg, states, folder / "undisturbed") for leg in legs}
    for leg in legs:
        outcome.begin(leg, bases[leg.name])
    kill_all(outcome, legs, bases, states, folder, processes)
    if whole:
        outcome.amid_dbt = kill_amid_dbt(states, folder / "amid-dbt")
        said("planting bugs")
        outcome.bugs = planted.find_all(states.project, folder / "planted", processes)
        outcome.missed = sorted(set(sites(states.project.code)) - outcome.sites - set(NOT_DRILLED))
    outcome.seconds = time.perf_counter() - began
    return outcome


def kill_all(
    outcome: report.Outcome, legs: list[Leg], bases: dict[str, Baseline], states: States, folder: Path, processes: int
) -> None:
    """Every kill of every leg, several at a time, costly legs first."""
    tasks: list[tuple[Leg, Point]] = [
        (leg, point)
        for leg in sorted(legs, key=lambda leg: leg.name not in ("dbt", "audit"))
        for point in spread(bases[leg.name].points, leg.most)
    ]
    number, began = count(1), time.perf_counter()

    def one(leg: Leg, point: Point) -> Verdict:
        place = folder / f"kill-{next(number)}"
        try:
            return kill_and_recover(leg, point, bases[leg.name], states, place, outcome.chooser)
        except Exception as error:
            return Verdict(leg.name, point, problems=[f"the drill itself failed: {type(error).__name__}: {error}"])

    with ThreadPoolExecutor(processes) as pool:
        waiting = [pool.submit(one, leg, point) for leg, point in tasks]
        for done, future in enumerate(as_completed(waiting), start=1):
            verdict = future.result()
            outcome.add(verdict)
            for problem in verdict.problems:
                said(f"{verdict.leg}: killed {verdict.point}: {problem}")
            if done % 10 == 0 or done == len(tasks):
                seconds = time.perf_counter() - began
                said(f"{done} of {len(tasks)} kills, {seconds:.0f} s, {len(outcome.problems)} differences")


def said(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
