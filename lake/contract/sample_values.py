"""Values for sample rows, column by column: within the rules, or outside exactly one. Vectorised and seeded."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import polars as pl

from lake.contract.model import Column, Contract, Rule
from lake.contract.patterns import matches, text_matching
from lake.contract.types import polars_type

_POOL = 400
_EDGE = 0.05  # the share of values that lie exactly on the minimum, and on the maximum
_FIRST_DAY = date(2013, 1, 1)
_DAYS = 365


def seed_of(*parts: object) -> int:
    """A number that follows from the parts, the same on every machine."""
    return zlib.crc32("/".join(map(str, parts)).encode())


def noise(rows: int, *parts: object) -> pl.Series:
    """``rows`` numbers of 64 bits that follow from the parts."""
    return pl.int_range(rows, eager=True).hash(seed=seed_of(*parts))


def bounds(contract: Contract, column: Column) -> tuple[Any, Any]:
    """Minimum and maximum of a column as Python values, None where it has none."""
    found = {rule.kind: rule.argument for rule in contract.rules if rule.columns == (column.name,)}
    return found.get("minimum"), found.get("maximum")


def values(contract: Contract, column: Column, rows: int, *salt: object) -> pl.Series:
    """``rows`` values of a column within its own rules, nulls not among them."""
    kind = column.type.kind
    chance = noise(rows, column.name, *salt)
    if kind == "boolean":
        made = chance % 2 == 0
    elif kind in ("string", "decimal"):
        pool = _texts(column, seed_of(*salt[:1])) if kind == "string" else _decimals(contract, column)
        made = pl.Series(pool, dtype=polars_type(column.type)).gather(chance % len(pool))
    elif kind == "float":
        made = _floats(*_number_bounds(contract, column, -1000.0, 1000.0), chance)
    elif kind == "integer":
        low, high = _number_bounds(contract, column, 0, 1000)
        made = _integers(low, high, chance)
    else:
        made = _instants(contract, column, chance)
    return made.cast(polars_type(column.type)).alias(column.name)


def _number_bounds(contract: Contract, column: Column, low: Any, high: Any) -> tuple[Any, Any]:
    minimum, maximum = bounds(contract, column)
    if minimum is None:
        minimum = low if maximum is None else min(low, maximum - (high - low))
    if maximum is None:
        maximum = max(high, minimum + (high - low))
    return minimum, maximum


def _floats(low: float, high: float, chance: pl.Series) -> pl.Series:
    share = (chance % 1_000_003).cast(pl.Float64) / 1_000_003
    inside = ((share - _EDGE) / (1 - 2 * _EDGE) * (high - low) + low).round(3)
    return inside.clip(low, high).replace(-0.0, 0.0)  # adding zero would leave a negative zero: Polars drops the sum


def _integers(low: int, high: int, chance: pl.Series) -> pl.Series:
    """The bounds themselves come more often than by chance."""
    spread = high - low + 1 + 2 * int((high - low) * _EDGE)
    return ((chance % spread).cast(pl.Int64) + (low - int((high - low) * _EDGE))).clip(low, high)


def _instants(contract: Contract, column: Column, chance: pl.Series) -> pl.Series:
    minimum, maximum = bounds(contract, column)
    if column.type.kind == "date":
        first = max(_FIRST_DAY, minimum or date.min)
        last = min(first + timedelta(days=_DAYS - 1), maximum or date.max)
        offsets = chance % max(1, (last - first).days + 1)
        return pl.select(pl.lit(first) + pl.duration(days=pl.lit(offsets))).to_series()
    start = datetime(_FIRST_DAY.year, 1, 1, tzinfo=UTC)
    first_moment = max(start, minimum or start)
    last_moment = min(first_moment + timedelta(days=_DAYS, hours=-1), maximum or datetime.max.replace(tzinfo=UTC))
    hours = chance % max(1, int((last_moment - first_moment) / timedelta(hours=1)) + 1)
    return pl.select(pl.lit(first_moment) + pl.duration(hours=pl.lit(hours))).to_series()


@cache
def _texts(column: Column, seed: int) -> list[str]:
    """Distinct texts that keep the column's rules. They follow from name and seed, so tables agree on shared names."""
    if column.enum:
        return list(column.enum)
    chance = Random(seed_of(column.name, seed))  # noqa: S311 (samples, not secrets)
    longest = column.max_length or 24
    found: dict[str, None] = {}
    for attempt in range(_POOL * 4):
        text = text_matching(column.pattern, chance) if column.pattern else f"{column.name} {attempt}"[-longest:]
        if len(text) <= longest:
            found[text] = None
        if len(found) == _POOL:
            break
    return list(found)


