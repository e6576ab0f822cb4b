"""Keeps the stand-ins up until it is told to end: ``python -m rehearsal.supervisor DATA``.

While they are up, ``DATA/standins.env`` tells the platform where they are, and ``DATA/standins/state.json`` who keeps
them. Both go away with them.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from pipeline.process import this_process
from rehearsal.base import StandInError
from rehearsal.keeping import FOLDER, STATE, keeper_of
from rehearsal.standins import VARIABLES, StandIns, write_variables

WATCH_SECONDS = 1.0


@contextlib.contextmanager
def standing(data: Path) -> Iterator[StandIns]:
    """The stand-ins up, and told of in ``data``; StandInError where somebody keeps them up already."""
    keeper = keeper_of(data)
    if keeper is not None:
        raise StandInError(f"the stand-ins are up already, kept by {keeper}", where=str(data), fix="just rehearse down")
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    state, variables = folder / STATE, data / VARIABLES
    try:
        with StandIns(folder, strict=True) as standins:
            write_variables(variables, standins.variables)
            told = {"keeper": asdict(this_process()), "ports": {each.name: each.port for each in standins.all}}
            new = state.with_suffix(".new")
            new.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            new.replace(state)
            yield standins
    finally:
        variables.unlink(missing_ok=True)
        state.unlink(missing_ok=True)


def main() -> None:
    """Keep them up until SIGTERM or SIGINT, or until one of them ends."""
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        with standing(Path(sys.argv[1])) as standins:
            while not over.wait(WATCH_SECONDS):
                for each in standins.all:
                    if not each.is_up:
                        raise each.failed("ended by itself")
    except StandInError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
