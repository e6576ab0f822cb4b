"""Texts to values, vectorised: timestamps, decimals, and JSON texts both ways. Part of the gate.

Every function takes an expression of String and gives one that is null where the text is not of its form. Regular
expressions say ``[0-9]``, not ``\\d``, which would also take the digits of other scripts.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation

import polars as pl

_MOMENT = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6}0*)?)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?$"
)
_SECOND = 1_000_000
_MOST_DIGITS = 80
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # of the years 1 and 9999, counted from 1970


def moment_of_text(text: pl.Expr) -> pl.Expr:
    """ISO 8601 timestamps as microseconds in UTC; a text without offset is taken as UTC."""
    days = text.str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False).to_physical().cast(pl.Int64)
    rest = text.str.slice(16)
    seconds = _number(rest.str.extract("^:([0-9]{2})"))
    fraction = _number(rest.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0"))
    zone = rest.str.extract("([+-][0-9:]+)$")
    offset = _number(zone.str.slice(1, 2)) * 60 + _number(zone.str.slice(3).str.strip_chars(":"))
    minutes = _number(text.str.slice(11, 2)) * 60 + _number(text.str.slice(14, 2))
    minutes = minutes - pl.when(zone.str.starts_with("-")).then(-offset).otherwise(offset)
    moment = (days * 86_400 + minutes * 60 + seconds) * _SECOND + fraction
    return pl.when(text.str.contains(_MOMENT)).then(moment).cast(pl.Datetime("us", "UTC"))


def _number(digits: pl.Expr) -> pl.Expr:
    return digits.cast(pl.Int64, strict=False).fill_null(0)


def decimal_of_text(text: pl.Expr, precision: int, scale: int) -> pl.Expr:
    """Plain numbers as decimals, half-up: the digits are cut at the scale, then a unit is added by the next digit."""
    whole = precision - scale
    form = rf"^[+-]?0*[0-9]{{0,{whole}}}(?:\.[0-9]+)?$"
    fraction = rf"(?:\.[0-9]{{0,{scale}}})?" if scale else ""
    kept = text.str.extract(rf"^([+-]?[0-9]+{fraction})").str.strip_suffix(".").str.to_decimal(scale=scale)
    unit = pl.lit(Decimal(1).scaleb(-scale), dtype=pl.Decimal(38, scale))
    most = pl.lit(Decimal((0, (9,) * precision, -scale)), dtype=pl.Decimal(38, scale))
    below = pl.when(kept.is_between(-most, most, closed="none")).then(kept)  # the sum below must not overflow
    up = text.str.contains(rf"\.[0-9]{{{scale}}}[5-9]")
    rounded = pl.when(~up).then(kept).when(text.str.starts_with("-")).then(below - unit).otherwise(below + unit)
    return pl.when(text.str.contains(form)).then(rounded).cast(pl.Decimal(precision, scale), strict=False)


def plain_numbers(text: pl.Expr) -> pl.Expr:
    """The same numbers without exponent: 1.5e-7 becomes 0.00000015. Texts without exponent stay as they are."""
    return text.map_batches(_expand, return_dtype=pl.String, is_elementwise=True)


def _expand(texts: pl.Series) -> pl.Series:
    scientific = texts.str.contains(r"^[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,5}$")
    if not scientific.any():
        return texts
    return _replaced(texts, scientific, _plain)


def _plain(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if number and abs(number.adjusted()) > _MOST_DIGITS:  # far from any decimal: do not write the digits out
        return "0" if number.adjusted() < 0 else None
    return format(number, "f")


def text_of_json(text: pl.Expr) -> pl.Expr:
    """JSON texts of strings as the strings they mean; null for every other JSON text, and for a lone surrogate."""
    return text.map_batches(_unquote, return_dtype=pl.String, is_elementwise=True)


def _unquote(texts: pl.Series) -> pl.Series:
    frame = texts.to_frame("t").select(
        pl.when(pl.col("t").str.starts_with('"')).then(pl.col("t").str.slice(1).str.head(-1)).alias("t")
    )
    escaped = frame["t"].str.contains("\\", literal=True)
    return _replaced(frame["t"], escaped, _unescape) if escaped.any() else frame["t"]


def _unescape(inner: str) -> str | None:
    try:
        text: str = json.loads(f'"{inner}"')
        text.encode()
    except ValueError:
        return None
    return text


def _replaced(texts: pl.Series, where: pl.Series, change: object) -> pl.Series:
    assert callable(change)
    places = where.fill_null(False).arg_true()
    return texts.scatter(places, [change(text) for text in texts.gather(places)])


def json_of(name: str, dtype: pl.DataType, *, mixed: bool = False) -> pl.Expr:
    """A column as JSON texts, ``null`` where it is null. NaN and infinities, which JSON lacks, become strings."""
    value = pl.col(name)
    if mixed:
        text = pl.when(value.is_in(["NaN", "Infinity", "-Infinity"])).then('"' + value + '"').otherwise(value)
    elif dtype == pl.Boolean or dtype.is_integer() or dtype.is_decimal():
        text = value.cast(pl.String)
    elif dtype.is_float():
        text = value.cast(pl.String)
        text = pl.when(value.is_finite()).then(text).otherwise('"' + text + '"')
    elif isinstance(dtype, pl.Date | pl.Datetime):
        text = '"' + _moment_text(value, dtype) + '"'
    elif dtype.is_temporal():
        text = value.to_physical().cast(pl.String)
    elif dtype == pl.Binary:
        text = '"' + value.bin.encode("hex") + '"'
    elif dtype == pl.Null:
        text = value.cast(pl.String)
    else:
        text = pl.struct(value.alias("v")).struct.json_encode().str.slice(5).str.head(-1)
    return text.fill_null("null")


def _moment_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """ISO 8601; outside the years 1 to 9999 the number that is stored, because Polars panics far outside."""
    ticks = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
    a_day = ticks[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
    stored = value.to_physical().cast(pl.Int128)
    sane = pl.when((stored >= _FIRST_DAY * a_day) & (stored < (_LAST_DAY + 1) * a_day)).then(value)
    return sane.dt.to_string("iso:strict").fill_null(stored.cast(pl.String))
