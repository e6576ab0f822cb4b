"""Raw columns: the values of a payload as Polars columns, nothing coerced. They stand between a source's ``parse`` and
the gate.

A column whose JSON values are all of one kind keeps its natural type (Boolean, Int64, Float64, String; Null where every
value is null). Whole numbers beside fractions are one kind, Float64, as long as each whole number is exact in 64 bits;
JSON itself knows only one number. Everything else is a *mixed* column: kinds that differ, integers beyond 64 bits,
lists and objects. It becomes a column of type ``MIXED``, a struct of the one field ``json`` that holds each value's
JSON text. The struct is a mark: no text of a payload can be mistaken for it, and it survives concat and Parquet.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from lake.contract import types
from lake.contract.types import polars_type

MIXED = pl.Struct({"json": pl.String})
METADATA = {name: polars_type(kind) for name, kind in types.METADATA.items() if name != "_extra"}
"""What ``parse`` adds to each row: run date, number and folder of its load, its place in the load."""
_EXACT_IN_FLOAT = 2**53
_INT64 = range(-(2**63), 2**63)


def series(name: str, values: Sequence[object]) -> pl.Series:
    """Give JSON values (str, int, float, bool, None, list, dict) as one column of ``len(values)`` rows."""
    kinds = set(map(type, values))
    kinds.discard(type(None))
    if not kinds:
        return pl.Series(name, [None] * len(values), dtype=pl.Null)
    natural = _natural(kinds, values)
    if natural is None:
        return _mixed(name, values)
    try:
        return pl.Series(name, values, dtype=natural, strict=False)
    except (UnicodeEncodeError, pl.exceptions.PolarsError):  # a lone surrogate: JSON can say it, UTF-8 cannot
        return _mixed(name, values)


def json_text(value: object) -> str:
    """One value as JSON text with sorted keys. NaN and infinities are written ``NaN``, ``Infinity``, ``-Infinity``.

    What JSON cannot be written of (nesting beyond the interpreter's depth, a number of thousands of digits) becomes a
    list that says so, which no column takes for a value; bronze still has it as received.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), default=str)
    except (RecursionError, ValueError, TypeError) as error:
        text = json.dumps([f"cannot be written: {type(error).__name__}"])
    return text


def _natural(kinds: set[type], values: Sequence[object]) -> pl.DataType | None:
    if kinds == {str}:
        return pl.String()
    if kinds == {bool}:
        return pl.Boolean()
    if kinds == {float}:
        return pl.Float64()
    if kinds == {int}:
        return pl.Int64() if all(value is None or value in _INT64 for value in values) else None
    if kinds == {int, float}:
        exact = all(abs(value) <= _EXACT_IN_FLOAT for value in values if type(value) is int)
        return pl.Float64() if exact else None
    return None


def _mixed(name: str, values: Sequence[object]) -> pl.Series:
    texts = pl.Series("json", [None if value is None else json_text(value) for value in values], dtype=pl.String)
    return texts.to_frame().to_struct(name)
