"""``python -m rehearsal`` (just rehearse): production's path on this machine, compared with the laptop's, row by row.

Without a command: stand-ins up, a dev run and a run of the environment ``rehearsal`` of the same dates, parity, and
everything down again. ``up`` leaves them up, set up and deployed to, but runs nothing; ``down`` and ``status``.
"""

from __future__ import annotations

import argparse
import signal
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType

from lake.errors import MirrorlakeError, UsageError
from pipeline import reader
from pipeline.cli import INTERRUPTED, TERMINATED, TerminatedError
from pipeline.dates import parse_date
from pipeline.settings import Settings, load_settings
from rehearsal import keeping
from rehearsal.dress import STAY_UP, rehearse, set_up

COMMANDS = ("up", "down", "status")


def main() -> int:
    """What the words ask for; the exit code. Who reads no further (``status | head -1``) is no fault."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        code = _answer()
        sys.stdout.flush()  # here, and not when Python ends
    except BrokenPipeError:
        if not reader.has_gone():
            raise
        reader.forget()
        return 0
    except KeyboardInterrupt as stopped:
        return _stopped(stopped)
    return code


def _terminated(_number: int, _frame: FrameType | None) -> None:
    raise TerminatedError


def _stopped(stopped: KeyboardInterrupt, data: Path | None = None) -> int:
    """Say by what it ended, and what stays in ``data``; the exit code that shells give for it."""
    terminated = isinstance(stopped, TerminatedError)
    print(f"the rehearsal was {'terminated' if terminated else 'interrupted'}", file=sys.stderr)
    if data is not None and keeping.keeper_of(data) is not None:
        print(STAY_UP, file=sys.stderr)
    return TERMINATED if terminated else INTERRUPTED


def _answer() -> int:
    told = _told()
    try:
        settings = load_settings("rehearsal")
    except MirrorlakeError as error:
        return _failed(error)
    try:
        if told.command is None:
            return rehearse(settings, _dates(told.first, told.last, settings), keep=told.keep)
        if told.command == "up":
            return _up(settings)
        return {"down": _down, "status": _status}[told.command](settings.data)
    except KeyboardInterrupt as stopped:
        return _stopped(stopped, None if told.command == "down" else settings.data)
    except MirrorlakeError as error:
        return _failed(error)


def _told() -> argparse.Namespace:
    """What the words say. An option that does not exist is named, and not the word after it taken for a command."""
    parser = argparse.ArgumentParser(prog="just rehearse", description=__doc__, allow_abbrev=False)
    parser.add_argument("command", nargs="?", metavar="{up,down,status}", help="the stand-ins without a run")
    parser.add_argument("--keep", action="store_true", help="leave the stand-ins up: mirrorlake --env rehearsal ...")
    parser.add_argument("--from", dest="first", metavar="DATE", help="first run date")
    parser.add_argument("--to", dest="last", metavar="DATE", help="last run date")
    told, unknown = parser.parse_known_args()
    options = [word for word in unknown if word.startswith("-")]
    if options:
        parser.error(f"unknown option {options[0]}; known are: --from, --to, --keep")
    wrong = unknown if told.command in (None, *COMMANDS) else [told.command]
    if wrong:
        parser.error(f"unknown word {wrong[0]!r}; known are: {', '.join(COMMANDS)} (one at most)")
    return told


def _failed(error: MirrorlakeError) -> int:
    print(f"error: {error}", file=sys.stderr)
    return error.exit_code


def _dates(first: str | None, last: str | None, settings: Settings) -> tuple[date, date]:
    default = settings.run.dates(datetime.now(UTC).date())
    begin = parse_date(first, "--from") if first else default[0]
    end = parse_date(last, "--to") if last else default[1]
    if end < begin:
        raise UsageError(
            f"--from {begin} is after --to {end}",
            where=f"--to is that of profiles/{settings.env}.toml" if last is None else None,
            fix="give both, in order",
        )
    return begin, end


def _up(settings: Settings) -> int:
    """Ready for a run, as an account would be: also where they were up already, for the code may be newer."""
    keeper = keeping.keeper_of(settings.data) or keeping.bring_up(settings.data)
    code = set_up(settings)
    print(f"\nthe stand-ins are up, kept by {keeper}: mirrorlake --env rehearsal ...; `just rehearse down` ends them")
    return code


def _down(data: Path) -> int:
    print("the stand-ins are down" if keeping.bring_down(data) else "the stand-ins were not up")
    return 0


def _status(data: Path) -> int:
    keeper = keeping.keeper_of(data)
    if keeper is None:
        print("the stand-ins are not up")
        return 1
    print(f"the stand-ins are up, kept by {keeper}")
    for name, port in keeping.ports(data).items():
        print(f"  {name:<10} 127.0.0.1:{port}   log: {data / keeping.FOLDER / name / f'{name}.log'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
