"""How a retry is told: by Python's own logging. stamina's own hook would print it to standard output, among results."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stamina.instrumentation import RetryDetails


def log_retries() -> None:
    """Make every retry of stamina a line of this module's logger; whoever retries calls this first."""
    from stamina.instrumentation import set_on_retry_hooks

    set_on_retry_hooks([_log_retry])


def _log_retry(details: RetryDetails) -> None:
    logging.getLogger(__name__).info(
        "attempt %d failed, again in %.1f s: %s", details.retry_num, details.wait_for, details.caused_by
    )
