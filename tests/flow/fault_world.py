"""A small lake that was run up to the warehouse, made once for each worker and copied for every test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.drill.content import Content, broken_promises, content, differences
from tests.drill.legs import TO_LOAD
from tests.drill.project import REPOSITORY, copied

DAYS = ("--from", "2013-07-01", "--to", "2013-07-02", "--location", "JFK", "--location", "LGA")
RUN = ("run", *DAYS, *TO_LOAD)
COMMAND = (sys.executable, "-c", "from pipeline.run import main; main()")


@dataclass(frozen=True)
class Base:
    """The folder of data of an undisturbed run, and what is in it."""

    data: Path
    content: Content

    def into(self, data: Path) -> None:
        """A copy of it at ``data``."""
        copied(self.data, data)

    def differs_from(self, data: Path) -> list[str]:
        """In what the lake at ``data`` is not as this one."""
        found, disagreements = content(data)
        return differences(self.content, found) + disagreements + broken_promises(data)


def environment(data: Path) -> dict[str, str]:
    """The variables of a process that works on ``data``."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MIRRORLAKE_", "LAKE_"))}
    return clean | {"MIRRORLAKE_ROOT": str(REPOSITORY), "MIRRORLAKE_DATA": str(data), "MIRRORLAKE_DOTENV": ""}


def process(data: Path, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """``mirrorlake <arguments>`` in a process of its own; ``before`` is what starts it (``setpriv ...``)."""
    return subprocess.run(
        [*before, *COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(data),
        check=False,
    )


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Base]:
    """The undisturbed run."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    made = process(data, *RUN)
    assert made.returncode == 0, made.stdout + made.stderr
    yield Base(data, content(data)[0])
    shutil.rmtree(data, ignore_errors=True)
