"""Run dates: a day, a range or the default; everything else is refused with what to write instead."""

from __future__ import annotations

from datetime import date

import pytest

from lake.errors import UsageError
from pipeline.dates import run_dates

DEFAULT = (date(2013, 7, 1), date(2013, 7, 7))


def test_one_day_range_and_default() -> None:
    assert run_dates("2013-07-04", None, None, DEFAULT) == (date(2013, 7, 4),)
    assert len(run_dates(None, "2013-01-01", "2013-12-30", DEFAULT)) == 364
    assert run_dates(None, None, None, DEFAULT)[-1] == date(2013, 7, 7)


@pytest.mark.parametrize(
    ("one", "first", "last", "says"),
    [
        ("2013-7-4", None, None, "not a date"),
        ("20130704", None, None, "not a date"),
        ("2013-W27-4", None, None, "not a date"),
        ("2013-02-30", None, None, "not a date"),
        ("'; DROP TABLE x", None, None, "not a date"),
        ("2999-01-01", None, None, "out of range"),
        ("1066-10-14", None, None, "out of range"),
        ("2013-07-04", "2013-07-01", "2013-07-02", "goes alone"),
        (None, "2013-07-01", None, "--to is missing"),
        (None, None, "2013-07-01", "--from is missing"),
        (None, "2013-07-02", "2013-07-01", "is after"),
        (None, "1950-01-01", "2013-01-01", "too many"),
    ],
)
def test_refused(one: str | None, first: str | None, last: str | None, says: str) -> None:
    with pytest.raises(UsageError, match=says) as refused:
        run_dates(one, first, last, DEFAULT)
    assert refused.value.fix
