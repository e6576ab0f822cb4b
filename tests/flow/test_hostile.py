"""Hostile words wherever the command line takes any: an error of ours, nothing outside the data folder, no secret."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fault_world import Base, base, environment

if TYPE_CHECKING:
    from tests.conftest import Outcome, RunCli

__all__ = ["base"]
WORDS = (
    "", " ", ".", "..", "../../../../tmp/x", "/etc/passwd", "..\\..\\x", "x/../../y", "~root", "$HOME", "`id`", "$(id)",
    "'; DROP TABLE weather_hourly; --", '" OR 1=1 --', "{{ 1 }}", "${jndi:ldap://x}", "%2e%2e%2f", "a\nb", "a\r\nb",
    "\x1b[2J\x1b[31mred", "\u202ekfj", "\u200b", "\uff2a\uff26\uff2b/..", "é" * 200, "x" * 5_000, "-1", "--help=1",
    "NaN", "1e400", "0x10", "null", "C:\\x", "\ud800", "con", "a=b/c=d", "*", "?", "[a]", "\x07", "s3://bucket/x",
    "file:///etc/passwd", "http://127.0.0.1:1/x",
)  # fmt: skip
# Each takes one hostile word.
PLACES = {
    "location": ("run", "--location", "{}"),
    "run date": ("run", "--run-date", "{}"),
    "from": ("run", "--from", "{}", "--to", "2013-07-02"),
    "to": ("run", "--from", "2013-07-01", "--to", "{}"),
    "job": ("run", "--job", "{}"),
    "engine": ("run", "--engine", "{}", "--job", "gold"),
    "config": ("run", "--config", "{}"),
    "env": ("run", "--env", "{}"),
    "run id": ("run", "--run-date", "2013-07-01", "--location", "JFK", "--job", "ingest", "--force", "--run-id", "{}"),
    "shown table": ("show", "{}"),
    "shown time": ("show", "weather_observations", "--as-of", "{}"),
    "shown version": ("show", "weather_observations", "--version", "{}"),
    "rebuilt table": ("rebuild", "{}", "--from", "bronze"),
    "replayed table": ("quarantine", "replay", "{}"),
    "accepted load": ("quarantine", "replay", "--accept-load", "{}"),
    "optimized table": ("optimize", "{}"),
    "query": ("query", "{}"),
    "sql": ("sql", "{}"),
    "sql in a name": ("sql", 'select * from "{}"'),
    "sql in a file": ("sql", "select * from read_text('{}')"),
    "run": ("runs", "{}"),
    "recorded place": ("record", "--location", "{}", "--from", "2013-07-01", "--to", "2013-07-01"),
}
# Words that are right there: a date of nothing, an environment by its first letter, a run of that name.
RIGHT = {("run id", "con"), ("run id", "null"), ("run id", "0x10"), ("run id", "NaN"), ("run id", "1e400")}


def quiet(outcome: Outcome, *, right: bool = False) -> None:
    assert "Traceback" not in outcome.text
    assert outcome.exit_code in (0, 1, 2) if right else outcome.exit_code in (1, 2), outcome.text
    for sign in ("\x1b", "\x07", "\u202e"):
        assert sign not in outcome.text, outcome.text
    assert len(outcome.text) < 12_000


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("place", PLACES)
def test_a_hostile_word_is_an_error_of_ours(
    base: Base, project: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    base.into(project)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = files(tmp_path)
    for word in WORDS:
        if place == "recorded place" and word in ("", " "):
            continue  # nothing to be recorded
        arguments = [argument.replace("{}", word) for argument in PLACES[place]]
        right = (place, word) in RIGHT or word == "--help=1"
        outcome = run_cli(*arguments)
        try:
            quiet(outcome, right=right)
        except AssertionError as error:
            raise AssertionError(f"{place} {word[:40]!r}: exit code {outcome.exit_code}: {error}") from None
    new = {name for name in files(tmp_path) - before if not name.startswith("data/lake/_audit/")}
    allowed = ("data/lake/_state/", "data/lake/gold/", "data/dbt/")
    assert not {name for name in new if not name.startswith(allowed)}, new
    assert base.differs_from(project) == []


@pytest.mark.parametrize("location_id", ["../../climbed", "/climbed", "a/b", "..", "", "x" * 300, 7, None, "a\x00b"])
def test_a_recorded_place_whose_id_climbs(
    project: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, location_id: object
) -> None:
    samples = tmp_path / "samples" / "openmeteo"
    samples.mkdir(parents=True)
    real = Path(__file__).resolve().parents[2] / "samples" / "openmeteo"
    listed = json.loads((real / "locations.json").read_bytes())
    listed["locations"][0]["id"] = location_id
    (samples / "locations.json").write_text(json.dumps(listed))
    (samples / "archive" / "jfk").mkdir(parents=True)
    shutil.copy2(real / "archive/jfk/2013-07-01.json", samples / "archive" / "jfk")
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(tmp_path / "samples"))
    before = files(tmp_path)

    outcome = run_cli("run", "--run-date", "2013-07-01", "--location", "JFK", "--job", "ingest")

    quiet(outcome)
    assert not list(tmp_path.rglob("climbed*"))
    assert {
        name for name in files(tmp_path) - before if not name.startswith(("data/lake/_audit/", "data/lake/_state/"))
    } == set()


CANARY = "c4naryW0rd"
SECRETS = {
    "MIRRORLAKE_S3_ACCESS_KEY_ID": f"{CANARY}1",
    "MIRRORLAKE_S3_SECRET_ACCESS_KEY": f"{CANARY}2",
    "MIRRORLAKE_SNOWFLAKE_PRIVATE_KEY": f"{CANARY}3",
    "MIRRORLAKE_SNOWFLAKE_TOKEN": f"{CANARY}4",
    "MIRRORLAKE_SOURCES_OPENMETEO_API_KEY": f"{CANARY}5",
    "MIRRORLAKE_STAGING_URL": f"postgresql://lake:{CANARY}6@127.0.0.1:9/x",
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}7",
    "PGPASSWORD": f"{CANARY}8",
}


@pytest.mark.slow
def test_a_whole_run_tells_no_secret_anywhere(tmp_path: Path) -> None:
    """dbt, the checks and the publication included; every file that the run leaves is read."""
    data = tmp_path / "data"
    day = ("run", "--run-date", "2013-07-01", "--location", "JFK")
    for arguments in (("doctor",), (*day, "-v"), ("runs",), (*day, "--json", "--force", "--job", "silver")):
        ran = subprocess.run(
            [sys.executable, "-c", "from pipeline.run import main; main()", *arguments],
            capture_output=True,
            timeout=200,
            env={**environment(data), **SECRETS},
            check=False,
        )
        assert ran.returncode == 0 or arguments == ("doctor",), ran.stdout + ran.stderr
        assert CANARY.encode() not in ran.stdout + ran.stderr, arguments
    left = [path for path in data.rglob("*") if path.is_file()]
    assert any(path.suffix == ".html" for path in left)
    assert any(path.suffix == ".duckdb" and path.parent.name == "published" for path in left)
    assert [path for path in left if CANARY.encode() in path.read_bytes()] == []
