"""Mercator's projection, as the map uses it (Snyder, Map Projections: A Working Manual, 1987)."""

from __future__ import annotations

import math

HIGHEST = 85.0  # degrees; beyond it the map ends


def mercator(latitude: float) -> float:
    """Degrees of latitude to radians on the map (equation 7-2)."""
    return math.log(math.tan(math.pi / 4 + math.radians(max(min(latitude, HIGHEST), -HIGHEST)) / 2))


def unmercator(y: float) -> float:
    """The inverse (equation 7-4)."""
    return math.degrees(2 * math.atan(math.exp(y)) - math.pi / 2)
