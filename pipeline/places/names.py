"""Names of places as people type them: which could be one, when two are the same, what was nearly meant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from lake.errors import UsageError

LONGEST_NAME = 100

# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
    | {"ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "’": "'", "‘": "'", "ʻ": "'", "–": "-"}
)


def fold(text: str) -> str:
    """For comparing names: no case, no accents, single spaces, no full stops (``St. Louis`` is ``st louis``)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN_LETTERS))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(text.casefold().replace(".", " ").split())


def clean(name: str) -> str:
    """``name`` if it could be a place's; UsageError for what never is one."""
    text = name.strip()
    fix = "give a city ('New York', 'München', 'Springfield, IL', 'Paris, FR') or a recorded station (JFK, LGA, EWR)"
    if not text:
        raise UsageError("the name of a place is empty", fix=fix)
    if len(text) > LONGEST_NAME:
        raise UsageError(f"the name of a place has {len(text):,} characters; at most {LONGEST_NAME} are read", fix=fix)
    odd = "".join(char for char in text if char not in " ,.'’‘ʻ()-–_" and unicodedata.category(char)[0] not in "LMN")
    if odd or not any(char.isalnum() for char in text):
        shown = ascii(odd[:5] or text[:20])
        raise UsageError(
            f"a place's name has letters, digits, spaces and - _ ' . , ( ) only; this one has {shown}", fix=fix
        )
    return text


def suggestions(wanted: str, known: Iterable[str]) -> list[str]:
    """Up to five names that are spelled nearly so."""
    return get_close_matches(wanted, list(known), n=5, cutoff=0.75)
