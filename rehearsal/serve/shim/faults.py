"""Faults that a test orders: what the next matching statements meet, before they run or after.

``error`` is an answer of Snowflake's with a number, ``http`` a status, ``delay`` a pause, ``drop`` a connection that
ends in the midst of the answer, ``expire`` a session that the connector can renew, ``expire_for_good`` one that it
cannot, whose open transaction is rolled back.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

KINDS = ("error", "http", "delay", "drop", "expire", "expire_for_good")


@dataclass
class Fault:
    """One order. ``when``: ``before`` the statement runs, or ``after`` it has, so that only its answer is lost."""

    kind: str
    matching: str = ""
    times: int = 1
    when: str = "before"
    code: str = "000604"
    message: str = "the stand-in was told to fail"
    status: int = 503
    seconds: float = 0.0


class Faults:
    """The orders that stand."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()

    def order(self, fault: Fault) -> None:
        """Take an order."""
        if fault.kind not in KINDS:
            raise ValueError(f"unknown fault {fault.kind!r}: choose one of {', '.join(KINDS)}")
        with self._lock:
            self._orders.append(fault)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._orders.clear()

    def due(self, statement: str) -> Fault | None:
        """The fault for this statement, which counts as had."""
        with self._lock:
            for fault in self._orders:
                if fault.times > 0 and re.search(fault.matching, statement, re.I | re.S):
                    fault.times -= 1
                    return fault
        return None
