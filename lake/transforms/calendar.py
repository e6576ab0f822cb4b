"""The calendar: date keys and dim_date, in plain arithmetic, so that no engine's locale or week numbering matters."""

from __future__ import annotations

import narwhals as nw

from lake.transforms.model import Frame, transformation

MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _year(date: nw.Expr) -> nw.Expr:
    return date.dt.year().cast(nw.Int64())


def _month(date: nw.Expr) -> nw.Expr:
    return date.dt.month().cast(nw.Int64())


def _day(date: nw.Expr) -> nw.Expr:
    return date.dt.day().cast(nw.Int64())


def date_key(date: nw.Expr) -> nw.Expr:
    """The integer yyyymmdd of a date or a UTC timestamp. Widened first: Polars gives months in 8 bits."""
    return _year(date) * 10_000 + _month(date) * 100 + _day(date)


def _iso_day_of_week(date: nw.Expr) -> nw.Expr:
    """1 = Monday to 7 = Sunday. Spark through narwhals says 0 on Sundays, hence the correction."""
    weekday = date.dt.weekday().cast(nw.Int64())
    return nw.when(weekday == 0).then(nw.lit(7)).otherwise(weekday).cast(nw.Int64())


def _is_leap(year: nw.Expr) -> nw.Expr:
    return ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)


def _named(number: nw.Expr, names: tuple[str, ...]) -> nw.Expr:
    """The name at the 1-based ``number``."""
    named = nw.lit(names[-1])
    for position, name in reversed(list(enumerate(names[:-1], start=1))):
        named = nw.when(number == position).then(nw.lit(name)).otherwise(named)
    return named


def _weeks_in_year(year: nw.Expr, first_day_of_week: nw.Expr) -> nw.Expr:
    """53 where the year begins on a Thursday, or on a Wednesday and is a leap year (ISO 8601), else 52."""
    long = (first_day_of_week == 4) | ((first_day_of_week == 3) & _is_leap(year))
    return nw.when(long).then(nw.lit(53)).otherwise(nw.lit(52))


def _shift_day_of_week(day_of_week: nw.Expr, days: nw.Expr) -> nw.Expr:
    """The day of week (1..7) that lies ``days`` days before; 371 = 53 weeks keeps the remainder positive."""
    return (day_of_week - 1 - days + 371) % 7 + 1


@transformation
def dim_date(weather_hourly: Frame) -> Frame:
    """One row per UTC date of the spine: names in English, week by ISO 8601."""
    year, day_of_week = nw.col("year_number"), nw.col("day_of_week")
    ordinal = nw.col("_ordinal_day")
    return (
        weather_hourly.select(calendar_date="observed_date")
        .unique()
        .with_columns(
            date_key=date_key(nw.col("calendar_date")),
            year_number=_year(nw.col("calendar_date")),
            month_number=_month(nw.col("calendar_date")),
            day_of_month=_day(nw.col("calendar_date")),
            day_of_week=_iso_day_of_week(nw.col("calendar_date")),
            _ordinal_day=nw.col("calendar_date").dt.ordinal_day().cast(nw.Int64()),
        )
        .with_columns(
            quarter_number=(nw.col("month_number") + 2) // 3,
            month_name=_named(nw.col("month_number"), MONTH_NAMES),
            day_name=_named(day_of_week, DAY_NAMES),
            is_weekend=day_of_week >= 6,
            _first=_shift_day_of_week(day_of_week, ordinal - 1),
            _week=(ordinal - day_of_week + 10) // 7,
        )
        .with_columns(
            _weeks=_weeks_in_year(year, nw.col("_first")),
            _first_of_last_year=_shift_day_of_week(
                nw.col("_first"), nw.when(_is_leap(year - 1)).then(nw.lit(366)).otherwise(nw.lit(365))
            ),
        )
        .with_columns(_weeks_of_last_year=_weeks_in_year(year - 1, nw.col("_first_of_last_year")))
        .with_columns(
            iso_year=nw.when(nw.col("_week") < 1)
            .then(year - 1)
            .otherwise(nw.when(nw.col("_week") > nw.col("_weeks")).then(year + 1).otherwise(year)),
            iso_week=nw.when(nw.col("_week") < 1)
            .then(nw.col("_weeks_of_last_year"))
            .otherwise(nw.when(nw.col("_week") > nw.col("_weeks")).then(nw.lit(1)).otherwise(nw.col("_week"))),
        )
    )
