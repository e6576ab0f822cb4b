"""What the weather page works out of published rows: key figures, totals by period, local hours. Frames in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

MANY_DAYS = 62  # from there on months, not days


@dataclass(frozen=True)
class Figure:
    """One card: its value and, where as many days before are published, the change against them; with its unit."""

    label: str
    value: str
    change: str | None
    explanation: str


def key_figures(now: pd.DataFrame, earlier: pd.DataFrame) -> list[Figure]:
    """Four figures of daily rows. Totals are per place: the mean over the places of each place's total."""
    comparable = _extent(now) == _extent(earlier)
    several = now["location_id"].nunique() > 1
    per_place = " per place" if several else ""
    kinds = [
        ("Mean temperature", "temperature_mean_c", "mean", "°C", 1, "Mean of the daily means."),
        (f"Precipitation{per_place}", "precipitation_total_mm", "total", "mm", 1, "Total of the days."),
        (f"Wet hours{per_place}", "wet_hours", "total", "h", 0, "Hours with precipitation."),
        ("Strongest wind", "wind_speed_max_kmh", "max", "km/h", 0, "The strongest hour; gusts are not counted."),
    ]
    found = []
    for label, column, how, unit, digits, words in kinds:
        value, before = _figure(now, column, how), _figure(earlier, column, how) if comparable else None
        shown = "no data" if value is None else f"{value:,.{digits}f} {unit}"
        change = None if value is None or before is None else f"{value - before:+,.{digits}f} {unit}"
        mean = " The mean over the chosen places." if several and how == "total" else ""
        found.append(Figure(label, shown, change, f"{words}{mean}"))
    return found


def _extent(days: pd.DataFrame) -> dict[str, int]:
    return {str(place): int(count) for place, count in days.groupby("location_id").size().items()}


def _figure(days: pd.DataFrame, column: str, how: str) -> float | None:
    totals = days.groupby("location_id")[column].sum(min_count=1)
    value = totals.mean() if how == "total" else days[column].agg(how)
    return float(value) if pd.notna(value) else None


def precipitation_totals(days: pd.DataFrame) -> pd.DataFrame:
    """``period, place, precipitation_mm``: by day, or by month where there are many days. In order of time."""
    start, text = _periods(days["weather_date"])
    dated = days.assign(start=start, period=text)
    total = dated.groupby(["start", "period", "place"])["precipitation_total_mm"].sum(min_count=1)
    return total.rename("precipitation_mm").reset_index().drop(columns="start")


def local_hours(hours: pd.DataFrame, zones: Mapping[str, str]) -> pd.DataFrame:
    """``period, local_hour, temperature_c``: mean over places by hour of each place's own clock. In order of time.

    ``hours`` has ``location_id, observed_at`` (UTC) and ``temperature_c``.
    """
    parts = []
    for place, rows in hours.groupby("location_id"):
        local = pd.to_datetime(rows["observed_at"], utc=True).dt.tz_convert(zones[str(place)]).dt.tz_localize(None)
        parts.append(rows.assign(local_date=local.dt.normalize(), local_hour=local.dt.hour))
    if not parts:
        return pd.DataFrame({"period": [], "local_hour": [], "temperature_c": []})
    placed = pd.concat(parts)
    start, text = _periods(placed["local_date"])
    mean = placed.assign(start=start, period=text).groupby(["start", "period", "local_hour"])["temperature_c"].mean()
    return mean.reset_index().drop(columns="start")


def _periods(days: pd.Series[pd.Timestamp]) -> tuple[pd.Series[pd.Timestamp], pd.Series[str]]:
    """Each day's period: its first instant, and how an axis names it."""
    if days.nunique() <= MANY_DAYS:
        return days, days.dt.strftime("%d %b")
    return days.dt.to_period("M").dt.start_time, days.dt.strftime("%b %Y")
