"""``python -m pipeline.run``: the same as ``mirrorlake run``; and the entry point of ``mirrorlake``."""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Entry point of the ``mirrorlake`` script."""
    from pipeline.cli import main as run_cli

    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run_cli())


def _terminated(_number: int, _frame: FrameType | None) -> None:
    from pipeline.cli import TerminatedError

    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # who says it twice means it
    raise TerminatedError


if __name__ == "__main__":
    sys.argv.insert(1, "run")
    main()
