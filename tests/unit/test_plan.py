"""What ``plan`` says of ingest: other dates are other requests, other bytes are other recordings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Outcome, RunCli

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Recordings of one's own: two days at JFK."""
    folder = tmp_path / "samples"
    (folder / "openmeteo" / "archive" / "jfk").mkdir(parents=True)
    shutil.copy(REPOSITORY / "samples" / "openmeteo" / "locations.json", folder / "openmeteo")
    for day in ("2013-07-04", "2013-07-05"):
        shutil.copy(REPOSITORY / f"samples/openmeteo/archive/jfk/{day}.json", folder / "openmeteo/archive/jfk")
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(folder))
    return folder


def said_of_ingest(run_cli: RunCli, day: str) -> str:
    return run_cli("plan", "--run-date", day, "--location", "JFK").out.splitlines()[0]


def test_another_date_is_another_request_and_changed_bytes_are_a_changed_recording(
    run_cli: RunCli, samples: Path
) -> None:
    done = run_cli("run", "--run-date", "2013-07-04", "--location", "JFK", "--job", "ingest")
    assert done.exit_code == 0, done.text
    assert said_of_ingest(run_cli, "2013-07-04") == "ingest openmeteo   up to date"
    assert said_of_ingest(run_cli, "2013-07-05").endswith("would run   requests: 1 new, 1 gone")
    recording = samples / "openmeteo" / "archive" / "jfk" / "2013-07-04.json"
    recording.write_bytes(recording.read_bytes() + b"\n")
    assert said_of_ingest(run_cli, "2013-07-04").endswith("would run   recordings changed")


def test_a_day_far_from_all_others_is_taken_for_a_mistake(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_RUN_LONGEST_GAP_DAYS", "5")

    def ingest(day: str, place: str = "JFK") -> Outcome:
        return run_cli("run", "--job", "ingest", "--run-date", day, "--location", place)

    assert ingest("2013-07-04").exit_code == 0
    refused = ingest("2013-07-20")
    assert refused.exit_code == 2
    assert "2013-07-20 is 16 days away from 2013-07-04, the next day that there is of jfk" in refused.err
    assert "MIRRORLAKE_RUN_LONGEST_GAP_DAYS=16" in refused.err
    assert ingest("2013-06-20").exit_code == 2
    assert ingest("2013-07-20", "LGA").exit_code == 0, "another place has days of its own"
    assert ingest("2013-07-09").exit_code == 0
    monkeypatch.setenv("MIRRORLAKE_RUN_LONGEST_GAP_DAYS", "11")
    assert ingest("2013-07-20").exit_code == 0
    monkeypatch.setenv("MIRRORLAKE_RUN_LONGEST_GAP_DAYS", "5")
    assert ingest("2013-07-04").exit_code == 0, "what is there already is no news"
    assert ingest("2013-07-15").exit_code == 0, "between the first and the last every hour is there anyway"