def _decimals(contract: Contract, column: Column) -> list[Decimal]:
    step = Decimal(1).scaleb(-(column.type.scale or 0))
    largest = Decimal(10) ** min(6, (column.type.precision or 38) - (column.type.scale or 0)) - step
    low, high = _number_bounds(contract, column, -largest, largest)
    low, high = max(low, -largest), min(high, largest)
    chance = Random(seed_of(column.name))  # noqa: S311
    steps = int((high - low) / step)
    return [low, high, *(low + step * chance.randint(0, steps) for _ in range(_POOL - 2))]


def counted(contract: Contract, column: Column, places: pl.Series, seed: int) -> pl.Series:
    """Distinct values of a key column, one for each place (whole numbers from 0): hour after hour, day after day."""
    minimum, _ = bounds(contract, column)
    kind = column.type.kind
    if kind == "timestamp":
        start = max(datetime(2013, 1, 1, tzinfo=UTC), minimum or datetime(2013, 1, 1, tzinfo=UTC))
        made = pl.select(pl.lit(start) + pl.duration(hours=pl.lit(places))).to_series()
    elif kind == "date":
        made = pl.select(pl.lit(max(_FIRST_DAY, minimum or date.min)) + pl.duration(days=pl.lit(places))).to_series()
    elif kind == "integer":
        made = places + (minimum or 1)
    elif kind == "string":
        pool = _texts(column, seed_of(seed))
        if not len(places) or int(places.max()) < len(pool):  # type: ignore[arg-type]
            made = pl.Series(pool, dtype=pl.String).gather(places)
        else:
            made = pl.Series([_numbered(column, int(place), pool) for place in places], dtype=pl.String)
    else:
        made = places
    return made.cast(polars_type(column.type)).alias(column.name)


def _numbered(column: Column, place: int, pool: Sequence[str]) -> str:
    """The text of a place beyond the pool: as the pattern allows, else as often as the pool must be used again."""
    text = f"{pool[place % len(pool)]}{place}"
    fits = len(text) <= (column.max_length or len(text)) and (not column.pattern or matches(column.pattern, text))
    return text if fits else pool[place % len(pool)]


def wrong(contract: Contract, rule: Rule, rows: int, seed: int) -> pl.Series | None:
    """``rows`` values that break one rule of a column, others only by chance; None where no value of its type can."""
    column = contract.column(rule.columns[0])
    made = [_wrong_value(column, rule, row, seed) for row in range(rows)]
    if rule.kind != "required" and None in made:
        return None
    return pl.Series(column.name, made, dtype=polars_type(column.type))


def _wrong_value(column: Column, rule: Rule, row: int, seed: int) -> Any:
    argument: Any = rule.argument
    chance = Random(seed_of(rule.name, seed, row))  # noqa: S311
    match rule.kind:
        case "minimum" | "maximum":
            return _beyond(column, argument, row, -1 if rule.kind == "minimum" else 1)
        case "max_length":
            length = argument + 1
            return text_matching(column.pattern, chance, length) if column.pattern else "x" * length
        case "enum":
            words = [f"{word}{row}" for word in ("no_such_word", "none", "x", "?")]
            fits = (text for text in words if len(text) <= (column.max_length or 99) and text not in argument)
            return next(fits, None)
        case "pattern":
            good = text_matching(argument, chance)[: (column.max_length or 99) - 1]
            candidates = (f"{good}!", f"{good} ", f"{good}\n", good.upper(), good.lower(), f"!{row}", "", " ")
            return next((text for text in candidates if not matches(argument, text)), None)
    return None


def _beyond(column: Column, bound: Any, row: int, sign: int) -> Any:
    """A value outside a bound; another one for each row."""
    try:
        if column.type.kind == "date":
            return bound + timedelta(days=sign * (row + 1))
        if column.type.kind == "timestamp":
            return bound + timedelta(hours=sign * (row + 1))
    except OverflowError:
        return None
    if column.type.kind == "decimal":
        value = bound + sign * Decimal(row + 1).scaleb(-(column.type.scale or 0))
        digits = (column.type.precision or 38) - (column.type.scale or 0)
        return value if abs(value) < Decimal(10) ** digits else None
    return bound + sign * (row + 1)
