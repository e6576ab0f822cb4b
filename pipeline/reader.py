"""Whoever reads our standard output, and may stop to: ``mirrorlake runs | head -1``."""

from __future__ import annotations

import os
import select
import sys


def has_gone() -> bool:
    """Whether nobody reads our standard output any more."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except (OSError, ValueError):
        return False  # it is no file, which nobody can have closed
    return any(event & select.POLLERR for _, event in poll.poll(0))


def forget() -> None:
    """Let what is still to be flushed at the end go nowhere, where it can fail no more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
