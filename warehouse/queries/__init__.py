"""The numbered analytical queries: one SQL file each, in the subset that all databases understand alike.

A file's first line is ``-- question: ...``, the question that it answers over the staged star schema. No dialect needs
a rewrite: order is total and says where nulls go, divisions are guarded, sums of floats are rounded as decimals, and
running hours replace arithmetic on timestamps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from lake.errors import ConfigError, UnknownChoiceError

_FILE = re.compile(r"(\d\d)_([a-z0-9_]+)\.sql")
_QUESTION = "-- question: "


@dataclass(frozen=True)
class Query:
    """One query; ``number`` is two digits, ``sql`` the whole file."""

    number: str
    name: str
    question: str
    sql: str


def queries() -> list[Query]:
    """All of them, by number."""
    found = ((match, path) for path in Path(__file__).parent.iterdir() if (match := _FILE.fullmatch(path.name)))
    return sorted((_read(match[1], match[2], path) for match, path in found), key=lambda query: query.number)


def query(word: str) -> Query:
    """The query of that number (``7``, ``07``) or name (``missing_hours``); an unknown one lists the known."""
    known = queries()
    for candidate in known:
        if word in (candidate.name, f"{candidate.number}_{candidate.name}") or word.zfill(2) == candidate.number:
            return candidate
    raise UnknownChoiceError("query", word, [f"{one.number} {one.name}" for one in known])


def _read(number: str, name: str, path: Path) -> Query:
    sql = path.read_text(encoding="utf-8")
    first = sql.splitlines()[0] if sql else ""
    if not first.startswith(_QUESTION):
        raise ConfigError(
            "the query does not say what it answers", where=str(path), fix=f"begin it with `{_QUESTION}...`"
        )
    return Query(number, name, first.removeprefix(_QUESTION).strip(), sql)
