"""Open-Meteo's fields and units: which unit each field has in our tables, and how others are turned into it.

The ``hourly_units`` block of a body decides what its numbers mean. A unit that is not known here is refused: a table
that mixes degrees Fahrenheit into Celsius is worse than one that lacks a day.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from lake.errors import PayloadError

# The fields that are asked for, and the unit in which our tables keep each.
UNITS = {
    "temperature_2m": "°C",
    "relative_humidity_2m": "%",
    "dew_point_2m": "°C",
    "precipitation": "mm",
    "wind_speed_10m": "km/h",
    "wind_direction_10m": "°",
    "wind_gusts_10m": "km/h",
    "pressure_msl": "hPa",
    "visibility": "m",
}

UNDEFINED = "undefined"  # what the API says of a field for which the model has no data

# (received, kept) -> what turns a number of the first into one of the second, in decimals: 2.6 m/s are 9.36 km/h and
# not 9.360000000000001. "mp/h" is how Open-Meteo spells miles per hour.
CONVERSIONS: dict[tuple[str, str], Callable[[Decimal], Decimal]] = {
    ("°F", "°C"): lambda value: (value - 32) / Decimal("1.8"),
    ("K", "°C"): lambda value: value - Decimal("273.15"),
    ("m/s", "km/h"): lambda value: value * Decimal("3.6"),
    ("mp/h", "km/h"): lambda value: value * Decimal("1.609344"),
    ("mph", "km/h"): lambda value: value * Decimal("1.609344"),
    ("kn", "km/h"): lambda value: value * Decimal("1.852"),
    ("inch", "mm"): lambda value: value * Decimal("25.4"),
    ("cm", "mm"): lambda value: value * 10,
    ("Pa", "hPa"): lambda value: value / 100,
    ("ft", "m"): lambda value: value * Decimal("0.3048"),
    ("km", "m"): lambda value: value * 1000,
}


def in_our_unit(field: str, values: list[object], unit: object) -> list[object]:
    """``values`` of ``field`` in the unit of our tables; what is no number stays as it is, for the gate to judge.

    Fields that we do not know keep their own unit. Raises PayloadError for a unit that cannot be turned into ours.
    """
    kept = UNITS.get(field)
    if kept is None or unit == kept:
        return values
    if unit == UNDEFINED and all(value is None for value in values):
        return values
    convert = CONVERSIONS.get((unit, kept)) if isinstance(unit, str) else None
    if convert is None:
        known = [kept, *(received for received, target in CONVERSIONS if target == kept)]
        given = f"the unit {unit!r}" if unit is not None else "no unit"
        raise PayloadError(f"{field} comes with {given}", fix=f"known units of {field}: {', '.join(known)}")
    return [float(convert(Decimal(repr(value)))) if type(value) in (int, float) else value for value in values]
