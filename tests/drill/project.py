"""A project to drill: a copy of what runs, recordings of its own, and processes that run it on folders of data.

A copy, so that whoever edits the repository meanwhile does not change what is being drilled.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
CHILD = "tests/drill/child.py"
COPIED = ("lake", "warehouse", "pipeline", "dbt", "profiles", "tests/drill")
LEFT_OUT = shutil.ignore_patterns("target", "logs", "dbt_packages", "*.log")
Body = dict[str, Any]
Changes = Mapping[tuple[str, date], Callable[[Body], Body | bytes]]


@dataclass(frozen=True)
class Point:
    """One commit point of a run, at one moment: where a process can be killed."""

    site: str
    key: str
    count: int
    moment: str

    def __str__(self) -> str:
        return f"{self.moment} {self.key} ({self.count})"


@dataclass(frozen=True)
class Ended:
    """How a process ended, what it said, and the commit points that it passed."""

    exit_code: int
    text: str
    points: tuple[Point, ...] = field(repr=False, default=())

    @property
    def killed(self) -> bool:
        return self.exit_code == -9


class Project:
    """The copy in ``folder``. ``recordings`` names sets of recordings; see ``record``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"

    def make(self) -> Project:
        """Copy the code."""
        for name in COPIED:
            shutil.copytree(REPOSITORY / name, self.code / name, symlinks=True, ignore=LEFT_OUT)
        return self

    def record(self, name: str, changes: Changes, days: Sequence[date]) -> None:
        """Make the set of recordings ``name``: the real ones of these days, some of them changed."""
        samples, real = self.folder / "recordings" / name / "openmeteo", REPOSITORY / "samples" / "openmeteo"
        samples.mkdir(parents=True)
        shutil.copy2(real / "locations.json", samples)
        for place in ("jfk", "lga", "ewr"):
            (samples / "archive" / place).mkdir(parents=True)
            for day in days:
                source, target = (root / "archive" / place / f"{day}.json" for root in (real, samples))
                shutil.copy2(source, target)
                if change := changes.get((place, day)):
                    changed = change(json.loads(source.read_bytes()))
                    target.write_bytes(changed if isinstance(changed, bytes) else json.dumps(changed).encode())

    def environment(self, data: Path, recordings: str) -> dict[str, str]:
        """The variables of a process that works on ``data``; none of the developer's settings is among them."""
        ours = ("MIRRORLAKE_", "LAKE_", "DRILL_", "COV")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | {
            "PYTHONPATH": str(self.code),
            "MIRRORLAKE_ROOT": str(self.code),
            "MIRRORLAKE_DATA": str(data),
            "MIRRORLAKE_SAMPLES": str(self.folder / "recordings" / recordings),
            "MIRRORLAKE_DOTENV": "",
            "DRILL_LEDGER": f"{data}.ledger",
        }

    def run(
        self,
        data: Path,
        recordings: str,
        *arguments: str,
        kill: Point | None = None,
        bug: str | None = None,
        timeout_seconds: float = 180,
        **environment: str,
    ) -> Ended:
        """Run ``mirrorlake <arguments>`` on ``data`` in a process of its own, and kill it if so asked."""
        ledger = Path(f"{data}.ledger")
        ledger.parent.mkdir(parents=True, exist_ok=True)
        ledger.unlink(missing_ok=True)
        given: dict[str, str] = {}
        if kill:
            given["DRILL_KILL"] = json.dumps(asdict(kill))
        if bug:
            given["DRILL_BUG"] = bug
        process = subprocess.Popen(
            [sys.executable, str(self.code / CHILD), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**self.environment(data, recordings), **given, **environment},
            cwd=self.code,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            return Ended(124, f"no end within {timeout_seconds} s: {said.decode(errors='replace')}")
        return Ended(process.returncode, said.decode(errors="replace"), points_of(ledger))


def points_of(ledger: Path) -> tuple[Point, ...]:
    """What a process wrote down."""
    if not ledger.exists():
        return ()
    return tuple(Point(**json.loads(line)) for line in ledger.read_text("utf-8").splitlines())


def copied(base: Path | None, target: Path) -> Path:
    """A fresh copy of a folder of data at ``target`` (nothing there for no base).

    Fingerprints name files by absolute path, so that a moved lake is looked at again; the drill's copy is meant as
    the same place, so they follow.
    """
    shutil.rmtree(target, ignore_errors=True)
    if base is None or not base.exists():
        return target
    shutil.copytree(base, target, symlinks=True)
    for path in (target / "lake" / "_state" / "fingerprints").glob("*.json"):
        path.write_bytes(path.read_bytes().replace(f"{base}/".encode(), f"{target}/".encode()))
    return target
