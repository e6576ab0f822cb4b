"""Keeps the stand-ins up until it is told to end: ``python -m rehearsal.supervisor DATA``.

While they are up, ``DATA/standins.env`` tells the platform where they are, and ``DATA/standins/state.json`` who keeps
them. Both go away with them.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from pipeline.process import Process, is_dead, this_process
from rehearsal.base import StandInError
from rehearsal.standins import VARIABLES, StandIns, write_variables

FOLDER = "standins"
STATE = "state.json"
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
    standins = StandIns(folder)
    try:
        with standins:
            write_variables(variables, standins.variables)
            ports = {each.name: each.port for each in standins.all}
            told = {"keeper": asdict(this_process()), "ports": ports}
            write_variables(state, {})
            state.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
            yield standins
    finally:
        variables.unlink(missing_ok=True)
        state.unlink(missing_ok=True)


def keeper_of(data: Path) -> Process | None:
    """Who keeps the stand-ins of ``data`` up; None where they are not. What a killed keeper left is cleared away."""
    state = data / FOLDER / STATE
    try:
        keeper = Process(**json.loads(state.read_text(encoding="utf-8"))["keeper"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not is_dead(keeper):
        return keeper
    state.unlink(missing_ok=True)
    (data / VARIABLES).unlink(missing_ok=True)
    return None


def main() -> None:
    """Keep them up until SIGTERM or SIGINT, or until one of them ends."""
    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        with standing(Path(sys.argv[1])) as standins:
            print("up", flush=True)
            detach()
            while not over.wait(WATCH_SECONDS):
                for each in standins.all:
                    if not each.is_up:
                        raise each.failed("ended by itself")
    except StandInError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def detach() -> None:
    """Let go of the standard streams of the shell that started this; its log takes them."""
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 1)


if __name__ == "__main__":
    main()
