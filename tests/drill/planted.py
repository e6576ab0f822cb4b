"""Whether the drill finds what it is there for: with a bug planted, it kills until something differs."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.drill.bugs import BUGS
from tests.drill.kills import Verdict, baseline, kill_and_recover, spread
from tests.drill.legs import RUN_LEGS, States
from tests.drill.project import Project

# Both batches up to the warehouse, without what dbt makes in between.
SHORT_LEGS = (RUN_LEGS[0], replace(RUN_LEGS[1], base="first", makes=None, ends_as=None))


@dataclass(frozen=True)
class Found:
    """A planted bug, the kills that it took, and the kill that showed it (None: never)."""

    bug: str
    kills: int
    verdict: Verdict | None


def find_all(project: Project, folder: Path, processes: int = 2) -> list[Found]:
    """Every planted bug, side by side."""
    with ThreadPoolExecutor(processes) as pool:
        return list(pool.map(lambda bug: find(project, folder / bug, bug), BUGS))


def find(project: Project, folder: Path, bug: str, sites: tuple[str, ...] = ()) -> Found:
    """Plant ``bug`` and kill once at every kind of write (or only those ``sites``) until something is not as it was.

    The undisturbed run has the bug too, and must not show it: it is the kills that have to.
    """
    states = States(project, folder / "states", bug).make({"first"})
    kills = 0
    for leg in SHORT_LEGS:
        base = baseline(leg, states, folder / "undisturbed")
        assert not base.problems, (bug, base.problems)
        for point in spread(base.points, 1):
            if sites and point.site not in sites:
                continue
            kills += 1
            verdict = kill_and_recover(leg, point, base, states, folder / f"kill-{kills}", None)
            if verdict.problems:
                return Found(bug, kills, verdict)
    return Found(bug, kills, None)
