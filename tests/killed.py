"""What stands in a test for the end of a process: no handler of errors catches it."""

from __future__ import annotations


class Killed(BaseException):
    """Raised by an observer of ``lake.writes`` where the process shall end."""
