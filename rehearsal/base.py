"""What every stand-in is: a server of its own process that ends with the process that started it.

It picks a free port itself and says so in one line of JSON on its standard output, once it answers. Its standard input
is the line by which it notices that its parent is gone. What it prints goes to ``<folder>/<name>.log``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from lake.errors import MirrorlakeError
from pipeline.helper_process import end, stream

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
LAST_LINES = 8
# What the caller has set must neither reach a server nor a job that it starts: they would reach the real AWS.
_FOREIGN = ("MIRRORLAKE_", "AWS_", "SNOWFLAKE_", "PG", "LAKE_ENV", "PYTHON", "FAKESNOW_", "MOTO_", "COV_")


class StandInError(MirrorlakeError):
    """A stand-in did not start, or ended."""


class StandIn:
    """One server. ``folder`` keeps its files and its log; ``facts`` is what it said of itself when it was ready."""

    name: ClassVar[str]
    module: ClassVar[str]
    ready_seconds: ClassVar[float] = 60.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{self.name}.log"
        self.scratch = folder / "tmp"  # what it puts among temporary files, and does not clear away (fakesnow)
        self.facts: dict[str, Any] = {}
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """The port that it chose; StandInError while it is not up."""
        if "port" not in self.facts:
            raise StandInError(f"{self.name} is not up", where=str(self.log), fix="start it first")
        return int(self.facts["port"])

    @property
    def is_up(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def arguments(self) -> list[str]:
        """What its module is called with."""
        return ["--folder", str(self.folder)]

    def environment(self) -> dict[str, str]:
        """Variables that it alone is given: secrets, which no list of processes may show."""
        return {}

    def start(self) -> StandIn:
        """Start the process, once, and return; ``wait`` tells when it answers, or why it does not."""
        if self._process is not None:
            return self
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear_scratch()
        self.scratch.mkdir()
        self.facts = {}
        with self.log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                [str(standins_python()), "-P", "-m", self.module, *self.arguments()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
                env={
                    **clean(os.environ),
                    **self.environment(),
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUNBUFFERED": "1",
                    "TMPDIR": str(self.scratch),
                },
                start_new_session=True,  # Ctrl-C is the starter's to handle
            )
        return self

    def wait(self) -> StandIn:
        """Wait until it answers; StandInError with the end of its log if it ended, or took too long."""
        if self.facts:
            return self
        assert self._process is not None, "start() comes first"
        alarm = threading.Timer(self.ready_seconds, self._process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            line = stream(self._process.stdout).readline()
        finally:
            alarm.cancel()
        if not line:
            self.stop()
            raise self.failed("did not start")
        self.facts = json.loads(line)
        return self

    def failed(self, how: str) -> StandInError:
        """The error for this stand-in, with the last lines that it printed."""
        last = self.log.read_text("utf-8", errors="replace").strip().splitlines()[-LAST_LINES:]
        return StandInError("\n  ".join([f"the stand-in {self.name} {how}", *last]), where=str(self.log))

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """End it: by closing its standard input, then by force. Does nothing where it is not up."""
        process, self._process = self._process, None
        self.facts = {}
        if process is None:
            return
        end(process, timeout_seconds)
        self._clear_scratch()

    def _clear_scratch(self) -> None:
        """Here and not in the server, which may be killed."""
        shutil.rmtree(self.scratch, ignore_errors=True)


def standins_python() -> Path:
    """The Python that stand-ins run on; StandInError where it is not installed."""
    python = ROOT / ".venvs" / "standins" / "bin" / "python"
    if not python.exists():
        raise StandInError(
            "the environment of the stand-ins is not installed", where=str(python.parent.parent), fix="just rehearse"
        )
    return python


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """``environment`` without what belongs to the caller's own clouds and Pythons."""
    return {name: value for name, value in environment.items() if not name.startswith(_FOREIGN)}
