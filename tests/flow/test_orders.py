"""The order of arrival never matters: dates shuffled, one by one, repeated or late leave tables of equal content."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.drill.content import Content, broken_promises, content, differences

if TYPE_CHECKING:
    from tests.conftest import RunCli

REPOSITORY = Path(__file__).resolve().parents[2]
DAYS = ("2013-06-29", "2013-06-30", "2013-07-01", "2013-07-02", "2013-07-03")  # over the border of a month
TO_GOLD = ("--job", "ingest", "--job", "silver", "--job", "gold")
PLACES = ("--location", "JFK", "--location", "EWR")
Step = Sequence[str]  # days that one run asks for


@pytest.fixture
def lakes(project: Path, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lakes:
    return Lakes(run_cli, tmp_path, monkeypatch)


class Lakes:
    """Several lakes from the same recordings, each made by runs in another order."""

    def __init__(self, run_cli: RunCli, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.run_cli, self.folder, self.set = run_cli, folder, monkeypatch.setenv
        self.samples = folder / "samples"
        real = REPOSITORY / "samples" / "openmeteo"
        for place in ("jfk", "ewr"):
            (self.samples / "openmeteo" / "archive" / place).mkdir(parents=True)
            for day in DAYS:
                shutil.copy2(real / "archive" / place / f"{day}.json", self._recording(place, day))
        shutil.copy2(real / "locations.json", self.samples / "openmeteo")
        self.set("MIRRORLAKE_SAMPLES", str(self.samples))
        self.spoil("jfk", DAYS[1], 3, 999.0)

    def _recording(self, place: str, day: str) -> Path:
        return self.samples / "openmeteo" / "archive" / place / f"{day}.json"

    def spoil(self, place: str, day: str, hour: int, value: float) -> None:
        """Another temperature in the recording of a day."""
        body = json.loads(self._recording(place, day).read_bytes())
        body["hourly"]["temperature_2m"][hour] = value
        self._recording(place, day).write_text(json.dumps(body))

    def run(self, name: str, *steps: Step, again: tuple[str, ...] = ()) -> Path:
        """One run per step in the lake ``name``; consecutive days only."""
        data = self.folder / name
        self.set("MIRRORLAKE_DATA", str(data))
        for days in steps:
            ran = self.run_cli("run", "--from", min(days), "--to", max(days), *PLACES, *TO_GOLD, *again)
            assert ran.exit_code == 0, ran.text
        return data


def tables(data: Path) -> tuple[Content, list[str]]:
    """The content of a lake, without what tells in silver of which load a row is: of equal rows either may stand."""
    found, told = content(data)
    for name in (name for name in found if name.startswith("silver/")):
        rows = [json.loads(row) for row in found[name]]
        found[name] = sorted(json.dumps({**row, "_payload": None, "_position": None}) for row in rows)
    return found, told + broken_promises(data)


def same(one: Path, other: Path, *but: str) -> list[str]:
    """In what two lakes differ, ``but`` for some tables."""
    (left, told), (right, more) = tables(one), tables(other)
    return [each for each in differences(left, right) if each.split(":")[0] not in but] + told + more


def test_days_in_any_order_one_by_one_and_repeated(lakes: Lakes) -> None:
    at_once = lakes.run("at-once", DAYS)
    shuffled = random.Random(7).sample(DAYS, len(DAYS))
    assert same(at_once, lakes.run("shuffled", *[[day] for day in shuffled])) == []
    assert same(at_once, lakes.run("backwards", *[[day] for day in reversed(DAYS)])) == []
    assert same(at_once, lakes.run("overlapping", DAYS[2:], DAYS[:3], DAYS[1:4], again=("--force",))) == []


def test_data_that_come_late_and_corrections_of_them(lakes: Lakes) -> None:
    """A day that was corrected before anybody asked for it, and one that was asked for before and after."""
    lakes.run("late", DAYS[3:], DAYS[:2])
    lakes.spoil("ewr", DAYS[1], 5, 31.5)
    lakes.spoil("jfk", DAYS[3], 6, 30.5)
    late = lakes.run("late", DAYS[:2], DAYS)
    first_word = lakes.run("first-word", DAYS)
    # Bronze keeps every word that was said, and quarantine tells of which.
    assert same(late, first_word, "bronze", "ledger", "quarantine/weather_observations") == []


def test_a_rebuild_from_bronze_and_the_other_engine_give_the_same(lakes: Lakes) -> None:
    step_by_step = lakes.run("steps", DAYS[2:], DAYS[:2])
    rebuilt = lakes.folder / "rebuilt"
    shutil.copytree(step_by_step, rebuilt)
    for part in ("silver", "quarantine", "gold", "_state"):
        shutil.rmtree(rebuilt / "lake" / part)
    lakes.set("MIRRORLAKE_DATA", str(rebuilt))
    assert lakes.run_cli("rebuild", "--from", "bronze").exit_code == 0
    assert same(step_by_step, lakes.run("rebuilt", DAYS)) == []
    assert same(step_by_step, lakes.run("duckdb", DAYS[:2], DAYS[2:], again=("--engine", "duckdb"))) == []
