"""What the drill starts: the real command line, with an observer that writes down each commit point and may kill.

Run as a file, with the project's copy on the path. ``DRILL_LEDGER`` is the file to write to, one JSON line per commit
point and moment. ``DRILL_KILL`` (JSON) says where to die: ``key``, ``count`` (the how manieth of that key) and
``moment``. ``DRILL_BUG`` plants a bug.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path

RUN_ID = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")
CALL = re.compile(r"-\d{8}T\d{12}\.json$")


def key_of(site: str, path: str, data: str) -> str:
    """A commit point's name: the same in every run, wherever its data lie."""
    return f"{site} {CALL.sub('-<time>.json', RUN_ID.sub('<run>', path.replace(data, '')))}"


class Observer:
    """Counts the commit points of this process, writes them down, and kills it at the chosen one."""

    def __init__(self) -> None:
        self._ledger = os.open(os.environ["DRILL_LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._kill = json.loads(os.environ.get("DRILL_KILL", "null"))
        self._data = os.environ["MIRRORLAKE_DATA"]
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def __call__(self, moment: str, site: str, path: str) -> None:
        key = key_of(site, path, self._data)
        with self._lock:
            self._seen[moment, key] += 1
            point = {"moment": moment, "site": site, "key": key, "count": self._seen[moment, key]}
            os.write(self._ledger, json.dumps(point).encode() + b"\n")
            if self._kill and all(point[name] == self._kill[name] for name in ("moment", "key", "count")):
                die()


def die() -> None:
    """As by ``kill -9``: nothing is closed, flushed or tidied."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def main() -> None:
    from lake import writes

    if bug := os.environ.get("DRILL_BUG"):
        sys.path.append(str(Path(__file__).parent))
        import bugs

        bugs.plant(bug)
    writes.observe(Observer())
    from pipeline.cli import main as command_line

    sys.exit(command_line())


if __name__ == "__main__":
    main()
