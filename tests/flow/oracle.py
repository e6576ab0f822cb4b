"""What the weather tables must hold, computed by plain Python from the recordings and nothing of ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

RECORDINGS = Path(__file__).resolve().parents[2] / "samples" / "openmeteo" / "archive"
PLACES = ("ewr", "jfk", "lga")
FIELDS = {
    "temperature_2m": "temperature_c",
    "dew_point_2m": "dew_point_c",
    "relative_humidity_2m": "relative_humidity_percent",
    "precipitation": "precipitation_mm",
    "wind_speed_10m": "wind_speed_kmh",
    "wind_direction_10m": "wind_direction_degrees",
    "wind_gusts_10m": "wind_gust_kmh",
    "pressure_msl": "pressure_hpa",
    "visibility": "visibility_m",
}
Row = dict[str, float | None]


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@dataclass
class Oracle:
    """All rows of these run dates: ``observed[place, hour]`` as measured."""

    observed: dict[tuple[str, datetime], Row]
    days: list[date]
    rejected: list[tuple[str, datetime]]

    @classmethod
    def of(cls, run_dates: Iterable[date]) -> Oracle:
        observed: dict[tuple[str, datetime], Row] = {}
        wanted = sorted(run_dates)
        for place in PLACES:
            for day in wanted:
                hourly = json.loads((RECORDINGS / place / f"{day}.json").read_text())["hourly"]
                for position, time in enumerate(hourly["time"]):
                    at = datetime.fromisoformat(time).replace(tzinfo=UTC)
                    observed[place, at] = {name: hourly[field][position] for field, name in FIELDS.items()}
        # The one impossible value of the year: Newark, 2013-02-12, 1,687 km/h.
        rejected = [key for key, row in observed.items() if (row["wind_speed_kmh"] or 0) > 500]
        for key in rejected:
            del observed[key]
        return cls(observed, days_between(wanted[0], wanted[-1]), rejected)

    @property
    def hours(self) -> list[datetime]:
        """The spine: every hour of every day from the first to the last."""
        return [datetime(d.year, d.month, d.day, hour, tzinfo=UTC) for d in self.days for hour in range(24)]

    def values(self, place: str, hours: Iterable[datetime], name: str) -> list[float]:
        rows = (self.observed.get((place, at)) for at in hours)
        return [value for row in rows if row is not None and (value := row[name]) is not None]

    def day(self, place: str, day: date) -> Row:
        """weather_daily, one row."""
        hours = [datetime(day.year, day.month, day.day, hour, tzinfo=UTC) for hour in range(24)]
        first = self.days[0]
        week = [
            at - timedelta(days=back)
            for back in range(7)
            for at in hours
            if (at - timedelta(days=back)).date() >= first
        ]
        temperature = self.values(place, hours, "temperature_c")
        rain = self.values(place, hours, "precipitation_mm")
        mean = average(temperature)
        observed = sum((place, at) in self.observed for at in hours)
        return {
            "temperature_mean_c": mean,
            "temperature_min_c": min(temperature, default=None),
            "temperature_max_c": max(temperature, default=None),
            "temperature_mean_7d_c": average(self.values(place, week, "temperature_c")),
            "precipitation_total_mm": math.fsum(rain) if rain else None,
            "wet_hours": sum(value >= 0.1 for value in rain),
            "observed_hours": observed,
            "gap_hours": 24 - observed,
            "wind_speed_max_kmh": max(self.values(place, hours, "wind_speed_kmh"), default=None),
            "heating_degree_days_c": None if mean is None else max(0.0, 18 - mean),
            "cooling_degree_days_c": None if mean is None else max(0.0, mean - 18),
        }

    def derived(self, place: str, at: datetime) -> Row:
        """Derived columns of weather_hourly, from Steadman's formula and the row's own measures."""
        row = self.observed[place, at]
        t, rh, wind, dew = (
            row[name] for name in ("temperature_c", "relative_humidity_percent", "wind_speed_kmh", "dew_point_c")
        )
        felt = None
        if t is not None and rh is not None and wind is not None:
            pressure = rh / 100 * 6.105 * math.exp(17.27 * t / (237.7 + t))
            felt = t + 0.33 * pressure - 0.7 * wind / 3.6 - 4
        spread = t - dew if t is not None and dew is not None else None
        return {"apparent_temperature_c": felt, "dew_point_spread_c": spread}


def average(values: list[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def same(left: object, right: object) -> bool:
    """Equal: floats to six decimals, all else exactly."""
    if isinstance(left, float) or isinstance(right, float):
        return left is not None and right is not None and abs(float(str(left)) - float(str(right))) <= 1e-6
    return left == right
