"""The whole rehearsal, as `just rehearse` starts it: two dates, and every table equal to the laptop's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal import keeping

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def data(installed: None, project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MIRRORLAKE_PARITY_FOLDER", str(project / "parity"))
    return project


def rehearse(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rehearsal", *words], capture_output=True, text=True, timeout=570, check=False
    )


def test_two_dates_by_production_s_path_are_the_laptop_s_rows(data: Path) -> None:
    done = rehearse()
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    equal = re.search(r"equal: (\d+) tables equal \(([\d,]+) rows\)", done.stdout)
    assert equal, done.stdout[-4000:]
    assert (int(equal[1]), int(equal[2].replace(",", ""))) >= (32, 1320)
    assert "different" not in done.stdout
    assert re.search(r"in all +[\d.]+ +full parity", done.stdout)
    assert list((data / "parity").glob("dev-rehearsal-*.html"))
    # nothing stays up, and no password stays on disk where the platform would find it
    assert keeping.keeper_of(data) is None
    assert not (data / "standins.env").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2013-07-04", "--to", "2013-07-03"), "error: --from 2013-07-04 is after --to 2013-07-03"),
        (("--from", "2013-07-05"), "where: --to is that of profiles/rehearsal.toml"),
        (("--from", "2013-13-01"), "error: --from '2013-13-01' is not a date\n  what to do: write it as YYYY-MM-DD"),
    ],
)
def test_words_that_make_no_sense_are_refused(data: Path, words: tuple[str, ...], said: str) -> None:
    done = rehearse(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not data.exists()
