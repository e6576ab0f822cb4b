"""The run's side of the checking process: started early, asked late, closed with the run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lake.errors import MirrorlakeError
from pipeline.helper_process import HelperProcess
from pipeline.quality.model import Batch, CheckResult, from_dicts

READY_SECONDS = 120.0
CHECK_SECONDS = 3600.0


class QualityError(MirrorlakeError):
    """The checking process died, took too long or could not read what it was to check."""


class QualityWorker:
    """One checking process, which prints to ``<state>/worker.txt``. ``start`` returns at once."""

    def __init__(self, state: Path) -> None:
        self._helper = HelperProcess(
            "pipeline.quality.worker",
            "the checking process",
            state / "worker.txt",
            ended=QualityError,
            fix="run again: checks change nothing; if it comes again, mirrorlake doctor",
        )
        self._ready = False

    def start(self) -> None:
        """Start the process, if it is not running."""
        self._helper.start()

    def check(
        self, batches: Sequence[Batch], *, ready_seconds: float = READY_SECONDS, timeout_seconds: float = CHECK_SECONDS
    ) -> list[CheckResult]:
        """All rules of all batches, once the process is ready. QualityError where it cannot be done in time."""
        self.start()
        try:
            if not self._ready:
                self._receive(ready_seconds)
                self._ready = True
            self._helper.send({"batches": [asdict(batch) for batch in batches]})
            message = self._receive(timeout_seconds)
        except BaseException:
            self.close()  # so that the next start is a new one
            raise
        if "error" in message:
            raise QualityError(f"the checks could not run: {message['error']}", fix="mirrorlake doctor; then run again")
        return from_dicts(message["results"])

    def _receive(self, timeout_seconds: float) -> dict[str, Any]:
        with closing(self._helper.answers(timeout_seconds)) as answers:
            return next(answers)

    def close(self) -> None:
        """End the process; it has nothing to save."""
        self._ready = False
        self._helper.close(timeout_seconds=0.5)
