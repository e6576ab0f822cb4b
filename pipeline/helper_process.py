"""A process of ours that works beside the run: started early, spoken to in JSON lines, ended with the run.

It takes requests on its standard input and answers on its standard output. What it complains of goes to a file, which
nothing has to read meanwhile; a pipe that nobody empties would stop it once 64 KiB are in it.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import IO, Any

from lake.errors import MirrorlakeError, StorageError

LAST_LINES = 5  # of what a process printed that ended by itself


class HelperProcess:
    """``python -m <module>``; ``name`` is how messages call it, ``complaints`` the file that it may print to.

    ``ended`` is the error for a process that ends before it has answered, ``fix`` what its message advises.
    """

    def __init__(self, module: str, name: str, complaints: Path, *, ended: type[MirrorlakeError], fix: str) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.complaints = complaints
        self._module = module
        self._name = name
        self._ended = ended
        self._fix = fix

    def start(self) -> bool:
        """Start it and return at once; False where it runs already."""
        if self.process is not None:
            return False
        with self._opened_complaints() as complaints:
            self.process = subprocess.Popen(  # noqa: S603 (a module of ours)
                # -P: the current folder may hold the project's dbt/, which is no part of the package dbt.
                [sys.executable, "-P", "-m", self._module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C is the run's to handle
            )
        return True

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one line."""
        with contextlib.suppress(OSError):  # a process that is gone is reported by answers
            stdin = stream(self._running.stdin)
            stdin.write(json.dumps(message) + "\n")
            stdin.flush()

    def answers(self, timeout_seconds: float) -> Generator[dict[str, Any], None, None]:
        """Its answers as they come; the reader stops where it has got what it wants.

        Raises the error of this process where it ends, and ends it where ``timeout_seconds`` have passed.
        """
        process, rang = self._running, threading.Event()

        def stop() -> None:
            rang.set()
            process.kill()

        alarm = threading.Timer(timeout_seconds, stop)
        alarm.daemon = True
        alarm.start()
        try:
            for line in stream(process.stdout):
                if not line.endswith("\n"):
                    break  # it ended while it wrote
                yield json.loads(line)
        finally:
            alarm.cancel()
        self.close()
        how = (
            "was stopped, for it took too long"
            if rang.is_set()
            else f"ended by itself (exit code {process.returncode})"
        )
        last = self.complaints.read_text("utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
        raise self._ended("\n  ".join([f"{self._name} {how}", *last]), where=str(self.complaints), fix=self._fix)

    def close(self, timeout_seconds: float = 10.0) -> None:
        """End it: by closing its input, then by force."""
        process, self.process = self.process, None
        if process is None:
            return
        end(process, timeout_seconds)

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self.process is not None
        return self.process

    def _opened_complaints(self) -> IO[str]:
        try:
            self.complaints.parent.mkdir(parents=True, exist_ok=True)
            return self.complaints.open("w", encoding="utf-8")
        except OSError as error:
            raise StorageError(
                f"cannot write the files of {self._name}: {error.strerror or error}",
                where=str(self.complaints.parent),
                fix="check its rights and the space left, or point MIRRORLAKE_DATA to another folder",
            ) from None


def end(process: subprocess.Popen[str], timeout_seconds: float) -> None:
    """End a process that goes when its input is closed; by force where it does not."""
    with contextlib.suppress(OSError):
        stream(process.stdin).close()
    try:
        process.wait(timeout_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    finally:
        stream(process.stdout).close()


def stream(end_of_pipe: IO[str] | None) -> IO[str]:
    """Our end of a pipe that the process was started with."""
    assert end_of_pipe is not None
    return end_of_pipe
