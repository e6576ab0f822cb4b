"""The known reasons for which databases give different values, recognised by how the values differ.

Each judge looks at a sample of pairs and says yes only when every pair fits. A reason is a likelihood: it is where to
look first, not what was proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipeline.parity import trap_numbers as numbers
from pipeline.parity import trap_words as words
from pipeline.parity.model import ColumnDifference
from pipeline.parity.trap_words import Pair, collated
from warehouse.kinds import NUMBERS, TIMES

ORDER = "order"
MEANING = {
    "rounding": "rounding: a half goes up on one side and to the even digit on the other; round by the one helper",
    "truncation": "truncation: a fraction became a whole number, cut off on one side and rounded on the other; round "
    "before the cast",
    "integer division": "integer division: one side divides whole numbers and drops the rest; use safe_divide or "
    "multiply by 1.0",
    "division by zero": "division by zero: infinity or NaN on one side, nothing on the other; use safe_divide",
    "decimal scale": "decimal scale: one side keeps fewer decimal places; cast both to one precision and scale",
    "float width": "float width: one side stores or computes in 32 bits; declare the column as double",
    "null order": "null order: rows are numbered or the first is taken in an order that does not say where nulls go; "
    "write NULLS FIRST or NULLS LAST",
    "null handling": "null handling: null on one side, a value on the other; greatest, concat and sums over nothing "
    "treat null differently, and an order without NULLS FIRST or LAST picks another row",
    "empty text": "empty text: the empty text of one side is null on the other",
    "string collation": "string collation: texts are compared by language or without case on one side, by code point "
    "on the other; compare and sort under one collation",
    "identifier case": "identifier case: the same name in another case; a quoted name keeps its case, an unquoted one "
    "does not",
    "time zone": "time zone: times are a fixed offset apart, or days are taken in local time; store UTC and set the "
    "session's zone to UTC",
    "timestamp precision": "timestamp precision: one side cuts microseconds",
    "week boundary": "week boundary: weeks begin on Monday here and on Sunday there, or days are numbered "
    "from 0 and from 1; use the ISO week",
    "epoch": "epoch: a null timestamp comes as 1970-01-01 from the Snowflake stand-in",
    ORDER: "order: the same values stand in other rows; the order that they come from has ties",
}


def of_columns(columns: Sequence[ColumnDifference]) -> Iterator[str]:
    """What columns of another kind, or of another name, point to, in words."""
    traps = dict.fromkeys(_of_kinds(each.left, each.right) for each in columns if each.left and each.right)
    yield from (MEANING[trap] for trap in traps if trap)
    left = {_folded(each.column) for each in columns if each.left and each.right is None}
    right = {_folded(each.column) for each in columns if each.right and each.left is None}
    if left & right:
        yield MEANING["identifier case"]


def _of_kinds(left: str, right: str) -> str | None:
    bases = {left.partition("(")[0], right.partition("(")[0]}
    if bases == {"decimal"}:
        return "decimal scale"
    if bases == {"float", "float32"}:
        return "float width"
    if "integer" in bases and bases <= set(NUMBERS):
        return "integer division"
    return "time zone" if bases == set(TIMES) else None


def _folded(name: str) -> str:
    return name.strip('"').casefold()


def of_values(column: str, pairs: Sequence[Pair]) -> str | None:
    """The trap that all pairs fit; None where none does."""
    if not pairs:
        return None
    for trap, fits in _JUDGES:
        if fits(column, pairs):
            return trap
    return None


def of_order(rows: Sequence[Sequence[object]]) -> str:
    """Of values that moved to other rows: what in these rows leaves their order open."""
    cells = [cell for row in rows for cell in row]
    if any(cell is None for cell in cells):
        return "null order"
    texts = {cell for cell in cells if isinstance(cell, str)}
    by_point = sorted(texts)
    return "string collation" if by_point != sorted(texts, key=collated) else ORDER


# The narrower ones first: what is null on one side is no rounding, a cut float is no half.
_JUDGES: tuple[tuple[str, Callable[[str, Sequence[Pair]], bool]], ...] = (
    ("empty text", words.is_empty_text),
    ("epoch", words.is_epoch),
    ("division by zero", numbers.is_division_by_zero),
    (ORDER, words.is_moved),
    ("null handling", words.is_null_handling),
    ("week boundary", words.is_week_boundary),
    ("timestamp precision", words.is_precision),
    ("time zone", words.is_time_zone),
    ("float width", numbers.is_float_width),
    ("integer division", numbers.is_integer_division),
    ("rounding", numbers.is_rounding),
    ("decimal scale", numbers.is_decimal_scale),
    ("truncation", numbers.is_truncation),
    ("string collation", words.is_collation),
)
