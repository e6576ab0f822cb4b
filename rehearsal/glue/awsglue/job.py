"""A job's beginning and end; bookmarks are not kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Job:
    """``init`` and ``commit``, as a script calls them."""

    def __init__(self, glue_context: Any) -> None:
        self.name = ""

    def init(self, job_name: str, args: Mapping[str, str] | None = None) -> None:
        """Begin."""
        self.name = job_name

    def commit(self) -> None:
        """End; printed, so that the log shows that the script got there."""
        print(f"job {self.name}: committed", flush=True)
