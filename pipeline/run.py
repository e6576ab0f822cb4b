"""``python -m pipeline.run``: the same as ``mirrorlake run``; and the entry point of ``mirrorlake``."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the ``mirrorlake`` script."""
    from pipeline.cli import main as run_cli

    sys.exit(run_cli())


if __name__ == "__main__":
    sys.argv.insert(1, "run")
    main()
