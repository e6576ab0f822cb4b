"""A hint is a likelihood beside a verdict: whatever goes wrong in looking for one, the comparison does without it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from pipeline.observe import logs

Found = TypeVar("Found")


def looked_for(look: Callable[[], Found], otherwise: Found) -> Found:
    """What ``look`` finds; ``otherwise`` if it fails, which is logged: where, and not with what values."""
    try:
        return look()
    except Exception as error:
        at = "".join(traceback.format_tb(error.__traceback__))
        logs.event("hint_failed", reason=type(error).__name__, traceback=at)
        return otherwise
