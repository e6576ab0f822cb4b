"""docs/add-a-source.md, followed word for word in a copy of the project: its files written, its commands run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
COPIED = ("lake", "warehouse", "pipeline", "dbt", "profiles", "samples", "docs")
_FENCE = re.compile(
    r"(?:^<!-- file: (?P<path>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass
class Step:
    """One thing that the page says: a file to write, or a command with what it shows."""

    path: str = ""
    text: str = ""
    command: str = ""


def steps(page: str) -> list[Step]:
    """The files and commands of a page, in its order."""
    found: list[Step] = []
    for fence in _FENCE.finditer(page):
        if fence["path"]:
            found.append(Step(path=fence["path"], text=fence["text"]))
        elif fence["language"] == "console":
            for line in fence["text"].splitlines(keepends=True):
                if line.startswith("$ "):
                    found.append(Step(command=line[2:].strip()))
                else:
                    found[-1].text += line
    return found


class Copy:
    """The project in a folder of its own, with commands that work on it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        unwanted = shutil.ignore_patterns("__pycache__", "target", "logs", "2013-0[1-68-9]*", "2013-1*")
        for name in COPIED:
            shutil.copytree(REPOSITORY / name, folder / name, ignore=unwanted)

    def call(self, command: str) -> str:
        """Run a command of the page; ``mirrorlake`` and ``python`` are this environment's."""
        words = shlex.split(command)
        ours = {"mirrorlake": [sys.executable, "-m", "tutorial"], "python": [sys.executable]}
        (self.root / "tutorial.py").write_text("from pipeline.cli import main\nraise SystemExit(main())\n")
        done = subprocess.run(
            [*ours.get(words[0], [words[0]]), *words[1:]],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(self.root), "MIRRORLAKE_ROOT": str(self.root)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def table(self, layer: str, name: str) -> pl.DataFrame:
        return pl.read_delta(str(self.root / "data" / "dev" / "lake" / layer / name))


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Copy, list[tuple[Step, str]]]:
    """The page done, step by step: the project, and what each command said."""
    copy = Copy(tmp_path_factory.mktemp("tutorial") / "mirrorlake")
    said: list[tuple[Step, str]] = []
    for step in steps((REPOSITORY / "docs" / "add-a-source.md").read_text(encoding="utf-8")):
        if step.path:
            target = copy.root / step.path
            assert not target.exists(), f"the page changes {step.path}; it says that nothing existing is changed"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(step.text, encoding="utf-8")
        else:
            said.append((step, copy.call(step.command)))
    return copy, said


def settled(text: str) -> list[str]:
    """Lines without what differs from run to run: run ids, seconds, the widths of columns that these make."""
    text = re.sub(r"run \d{8}T\d{6}-[0-9a-f]{6}", "run ID", text)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [re.sub(r" \d+\.\d\d$", " S", line) for line in lines if line]


def test_the_page_shows_what_the_commands_say(followed: tuple[Copy, list[tuple[Step, str]]]) -> None:
    for step, said in followed[1]:
        shown, real = settled(step.text), settled(said)
        missing = [line for line in shown if line != "…" and line not in real]
        assert not missing, f"{step.command} does not say: {missing}\nbut:\n{said}"


def test_silver_has_the_recording_and_the_mended_row(followed: tuple[Copy, list[tuple[Step, str]]]) -> None:
    silver = followed[0].table("silver", "flight_days").sort("flight_date", "location_id")
    recorded = pl.read_ndjson(followed[0].root / "samples" / "flights" / "departures.jsonl").sort("day", "airport")
    assert silver["flights_scheduled"].to_list() == recorded["scheduled"].to_list()
    assert silver["flights_cancelled"].to_list() == recorded["cancelled"].to_list()
    assert silver["departure_delay_mean_minutes"].to_list() == recorded["delay_minutes"].to_list()
    assert silver.height == 21


def test_gold_joins_flights_to_the_rain_of_their_day(followed: tuple[Copy, list[tuple[Step, str]]]) -> None:
    gold = followed[0].table("gold", "flights_and_weather_daily")
    rain = followed[0].table("gold", "weather_daily").select("location_id", "weather_date", "precipitation_total_mm")
    assert gold.height == 21
    for row in gold.rows(named=True):
        assert row["cancelled_share"] == pytest.approx(row["flights_cancelled"] / row["flights_scheduled"], abs=1e-6)
        day = rain.filter(location_id=row["location_id"], weather_date=row["flight_date"])
        assert day["precipitation_total_mm"].to_list() == [row["precipitation_total_mm"]]


def test_the_broken_row_waits_in_quarantine(followed: tuple[Copy, list[tuple[Step, str]]]) -> None:
    rejected = followed[0].table("quarantine", "flight_days")
    (row,) = rejected.rows(named=True)
    assert '"cancelled":911' in row["row"]
    assert row["_payload"].endswith("run_date=2013-07-07/slice=all/load=2")
