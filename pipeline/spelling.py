"""Commands in hints, spelled so that they work when they are pasted: for the environment and the data folder at work.

A hint is written as for ``dev`` with its own data folder (``mirrorlake run``), by code that may know neither. Who
prints it puts it through ``spelled``; ``load_settings`` has noted what was loaded last.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

# Not for these: they name their environments themselves, or need none. Nor where the hint itself says --env.
_COMMAND = re.compile(
    r"(?<![\w./=-])(?:(?P<recipe>just (?:dashboard|dev-run))|mirrorlake(?= (?!tour|parity|contracts|gold)[a-z]))\b"
    r"(?![^;,:()\n]*--env\b)"
)


@dataclass(frozen=True)
class Spelling:
    """``env`` and ``data`` where they are not those of a command that says nothing, else None."""

    env: str | None = None
    data: str | None = None

    def of(self, text: str) -> str:
        """``text`` with each command of ours spelled so."""
        return _COMMAND.sub(self._command, text)

    def _command(self, found: re.Match[str]) -> str:
        words = [f"MIRRORLAKE_DATA={shlex.quote(self.data)}"] if self.data else []
        if found["recipe"]:
            words += [f"LAKE_ENV={self.env}"] if self.env else []
            return " ".join([*words, found["recipe"]])
        return " ".join([*words, "mirrorlake", *(["--env", self.env] if self.env else [])])


_at_work: list[Spelling] = []  # the one that was loaded last, if any


def note(*, env: str | None, data: Path | None, root: Path) -> None:
    """From here on hints are meant for this; ``env`` and ``data`` are None where a command need not say them."""
    shown = data.relative_to(root) if data is not None and data.is_relative_to(root) else data
    _at_work[:] = [Spelling(env, str(shown) if shown is not None else None)]


def forget() -> None:
    """From here on hints stay as they are written, because more than one environment is at work."""
    _at_work.clear()


def spelled(text: str) -> str:
    """A hint, an error or a line of a report, for who is to paste the commands that it names."""
    return _at_work[0].of(text) if _at_work else text
