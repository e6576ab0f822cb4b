"""The map of places: a plain Mercator map with its graticule and the larger towns; no tiles, so nothing is fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from dashboard.backdrop import CREDIT, towns
from dashboard.charts import place_colour
from dashboard.mercator import mercator, unmercator

BACKDROP = f"No map is fetched from anywhere. {CREDIT}"
HEIGHT = 440  # pixels
REACH = 220  # pixels that the places span at most: fits a phone
NARROWEST = 0.2  # degrees
WIDEST = 1600  # pixels
GREY = "#8a949e"
_STEPS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)


@dataclass(frozen=True)
class View:
    """Centre in degrees, and pixels per radian of longitude."""

    longitude: float
    latitude: float
    scale: float

    @property
    def step(self) -> float:
        """Degrees between two lines of the graticule: about a hundred pixels."""
        pixels_per_degree = self.scale * math.pi / 180
        return next((step for step in _STEPS if step * pixels_per_degree >= 90), _STEPS[-1])

    def bounds(self, width: float, height: float = HEIGHT) -> tuple[float, float, float, float]:
        """West, south, east and north of the middle ``width`` x ``height`` pixels, in degrees."""
        half = math.degrees(width / 2 / self.scale)
        middle = mercator(self.latitude)
        south, north = (unmercator(middle + sign * height / 2 / self.scale) for sign in (-1, 1))
        return (
            max(self.longitude - half, -180.0),
            max(south, -85.0),
            min(self.longitude + half, 180.0),
            min(north, 85.0),
        )


def view_of(places: pd.DataFrame) -> View:
    """The view that shows all of them, however far they lie apart."""
    west, east = float(places["longitude"].min()), float(places["longitude"].max())
    south, north = mercator(float(places["latitude"].min())), mercator(float(places["latitude"].max()))
    spread = max(math.radians(max(east - west, NARROWEST)), north - south)
    return View((west + east) / 2, unmercator((south + north) / 2), REACH / spread)


def place_map(places: pd.DataFrame, order: Sequence[str]) -> alt.LayerChart:
    """``places`` has ``place, location_name, latitude, longitude, elevation_m`` and the figures to tell."""
    view = view_of(places)
    told = places.assign(
        figures=[
            f"{mean:.1f} °C, {total:.1f} mm" if pd.notna(mean) and pd.notna(total) else "no data"
            for mean, total in zip(places["temperature_mean_c"], places["precipitation_total_mm"], strict=True)
        ]
    )
    base = alt.Chart(told).encode(longitude="longitude:Q", latitude="latitude:Q")
    points = base.mark_circle(size=260, opacity=1, stroke="white", strokeWidth=1.5).encode(
        color=place_colour(order, legend=False),
        tooltip=[
            alt.Tooltip("location_name:N", title="place"),
            alt.Tooltip("temperature_mean_c:Q", title="mean, °C", format=".1f"),
            alt.Tooltip("precipitation_total_mm:Q", title="precipitation, mm", format=".1f"),
            alt.Tooltip("elevation_m:Q", title="elevation, m", format=".1f"),
        ],
    )
    names = base.mark_text(dy=-18, fontSize=14, fontWeight="bold").encode(
        text="place:N", color=place_colour(order, legend=False)
    )
    shown = base.mark_text(dy=20, fontSize=12).encode(text="figures:N", color=place_colour(order, legend=False))
    layers = [*_graticule(view), *_towns(view, places), points, names, shown]
    centre = [view.longitude, view.latitude]
    return (
        alt.LayerChart(layer=layers).project(type="mercator", center=centre, scale=view.scale).properties(height=HEIGHT)
    )


def _graticule(view: View) -> list[alt.Chart]:
    west, south, east, north = view.bounds(WIDEST)
    step = view.step
    corners = [[_down(west, step), _down(south, step)], [_down(east, step) + step, _down(north, step) + step]]
    lines = alt.Chart(alt.graticule(extent=corners, step=[step, step], precision=step / 4))
    grid = lines.mark_geoshape(stroke=GREY, strokeWidth=0.4, opacity=0.6, filled=False)
    digits = 2 if step < 0.1 else 1 if step < 1 else 0
    meridians = pd.DataFrame({"longitude": _multiples(west, east, step), "latitude": view.latitude})
    meridians["text"] = [f"{abs(each):.{digits}f}° {'W' if each < 0 else 'E'}" for each in meridians["longitude"]]
    parallels = pd.DataFrame({"latitude": _multiples(south, north, step), "longitude": view.longitude})
    parallels["text"] = [f"{abs(each):.{digits}f}° {'S' if each < 0 else 'N'}" for each in parallels["latitude"]]
    encoded = {"longitude": "longitude:Q", "latitude": "latitude:Q", "text": "text:N"}
    along = (
        alt.Chart(meridians)
        .mark_text(fontSize=10, color=GREY)
        .encode(**encoded, y=alt.value(alt.ExprRef("height - 8")))
    )
    beside = alt.Chart(parallels).mark_text(fontSize=10, color=GREY, align="left").encode(**encoded, x=alt.value(4))
    return [grid, along, beside]


def _towns(view: View, places: pd.DataFrame) -> list[alt.Chart]:
    taken = tuple(zip(places["longitude"].astype(float), places["latitude"].astype(float), strict=True))
    nearby = towns(*view.bounds(700, HEIGHT - 60), view.scale, taken)
    if nearby.empty:
        return []
    base = alt.Chart(nearby).encode(longitude="longitude:Q", latitude="latitude:Q")
    dots = base.mark_circle(size=18, color=GREY, opacity=0.8)
    return [dots, base.mark_text(fontSize=11, color=GREY, align="left", dx=6, fontStyle="italic").encode(text="name:N")]


def _down(value: float, step: float) -> float:
    return round(math.floor(value / step) * step, 6)


def _multiples(low: float, high: float, step: float) -> list[float]:
    return [round(count * step, 6) for count in range(math.ceil(low / step), math.floor(high / step) + 1)]
