"""Regular expressions that every judge reads alike: Polars (Rust), DuckDB (RE2), Postgres, Snowflake and Python.

The subset: literals, classes ``[...]``, groups ``(a|b)``, quantifiers ``? * + {m} {m,n}``, anchored as ``^...$``.
Everything else (backslashes, ``.``, lookarounds, backreferences, lazy quantifiers, flags, POSIX classes) is refused:
``\\d`` differs in what it takes for a digit, ``.`` in what it does with a line break, a backslash in how SQL quotes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from string import ascii_lowercase, ascii_uppercase, digits

from lake.errors import ContractError

SUBSET = "^...$ around literals, classes like [A-Z0-9_], groups (a|b) and the quantifiers ? * + {m} {m,n}"
_QUANTIFIER = re.compile(r"\?|\*|\+|\{(\d{1,3})(,(\d{0,3}))?\}")
_LITERAL = re.compile(r"[^\\^$.|?*+()\[\]{}]")


@dataclass(frozen=True)
class _Piece:
    """A class of characters, or a group of branches, that stands ``least`` to ``most`` times (None: without end)."""

    characters: str | None
    branches: tuple[tuple[_Piece, ...], ...]
    least: int
    most: int | None


def _refuse(pattern: str, what: str) -> ContractError:
    return ContractError(f"pattern {pattern!r}: {what}", fix=f"use only what every backend reads alike: {SUBSET}")


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 1
        self.end = len(pattern) - 1

    def branches(self, *, inside: bool) -> tuple[tuple[_Piece, ...], ...]:
        found: list[tuple[_Piece, ...]] = []
        pieces: list[_Piece] = []
        while self.position < self.end and self.pattern[self.position] != ")":
            if self.pattern[self.position] == "|":
                if not inside:
                    raise _refuse(self.pattern, "'|' outside a group escapes the anchors; write ^(a|b)$")
                found.append(self._branch(pieces))
                pieces = []
                self.position += 1
            else:
                pieces.append(self._piece())
        found.append(self._branch(pieces))
        return tuple(found)

    def _branch(self, pieces: list[_Piece]) -> tuple[_Piece, ...]:
        if not pieces:
            raise _refuse(self.pattern, "an empty branch")
        return tuple(pieces)

    def _piece(self) -> _Piece:
        sign = self.pattern[self.position]
        characters: str | None = None
        inner: tuple[tuple[_Piece, ...], ...] = ()
        if sign == "(":
            self.position += 1
            if self.pattern[self.position] == "?":
                raise _refuse(self.pattern, "'(?' (lookaround, flag or special group)")
            inner = self.branches(inside=True)
            if self.position >= self.end:
                raise _refuse(self.pattern, "a group that is not closed")
            self.position += 1
        elif sign == "[":
            characters = self._class()
        elif _LITERAL.match(sign):
            characters = sign
            self.position += 1
        else:
            hint = "; write a literal dot as [.]" if sign in ".\\" else ""
            raise _refuse(self.pattern, f"{sign!r} at position {self.position + 1}{hint}")
        return _Piece(characters, inner, *self._quantifier())

    def _class(self) -> str:
        close = self.pattern.find("]", self.position + 1, self.end)
        body = self.pattern[self.position + 1 : close]
        if close < 0 or not body or re.search(r"[\[\\^]|&&|--|~~", body):
            raise _refuse(self.pattern, "a class that is empty, negated, nested, not closed, or uses \\ ^ && -- ~~")
        self.position = close + 1
        characters: list[str] = []
        index = 0
        while index < len(body):
            if index + 2 < len(body) and body[index + 1] == "-":
                first, last = ord(body[index]), ord(body[index + 2])
                kinds = (ascii_uppercase, ascii_lowercase, digits)
                if first > last or not any(body[index] in kind and body[index + 2] in kind for kind in kinds):
                    raise _refuse(self.pattern, f"the range {body[index : index + 3]!r}")
                characters += [chr(code) for code in range(first, last + 1)]
                index += 3
            elif body[index] == "-" and 0 < index < len(body) - 1:
                raise _refuse(self.pattern, "'-' within a class; put a literal '-' last")
            else:
                characters.append(body[index])
                index += 1
        return "".join(characters)

    def _quantifier(self) -> tuple[int, int | None]:
        match = _QUANTIFIER.match(self.pattern, self.position, self.end)
        if not match:
            return 1, 1
        self.position = match.end()
        if _QUANTIFIER.match(self.pattern, self.position, self.end):
            raise _refuse(self.pattern, "a lazy, possessive or doubled quantifier")
        if match.group() in "?*+":
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[match.group()]
        least = int(match.group(1))
        most = least if match.group(2) is None else int(match.group(3)) if match.group(3) else None
        if (most or least) > 255 or (most is not None and most < least):
            raise _refuse(self.pattern, f"the quantifier {match.group()}; Postgres counts to 255, upwards")
        return least, most


@lru_cache(maxsize=256)
def _parse(pattern: str) -> tuple[_Piece, ...]:
    if len(pattern) < 3 or not pattern.startswith("^") or not pattern.endswith("$"):
        raise _refuse(pattern, "it must begin with ^ and end with $, so that it speaks of the whole value")
    parser = _Parser(pattern)
    (pieces,) = parser.branches(inside=False)
    if parser.position != parser.end:
        raise _refuse(pattern, f"{pattern[parser.position]!r} at position {parser.position + 1}")
    return pieces


def check_pattern(pattern: str) -> None:
    """Refuse (ContractError) a pattern outside the common subset."""
    _parse(pattern)


def matches(pattern: str, value: str) -> bool:
    """Whether the whole value matches; Python's own ``$`` would also stop before a last line break."""
    return re.fullmatch(pattern[1:-1], value) is not None


def text_matching(pattern: str, chance: Random, length: int | None = None) -> str:
    """A text that matches; with ``length``, stretched to that many characters where a quantifier allows it."""
    pieces = _parse(pattern)
    text = _write(pieces, chance, 0)
    if length is not None and len(text) < length:
        text = _write(pieces, chance, length - len(_write(pieces, chance, 0, shortest=True)), shortest=True)
    return text


def _write(pieces: tuple[_Piece, ...], chance: Random, extra: int, *, shortest: bool = False) -> str:
    parts: list[str] = []
    for piece in pieces:
        most = piece.least + 6 if piece.most is None else piece.most
        times = piece.least if shortest else chance.randint(piece.least, min(most, piece.least + 6))
        if extra > 0 and piece.characters:
            more = extra if piece.most is None else min(extra, piece.most - piece.least)
            times, extra = times + more, extra - more
        for _ in range(times):
            branch = piece.characters or _write(chance.choice(piece.branches), chance, 0, shortest=shortest)
            parts.append(chance.choice(branch) if piece.characters else branch)
    return "".join(parts)
