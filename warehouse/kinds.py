"""Types of different databases in one set of words, so that two databases can be compared.

Integers are one kind however wide (Snowflake has no other), and so are decimals without places; a float of 32 bits is
a kind of its own, because it loses digits. ``timestamp`` is an instant, ``timestamp without zone`` is none.
"""

from __future__ import annotations

import re

NUMBERS = ("integer", "float", "float32", "decimal")
TIMES = ("timestamp", "timestamp without zone")
_WORDS = {
    "text": ("varchar", "text", "character varying", "character", "string", "bpchar"),
    "integer": ("tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint"),
    "float": ("double", "double precision"),
    "float32": ("float", "real"),
    "boolean": ("boolean",),
    "date": ("date",),
    "timestamp": ("timestamp with time zone",),
    "timestamp without zone": ("timestamp", "timestamp without time zone"),
}
_KINDS = {native: kind for kind, natives in _WORDS.items() for native in natives}
_WITH_NUMBERS = re.compile(r"([a-z ]+?)\s*\((\d+)(?:,\s*(\d+))?\)([a-z ]*)\Z")


def kind_of(native: str) -> str:
    """The kind of a type as DuckDB or Postgres writes it; a type that is none of ours keeps its own name."""
    name = native.lower().strip()
    found = _WITH_NUMBERS.match(name)
    if found is None:
        return _KINDS.get(name, name)
    base, first, second, rest = found.groups()
    if base in ("decimal", "numeric"):
        return decimal(int(first), int(second or 0))
    return _KINDS.get((base + rest).strip(), name)


def decimal(precision: int, scale: int) -> str:
    """The kind of an exact number."""
    return f"decimal({precision},{scale})" if scale else "integer"


def family(kind: str) -> str:
    """Kinds whose values can be compared with one another have the same family."""
    base = kind.partition("(")[0]
    if base in NUMBERS:
        return "number"
    return "time" if base in TIMES else base


def is_float(kind: str) -> bool:
    """Whether values are compared with a tolerance."""
    return kind in ("float", "float32")
