"""A call to a bucket, tried again while what keeps it from succeeding may pass by itself.

obstore repeats most requests itself; not one whose answer is cut off in its middle, nor a delete that times out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lake.retries import log_retries
from lake.storage.faults import is_passing

Result = TypeVar("Result")
LONGEST_WAIT_SECONDS = 5.0
FIRST_WAIT_SECONDS = 0.1


def again(call: Callable[[], Result], seconds: float) -> Result:
    """The result of ``call``, which must be safe to repeat; its error when ``seconds`` are over."""
    import stamina

    log_retries()
    for attempt in stamina.retry_context(
        on=is_passing, attempts=None, timeout=seconds, wait_initial=FIRST_WAIT_SECONDS, wait_max=LONGEST_WAIT_SECONDS
    ):
        with attempt:
            return call()
    raise AssertionError  # the last attempt has returned or raised
