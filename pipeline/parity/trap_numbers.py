"""Judges of numbers: rounding, cut fractions, fewer places, fewer bits. All pairs have to fit (see ``traps``)."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal

from pipeline.parity.trap_words import Pair

_WIDE = Context(prec=400)  # a float's largest number has 309 digits


def either_way(pairs: Sequence[Pair], fits: Callable[[object, object], bool]) -> bool:
    """Whether all pairs fit in the same direction."""
    return all(fits(one, other) for one, other in pairs) or all(fits(other, one) for one, other in pairs)


def is_division_by_zero(_: str, pairs: Sequence[Pair]) -> bool:
    """Infinity or NaN on one side."""
    return all(_is_endless(one) or _is_endless(other) for one, other in pairs)


def is_float_width(_: str, pairs: Sequence[Pair]) -> bool:
    """One is the other in 32 bits."""
    return _are_finite(pairs) and either_way(pairs, _is_narrowed)


def is_integer_division(_: str, pairs: Sequence[Pair]) -> bool:
    """One is the other without its fraction."""

    def fits(whole: object, exact: object) -> bool:
        return _exact(whole) == _cut(_exact(exact), 0, ROUND_DOWN) != _exact(exact)

    return _are_finite(pairs) and either_way(pairs, fits)


def is_rounding(_: str, pairs: Sequence[Pair]) -> bool:
    """One unit apart in the last place: what half-up and half-even make of the same half."""
    return _are_finite(pairs) and either_way(pairs, _is_half_up_and_even)


def is_decimal_scale(_: str, pairs: Sequence[Pair]) -> bool:
    """One side is the other, rounded or cut to fewer places."""
    turned = [(other, one) for one, other in pairs]
    return _are_finite(pairs) and (_has_fewer_places(pairs) or _has_fewer_places(turned))


def is_truncation(_: str, pairs: Sequence[Pair]) -> bool:
    """Whole numbers, the same side always one nearer to zero."""
    if not all(type(one) is int and type(other) is int for one, other in pairs):
        return False
    return either_way(pairs, lambda one, other: abs(one) - abs(other) == 1)  # type: ignore[arg-type]


def _are_finite(pairs: Sequence[Pair]) -> bool:
    values = [value for pair in pairs for value in pair]
    numbers = all(isinstance(value, (int, float, Decimal)) and not isinstance(value, bool) for value in values)
    return numbers and not any(map(_is_endless, values))


def _is_endless(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _exact(value: object) -> Decimal:
    """A number as it is written: 2.675, and not the binary fraction behind it."""
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _cut(value: Decimal, places: int, how: str) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), how, _WIDE)


def _places(value: object) -> int:
    """Decimal places, trailing zeros not counted."""
    exponent = _exact(value).normalize(_WIDE).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _is_narrowed(wide: object, narrow: object) -> bool:
    if not (isinstance(wide, float) and isinstance(narrow, float)):
        return False
    try:
        return bool(struct.unpack("f", struct.pack("f", wide))[0] == narrow)
    except OverflowError:
        return False


def _is_half_up_and_even(up: object, even: object) -> bool:
    high, low = _exact(up), _exact(even)
    places = max(_places(high), _places(low))
    half = (high + low) / 2
    return (
        abs(high - low) == Decimal(1).scaleb(-places)
        and _cut(half, places, ROUND_HALF_UP) == high
        and _cut(half, places, ROUND_HALF_EVEN) == low
    )


def _has_fewer_places(pairs: Sequence[Pair]) -> bool:
    """Whether the second of each pair is the first with as many places as the second side has at most."""
    places = max(_places(coarse) for _, coarse in pairs)
    return all(
        _places(fine) > places
        and _exact(coarse) in {_cut(_exact(fine), places, how) for how in (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN)}
        for fine, coarse in pairs
    )
