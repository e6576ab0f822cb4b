"""The dbt process: ``python -m pipeline.dbtworker.server``, started by ``worker`` and spoken to in JSON lines.

It reads one line of settings, imports dbt and parses the project while the run's other stages work, keeps the manifest,
and builds whenever a line asks for it. When its standard input ends, its parent has gone, and it goes too: also amid a
build, which the database's own transactions survive.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from pipeline.dbtworker.outcome import DbtFailedError, release, summary

Send = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Project:
    """Where the project, its profiles and the folder for dbt's own files (parsed project, compiled SQL, log) are."""

    project: Path
    profiles: Path
    state: Path
    target: str

    @property
    def arguments(self) -> list[str]:
        """What every dbt command is given: quiet, no network, nothing written into the project."""
        return [
            *("--project-dir", str(self.project), "--profiles-dir", str(self.profiles), "--target", self.target),
            *("--target-path", str(self.state / "target"), "--log-path", str(self.state / "logs")),
        ]


# Before the command, where dbt's global flags stand.
GLOBAL_FLAGS = [
    *("--quiet", "--no-use-colors", "--no-version-check", "--no-send-anonymous-usage-stats"),
    *("--log-level", "none", "--log-level-file", "none"),
]


def parse(project: Project) -> Any:
    """Import dbt, parse the project, give its manifest.

    dbt takes up what it parsed the last time, and reads all files where that is damaged or of another version.
    """
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke([*GLOBAL_FLAGS, "parse", *project.arguments])
    if not outcome.success:
        raise DbtFailedError(f"dbt cannot read its project: {outcome.exception}", str(project.project))
    return outcome.result


def build(project: Project, manifest: Any, request: Mapping[str, Any], send: Send) -> dict[str, Any]:
    """Run ``dbt build`` on the parsed project; every node that ends is sent as progress.

    ``request``: ``vars`` (mapping), ``select`` and ``exclude`` (lists of dbt's selectors), ``unit_tests`` and
    ``full_refresh`` (booleans). Raises DbtFailedError if a model, or dbt itself, fails.
    """
    from dbt.cli.main import dbtRunner

    command = [*GLOBAL_FLAGS, "--no-write-json", "build", *project.arguments, "--vars", json.dumps(request["vars"])]
    for flag in ("select", "exclude"):
        command += [f"--{flag}", *request[flag]] if request[flag] else []
    command += ["--indirect-selection", "buildable"]  # no test that also reads a model which is not built
    command += [] if request["unit_tests"] else ["--exclude-resource-type", "unit_test"]
    command += ["--full-refresh"] if request["full_refresh"] else []
    try:
        outcome = dbtRunner(manifest=manifest, callbacks=[_progress(send)]).invoke(command)
        results = getattr(outcome.result, "results", None)
        if outcome.exception is not None or results is None:
            raise DbtFailedError(f"dbt could not build: {outcome.exception}")
        return summary(results)
    finally:
        release()


def _progress(send: Send) -> Callable[[Any], None]:
    """A dbt callback that sends one line for every node that ends."""
    done, total = 0, 0
    lock = threading.Lock()

    def watch(event: Any) -> None:
        nonlocal done, total
        if event.info.name == "ConcurrencyLine":
            total = event.data.node_count
        elif event.info.name == "NodeFinished":
            info = event.data.node_info
            with lock:
                done += 1
                send(
                    {"event": "progress", "done": done, "total": total, "name": info.node_name}
                    | {"kind": info.resource_type, "status": info.node_status}
                )

    return watch


def serve(requests: Callable[[], str | None], send: Send) -> None:
    """Parse, say so, then answer build requests until there are none. The first line is the settings."""
    first = requests()
    if first is None:
        return
    settings = json.loads(first)
    os.environ.update(settings["environment"])
    folders = {key: Path(settings[key]) for key in ("project", "profiles", "state")}
    project = Project(**folders, target=settings["target"])
    began = time.perf_counter()
    # Nothing of what importing and parsing make becomes garbage: collecting it meanwhile only costs time.
    gc.disable()
    manifest = _answer(lambda: {"event": "ready", "manifest": parse(project)}, send, began)
    gc.freeze()
    gc.enable()
    while manifest is not None and (line := requests()) is not None:
        request, began = json.loads(line), time.perf_counter()
        _answer(lambda: {"event": "result", **build(project, manifest, request, send)}, send, began)  # noqa: B023


def _answer(work: Callable[[], dict[str, Any]], send: Send, began: float) -> Any:
    """Send what ``work`` gives, or how it failed; the manifest that it made is kept here, not sent."""
    try:
        answer = work()
    except ImportError as error:
        send({"event": "missing", "package": error.name or str(error)})
        return None
    except DbtFailedError as error:
        send({"event": "failed", "message": str(error), "path": error.path})
        return None
    except Exception as error:
        traceback.print_exc()
        send({"event": "failed", "message": f"the dbt process met {type(error).__name__}: {error}", "path": None})
        return None
    manifest = answer.pop("manifest", None)
    send(answer | {"seconds": round(time.perf_counter() - began, 3)})
    return manifest


class Requests:
    """The lines of ``stream``, read in a thread, so that its end is seen during work too.

    At the end there is nobody to answer: whoever waits for a line gets None; where a line is being worked on, or has
    yet to be, ``leave`` ends the process at once.
    """

    def __init__(self, stream: TextIO, leave: Callable[[int], Any] = os._exit) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._open = 0  # lines that came and are not answered
        self._lock = threading.Lock()
        self._working = False
        threading.Thread(target=self._read, args=(stream, leave), daemon=True).start()

    def _read(self, stream: TextIO, leave: Callable[[int], Any]) -> None:
        for line in stream:
            with self._lock:
                self._open += 1
            self._lines.put(line)
        with self._lock:
            if self._open:
                leave(1)
        self._lines.put(None)

    def __call__(self) -> str | None:
        """The next line, which answers the one before; None at the end."""
        with self._lock:
            self._open -= self._working
        line = self._lines.get()
        self._working = line is not None
        return line


def main() -> None:
    """Keep standard output for the answers; whatever prints goes to standard error, which the parent keeps."""
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def send(answer: Mapping[str, Any]) -> None:
        channel.write(json.dumps(answer, default=str) + "\n")

    serve(Requests(sys.stdin), send)


if __name__ == "__main__":
    main()
