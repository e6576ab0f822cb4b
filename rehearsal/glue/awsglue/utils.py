"""A job's arguments, read as strictly as Glue's own library reads them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

# What Glue itself gives to a job: no name of these may be a job's own.
RESERVED = (
    "job-bookmark-option",
    "job-bookmark-from",
    "job-bookmark-to",
    "continuation-option",
    "encryption-type",
    "JOB_ID",
    "JOB_RUN_ID",
    "SECURITY_CONFIGURATION",
)
GIVEN = ("TempDir", "RedshiftTempDir")


class GlueArgumentError(Exception):
    """A named argument was not given, or without a value."""


class _Parser(argparse.ArgumentParser):
    """Takes ``--NAME value`` and ``--NAME=value``; the beginning of one name only stands for the whole."""

    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 (AWS's name)
    """The values of ``options`` in ``args``, all of which are required; what else stands there is passed over."""
    taken = [name for name in options if name in RESERVED]
    if taken:
        raise RuntimeError(f"Glue keeps these names for itself: {', '.join(taken)}")
    parser = _Parser()
    for name in (*RESERVED, *GIVEN):
        parser.add_argument(f"--{name}")
    for name in options:
        if name not in GIVEN:
            parser.add_argument(f"--{name}", required=True)
    return vars(parser.parse_known_args(list(args[1:]))[0])
