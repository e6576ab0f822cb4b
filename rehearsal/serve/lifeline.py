"""How a server hangs on the process that started it: by its standard input, which closes when that process ends."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from collections.abc import Callable

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def ready(**facts: object) -> None:
    """Say that the server answers, and how to reach it."""
    print(json.dumps(facts), flush=True)


def watch(stop: Callable[[], object]) -> None:
    """Call ``stop`` once, in a thread, when the starter closes the line, ends or is killed."""

    def wait() -> None:
        os.read(0, 1)  # nothing is ever written to it: this returns when it is closed
        stop()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def die_with_parent(number: int = signal.SIGKILL) -> Callable[[], None]:
    """A ``preexec_fn`` for a child that cannot watch a line: the kernel signals it when its parent dies (Linux).

    For children of a main thread: the kernel means the thread that forked, not its process.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    library = ctypes.CDLL(None, use_errno=True)
    return lambda: library.prctl(_SET_PARENT_DEATH_SIGNAL, number)
