"""The whole rehearsal, as `just rehearse` starts it: two dates, and every table equal to the laptop's."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
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


def children(pid: int) -> dict[int, bytes]:
    """Its child processes and their command lines."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_bytes() for child in found}


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextlib.contextmanager
def rehearsing(*words: str) -> Iterator[subprocess.Popen[str]]:
    """As from a terminal: a group of processes, which Ctrl-C is said to."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_ctrl_c_lets_the_step_speak_and_says_what_stays_up(data: Path) -> None:
    with rehearsing("--keep") as process:
        assert process.stdout is not None
        until_deploy = iter(process.stdout.readline, "== deploy: mirrorlake --env rehearsal deploy\n")
        assert any("set up the warehouse" in line for line in until_deploy)
        time.sleep(1.0)
        steps = children(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    try:
        assert process.returncode == 130, said
        assert "Traceback" not in said
        assert said.splitlines()[-2:] == [
            "the rehearsal was interrupted",
            "the stand-ins stay up: mirrorlake --env rehearsal ...; `just rehearse down` ends them",
        ]
        assert "interrupted; the same command goes on where it was" in said
        assert steps
        assert not [pid for pid, command in steps.items() if b"pipeline.run" in command and lives(pid)]
    finally:
        keeping.bring_down(data)


def test_sigterm_ends_the_run_beside_and_the_stand_ins(data: Path) -> None:
    with rehearsing() as process:
        until = time.monotonic() + 60
        while len(steps := children(process.pid)) < 3 and time.monotonic() < until:
            time.sleep(0.1)
        assert any(b"pipeline.run" in command for command in steps.values())
        process.terminate()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 143, said
    assert said == "the rehearsal was terminated\n"
    assert not [pid for pid in steps if lives(pid)]
    assert keeping.keeper_of(data) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2013-07-04", "--to", "2013-07-03"), "error: --from 2013-07-04 is after --to 2013-07-03"),
        (("--from", "2013-07-05"), "where: --to is that of profiles/rehearsal.toml"),
        (("--from", "2013-13-01"), "error: --from '2013-13-01' is not a date\n  what to do: write it as YYYY-MM-DD"),
        (("--form", "2013-07-01"), "error: unknown option --form; known are: --from, --to, --keep"),
        (("--fr", "2013-07-01"), "error: unknown option --fr;"),
        (("2013-07-01",), "error: unknown word '2013-07-01'; known are: up, down, status (one at most)"),
        (("up", "down"), "error: unknown word 'down';"),
    ],
)
def test_words_that_make_no_sense_are_refused(data: Path, words: tuple[str, ...], said: str) -> None:
    done = rehearse(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert not data.exists()
