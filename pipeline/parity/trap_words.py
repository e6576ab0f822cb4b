"""Judges of nulls, texts and times. All pairs have to fit (see ``traps``)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

Pair = tuple[object, object]
_WEEKLY = ("week", "dow")
_QUARTER = timedelta(minutes=15)  # no zone is off UTC by less
_FARTHEST = timedelta(hours=14)
_ALL = 200  # a sample of so many may be a part only


def collated(text: str) -> str:
    """A text as a dictionary would sort it, nearly: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def is_empty_text(_: str, pairs: Sequence[Pair]) -> bool:
    """Nothing on one side, a text of no signs on the other."""
    return all((one is None and other == "") or (one == "" and other is None) for one, other in pairs)


def is_epoch(_: str, pairs: Sequence[Pair]) -> bool:
    """Nothing on one side, the beginning of Unix time on the other."""
    return all(any(map(_is_epoch, pair)) and None in pair for pair in pairs)


def is_null_handling(_: str, pairs: Sequence[Pair]) -> bool:
    """Nothing on one side, a value on the other."""
    return all((one is None) != (other is None) for one, other in pairs)


def is_moved(_: str, pairs: Sequence[Pair]) -> bool:
    """The same values on both sides, in other rows."""
    left, right = (sorted(map(repr, side)) for side in zip(*pairs, strict=True))
    return 1 < len(pairs) < _ALL and left == right


def is_week_boundary(column: str, pairs: Sequence[Pair]) -> bool:
    """Days that a week begins on, or numbers of weeks and weekdays in a column that says so."""
    says_so = any(word in column for word in _WEEKLY)
    dates = [(one, other) for one, other in pairs if isinstance(one, date) and isinstance(other, date)]
    between = _between(pairs)
    if between and len(dates) == len(pairs):
        left, right = ({value.weekday() for value in side} for side in zip(*dates, strict=True))
        begins = len(left) == len(right) == 1 and left != right and left | right <= {0, 5, 6}
        return begins and (says_so or len(pairs) > 1) and all(abs(each.days) < 7 for each in between)
    numbers = [(one, other) for one, other in pairs if type(one) is int and type(other) is int]
    return (
        says_so and len(numbers) == len(pairs) and all(abs(one - other) in (1, 6, 7, 51, 52) for one, other in numbers)
    )


def is_precision(_: str, pairs: Sequence[Pair]) -> bool:
    """Less than a second apart, one of them whole in milliseconds."""
    moments = _moments(pairs)
    return bool(moments) and all(
        abs(one - other) < timedelta(seconds=1) and any(each.microsecond % 1000 == 0 for each in (one, other))
        for one, other in moments
    )


def is_time_zone(column: str, pairs: Sequence[Pair]) -> bool:
    """Moments whole quarters of an hour apart, by at most two offsets (summer and winter); days one apart; hours of the
    day that are moved alike."""
    if moments := _moments(pairs):
        offsets = {one - other for one, other in moments}
        return len(offsets) <= 2 and all(each % _QUARTER == timedelta() and abs(each) <= _FARTHEST for each in offsets)
    if "hour" in column.split("_"):
        hours = [(one - other) % 24 for one, other in pairs if type(one) is int and type(other) is int]
        return len(hours) == len(pairs) and len(set(hours)) <= 2
    return {each.days for each in _between(pairs)} in ({1}, {-1})


def is_collation(_: str, pairs: Sequence[Pair]) -> bool:
    """Texts alike but for case, accents or blanks; or it depends on the collation which of the two comes first."""
    texts = [(one, other) for one, other in pairs if isinstance(one, str) and isinstance(other, str)]
    return len(texts) == len(pairs) and all(
        collated(one).strip() == collated(other).strip() or (one < other) != (collated(one) < collated(other))
        for one, other in texts
    )


def apart(one: object, other: object) -> timedelta | None:
    """How far two moments are apart, in UTC, or two days; None of anything else."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return _utc(one) - _utc(other)
    days = all(isinstance(each, date) and not isinstance(each, datetime) for each in (one, other))
    return one - other if days else None  # type: ignore[operator]


def _between(pairs: Sequence[Pair]) -> list[timedelta]:
    """``apart`` of all pairs; nothing where one of them has none."""
    found = [each for one, other in pairs if (each := apart(one, other)) is not None]
    return found if len(found) == len(pairs) else []


def _is_epoch(value: object) -> bool:
    return isinstance(value, date) and (value.year, value.month, value.day) == (1970, 1, 1)


def _moments(pairs: Sequence[Pair]) -> list[tuple[datetime, datetime]]:
    """All pairs as moments in UTC; nothing where one of them is none."""
    found = [
        (_utc(one), _utc(other)) for one, other in pairs if isinstance(one, datetime) and isinstance(other, datetime)
    ]
    return found if len(found) == len(pairs) else []


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
