"""What a comparison found, as plain values: per table a verdict, what differs, where first, and the likely reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Verdict = Literal["equal", "different", "absent", "failed"]
LAYERS = ("silver", "gold", "staging", "raw", "marts", "published")


@dataclass(frozen=True)
class Subject:
    """One table to compare. ``key`` names its rows; ``decimals`` is p of "floats are equal when |a-b| <= 10**-p".

    ``event`` is the column of the event's day, if there is one, ``period`` what it is truncated to (``day``,
    ``month``). ``sensitive`` columns are compared, but their values are never shown.
    """

    layer: str
    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    decimals: Mapping[str, int] = field(default_factory=dict)
    event: str | None = None
    period: str = "day"
    sensitive: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """Layer and table."""
        return f"{self.layer}.{self.table}"


@dataclass(frozen=True)
class ColumnDifference:
    """A column that one side lacks (None), or that is of another kind there."""

    column: str
    left: str | None
    right: str | None


@dataclass(frozen=True)
class Keys:
    """Keys of one kind (doubled on a side, or on one side only): how many, and the first of them."""

    count: int = 0
    examples: tuple[tuple[object, ...], ...] = ()


@dataclass(frozen=True)
class ValueExample:
    """One differing value: the row's key, and both values."""

    key: tuple[object, ...]
    left: object
    right: object


@dataclass(frozen=True)
class ValueDifference:
    """A column whose values differ in so many rows; the first of them by key, and the likely reason."""

    column: str
    rows: int
    examples: tuple[ValueExample, ...]
    trap: str | None = None


@dataclass(frozen=True)
class TableParity:
    """One table. ``hints`` are for people: what the traps mean, and what follows from the keys."""

    layer: str
    table: str
    verdict: Verdict
    key: tuple[str, ...] = ()
    left_rows: int | None = None
    right_rows: int | None = None
    columns: tuple[ColumnDifference, ...] = ()
    doubled_left: Keys = Keys()
    doubled_right: Keys = Keys()
    only_left: Keys = Keys()
    only_right: Keys = Keys()
    values: tuple[ValueDifference, ...] = ()
    differing_rows: int = 0
    hints: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0

    @property
    def is_off(self) -> bool:
        """Whether there is something to say about it."""
        return self.verdict in ("different", "failed")

    @property
    def what_differs(self) -> str:
        """One line on a table that is not equal; empty for others."""
        if self.error:
            return self.error.splitlines()[0]
        told = [
            (len(self.columns), "column", "of another kind or on one side only"),
            (self.doubled_left.count + self.doubled_right.count, "key", "more than once"),
            (self.only_left.count + self.only_right.count, "key", "on one side only"),
            (self.differing_rows, "row", "with other values"),
        ]
        return "; ".join(f"{count:,} {what}{'s' * (count != 1)} {rest}" for count, what, rest in told if count)


@dataclass(frozen=True)
class Parity:
    """All of it. ``left`` and ``right`` are names, ``places`` where each side's tables lie (never with a password).

    ``notes`` say what has to be known of the sides before any difference is looked into.
    """

    left: str
    right: str
    places: Mapping[str, Mapping[str, str]]
    days: tuple[date, date] | None
    tables: tuple[TableParity, ...]
    seconds: float
    compared_at: str
    notes: tuple[str, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """How many tables came out so."""
        return sum(table.verdict == verdict for table in self.tables)

    @property
    def is_equal(self) -> bool:
        """Whether something was compared, and nothing differed or failed."""
        return self.count("equal") > 0 and not self.count("different") and not self.count("failed")

    @property
    def summary(self) -> str:
        """One sentence."""
        rows = sum(table.left_rows or 0 for table in self.tables if table.verdict == "equal")
        told = [f"{self.count('equal')} tables equal ({rows:,} rows)"]
        off: tuple[Verdict, ...] = ("different", "failed")
        told += [f"{self.count(word)} {word}" for word in off if self.count(word)]
        if self.count("absent"):
            told.append(f"{self.count('absent')} on neither side")
        return ", ".join(told)


def text(value: object) -> str:
    """A value as people read it: null and the empty text in words, times in ISO 8601."""
    if value is None or value == "":
        return "null" if value is None else "(empty)"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)
