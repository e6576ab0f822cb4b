"""A job's arguments."""

from __future__ import annotations

from collections.abc import Sequence


class GlueArgumentError(Exception):
    """A named argument was not given."""


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, str]:  # noqa: N802 (AWS's name)
    """The values of ``options`` in ``args``, given as ``--NAME value`` or ``--NAME=value``; all are required."""
    found: dict[str, str] = {}
    words = list(args[1:])
    for position, word in enumerate(words):
        if not word.startswith("--"):
            continue
        name, equals, value = word.removeprefix("--").partition("=")
        following = words[position + 1] if position + 1 < len(words) else ""
        found[name.replace("-", "_")] = value if equals else following
    missing = [name for name in options if name.replace("-", "_") not in found]
    if missing:
        raise GlueArgumentError(f"the following arguments are required: {', '.join(f'--{name}' for name in missing)}")
    return {name.replace("-", "_"): found[name.replace("-", "_")] for name in options}
