"""One kill at every kind of write, and the planted bugs; ``just drill`` kills at every single write."""

from __future__ import annotations

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.drill.bugs import BUGS
from tests.drill.kills import Baseline, baseline, kill_and_recover
from tests.drill.legs import LEGS, Leg, States, make_project, needed
from tests.drill.planted import find
from tests.drill.project import Project
from tests.drill.sites import NOT_DRILLED, sites

T = TypeVar("T")
BY_NAME = {leg.name: leg for leg in LEGS}
# Every kind of write, and the leg and moment in which it is killed here.
KILLED = {
    "lease.acquire": ("first batch", "after"),
    "bronze.page": ("first batch", "after"),
    "bronze.manifest": ("first batch", "before"),
    "bronze.refused": ("first batch", "after"),
    "stale.note": ("first batch", "after"),
    "quarantine.rows": ("first batch", "after"),
    "silver.merge": ("second batch", "after"),
    "silver.ledger": ("second batch", "before"),
    "gold.table": ("second batch", "after"),
    "gold.snapshot": ("second batch", "before"),
    "staging.file": ("second batch", "after"),
    "staging.pointer": ("second batch", "before"),
    "load.define": ("first batch", "after"),
    "load.commit": ("second batch", "after"),
    "fingerprint": ("second batch", "before"),
    "audit.record": ("first batch", "before"),
    "lease.release": ("first batch", "before"),
    "dbt.build": ("dbt", "after"),
    "audit.report": ("audit", "after"),
    "publish.file": ("publish", "after"),
    "publish.pointer": ("publish", "before"),
    "silver.csv": ("csv", "before"),
    "bronze.acceptance": ("replay", "after"),
    "table.optimize": ("optimize", "after"),
    "table.vacuum": ("optimize", "after"),
    "silver.drop": ("rebuild", "after"),
    "quarantine.drop": ("rebuild", "after"),
    "gold.drop": ("force", "after"),
    "reset.object": ("reset", "after"),
    "reset.file": ("reset", "before"),
}


class Drill:
    """The project, its states and the undisturbed legs: made once for all workers, by the first who needs them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def states(self, leg: Leg) -> States:
        """Those of a whole run; the one leg that begins with nothing does not wait for them."""
        whole = BY_NAME["publish"] if leg.base else leg
        project, folder = self.project(), self.folder / "states" / whole.name.replace(" ", "-")
        return self._once(f"states-{whole.name}", lambda: States(project, folder).make(needed([whole])))

    def baseline(self, leg: Leg) -> Baseline:
        states = self.states(leg)
        return self._once(f"baseline-{leg.name}", lambda: baseline(leg, states, self.folder / "undisturbed"))

    def project(self) -> Project:
        return self._once("project", lambda: make_project(self.folder / "project"))

    def _once(self, name: str, make: Callable[[], T]) -> T:
        kept = self.folder / f"{name}.pickle".replace(" ", "-")
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make()))
            made: T = pickle.loads(kept.read_bytes())
            return made


@pytest.fixture(scope="session")
def drill(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Drill:
    root = tmp_path_factory.getbasetemp()
    folder = (root if worker_id == "master" else root.parent) / "drill"
    folder.mkdir(exist_ok=True)
    return Drill(folder)


def test_every_kind_of_write_in_the_source_is_killed_here_or_has_a_reason_not_to_be() -> None:
    assert set(sites()) == set(KILLED) | set(NOT_DRILLED)
    assert not set(KILLED) & set(NOT_DRILLED)


@pytest.mark.parametrize("site", KILLED)
def test_a_kill_at_every_kind_of_write(drill: Drill, tmp_path: Path, site: str) -> None:
    name, moment = KILLED[site]
    leg, base = BY_NAME[name], drill.baseline(BY_NAME[name])
    assert base.problems == []
    point = next(point for point in base.points if (point.site, point.moment) == (site, moment))

    verdict = kill_and_recover(leg, point, base, drill.states(leg), tmp_path / "kill", None)

    assert verdict.problems == []


@pytest.mark.parametrize(
    ("bug", "site"),
    [("lost-manifest", "bronze.page"), ("doubled-merge", "silver.merge"), ("skipped-rejection", "silver.merge")],
)
def test_a_planted_bug_is_found_by_kills_and_by_nothing_less(drill: Drill, tmp_path: Path, bug: str, site: str) -> None:
    found = find(drill.project(), tmp_path, bug, sites=(site,))
    assert found.verdict is not None
    assert found.verdict.point.site == site


def test_the_bugs_are_three() -> None:
    assert set(BUGS) == {"lost-manifest", "doubled-merge", "skipped-rejection"}
