"""Times on the command line: one day, a range of UTC days with both ends included, or a moment."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from lake.errors import UsageError

EARLIEST = date(1940, 1, 1)  # where Open-Meteo's archive begins
MOST_DAYS = 3660


def parse_date(text: str, option: str) -> date:
    """``YYYY-MM-DD`` as a date, neither before the archive nor in the future."""
    try:
        # fromisoformat also reads week dates and 20130704.
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None:
        raise UsageError(f"{option} {text!r} is not a date", fix="write it as YYYY-MM-DD, for example 2013-07-04")
    today = datetime.now(UTC).date()
    if not EARLIEST <= day <= today:
        raise UsageError(f"{option} {day} is out of range", fix=f"choose a UTC day from {EARLIEST} to {today}")
    return day


def parse_moment(text: str, option: str) -> datetime:
    """A day (its first instant) or a time of ISO 8601, in UTC unless it says otherwise."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{option} {text!r} is not a time", fix="write it as 2013-07-04 or 2013-07-04T12:00:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def run_dates(one: str | None, first: str | None, last: str | None, default: tuple[date, date]) -> tuple[date, ...]:
    """The days that the options ask for; the profile's default where they say nothing."""
    if one and (first or last):
        raise UsageError("--run-date goes alone", fix="use either --run-date or --from and --to")
    if bool(first) != bool(last):
        missing = "--to" if first else "--from"
        raise UsageError(f"{missing} is missing", fix="give both --from and --to, or --run-date for one day")
    if one:
        day = parse_date(one, "--run-date")
        return (day,)
    start, end = (parse_date(first, "--from"), parse_date(last, "--to")) if first and last else default
    if start > end:
        raise UsageError(f"--from {start} is after --to {end}", fix="swap them")
    days = (end - start).days + 1
    if days > MOST_DAYS:
        raise UsageError(f"{days} days in one run are too many", fix=f"ask for at most {MOST_DAYS} days at a time")
    return tuple(start + timedelta(days=offset) for offset in range(days))
