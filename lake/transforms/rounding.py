"""Rounding half up (away from zero), the same on every engine.

Engines differ by themselves: Polars rounds half to even, DuckDB and Spark half away from zero. Money is decimal and
rounds here; measures are floats, stay unrounded and are compared with a tolerance.
"""

from __future__ import annotations

import narwhals as nw


def round_half_up(value: nw.Expr, decimals: int) -> nw.Expr:
    """Round a float to ``decimals`` places, halves away from zero: 0.5 -> 1, -0.5 -> -1, 2.5 -> 3.

    Only operations that IEEE 754 defines to the bit are used (multiply, add, floor, divide), so engines agree exactly.
    A half that a float cannot hold is rounded as what it holds: 1.005 is 1.00499..., so two places give 1.0.
    """
    factor = float(10**decimals)
    magnitude = (value.abs() * factor + 0.5).floor() / factor
    # A negative zero never passes the gate, so it must not be born here: only what is left of the value is negated.
    return nw.when((value < 0) & (magnitude > 0)).then(-magnitude).otherwise(magnitude)


def round_decimal_half_up(value: nw.Expr, precision: int, scale: int, decimals: int) -> nw.Expr:
    """Round a Decimal(precision, scale) to Decimal(precision, decimals), halves away from zero.

    A tenth of the last digit, signed, breaks the tie before the cast, so that half-even and half-up casts agree.
    """
    if decimals >= scale:
        return value.cast(nw.Decimal(precision, decimals))
    wide = nw.Decimal(38, scale + 1)
    nudge = nw.lit("0." + "0" * scale + "1").cast(wide)
    # Cast to the wide type first: Polars would else keep the narrower scale and lose the nudge.
    exact = value.cast(wide)
    nudged = nw.when(exact < nw.lit(0).cast(wide)).then(exact - nudge).otherwise(exact + nudge)
    return nudged.cast(nw.Decimal(precision, decimals))
