"""The run's side of the checking process: started early, asked late, closed with the run."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import IO, Any

from lake.errors import MirrorlakeError
from pipeline.quality.model import Batch, CheckResult, from_dicts


class QualityError(MirrorlakeError):
    """The checking process died or could not read what it was to check."""


class QualityWorker:
    """One checking process. ``start`` returns at once; ``check`` waits until it is ready."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._ready = False

    def start(self) -> None:
        """Start the process, if it is not running."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.quality.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is the run's to handle
            )

    def check(self, batches: Sequence[Batch]) -> list[CheckResult]:
        """All rules of all batches. QualityError where it cannot be done."""
        self.start()
        if not self._ready:
            self._receive()
            self._ready = True
        assert self._process is not None
        with contextlib.suppress(OSError):  # a process that is gone is reported by _receive
            _input(self._process).write(json.dumps({"batches": [asdict(batch) for batch in batches]}) + "\n")
            _input(self._process).flush()
        return from_dicts(self._receive()["results"])

    def _receive(self) -> dict[str, Any]:
        assert self._process is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            said = self._process.stderr.read().strip().splitlines()[-3:] if self._process.stderr else []
            self.close()
            raise QualityError(
                "the checking process ended early", where=" | ".join(said) or None, fix="run again with -v"
            )
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise QualityError(f"the checks could not run: {message['error']}", fix="mirrorlake doctor; then run again")
        return message

    def close(self) -> None:
        """End the process; it has nothing to save."""
        process, self._process, self._ready = self._process, None, False
        if process is not None:
            process.kill()
            process.communicate()


def _input(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin
