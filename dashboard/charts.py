"""The charts, built with Vega-Lite only: nothing is fetched from anywhere, and they follow the page's theme."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

SECTORS = 16
HEIGHT = 300
RIM = 190  # pixels
_COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2"]


def _place_colour() -> alt.Color:
    legend = alt.Legend(orient="top", labelLimit=0, symbolType="stroke", symbolStrokeWidth=4)
    return alt.Color("location_name:N", title=None, scale=alt.Scale(range=_COLOURS), legend=legend)


def _days() -> alt.X:
    """A time axis that never shows parts of days."""
    return alt.X("weather_date:T", title=None, axis=alt.Axis(format="%d %b", tickMinStep=86_400_000, labelOverlap=True))


def temperature(days: pd.DataFrame) -> alt.Chart:
    """Daily range as a band, the mean as thin line, the 7-day mean as thick line, one colour a place."""
    base = alt.Chart(days).encode(x=_days(), color=_place_colour())
    band = base.mark_area(opacity=0.12).encode(
        y=alt.Y("temperature_min_c:Q", title="temperature, °C", scale=alt.Scale(zero=False)), y2="temperature_max_c:Q"
    )
    mean = base.mark_line(strokeWidth=1, opacity=0.6, point=len(days) < 100).encode(
        y="temperature_mean_c:Q",
        tooltip=[
            alt.Tooltip("weather_date:T", title="day"),
            alt.Tooltip("location_name:N", title="place"),
            alt.Tooltip("temperature_mean_c:Q", title="mean, °C", format=".1f"),
            alt.Tooltip("temperature_mean_7d_c:Q", title="7-day mean, °C", format=".1f"),
        ],
    )
    rolling = base.mark_line(strokeWidth=3).encode(y="temperature_mean_7d_c:Q")
    return alt.layer(band, mean, rolling).properties(height=HEIGHT)


def precipitation(days: pd.DataFrame) -> alt.Chart:
    """Bars of each day's total, places side by side."""
    return (
        alt.Chart(days)
        .mark_bar()
        .encode(
            x=alt.X("yearmonthdate(weather_date):T", title=None, axis=alt.Axis(format="%d %b", labelOverlap=True)),
            y=alt.Y("precipitation_total_mm:Q", title="precipitation, mm"),
            color=_place_colour(),
            xOffset="location_name:N",
            tooltip=["weather_date:T", "location_name:N", alt.Tooltip("precipitation_total_mm:Q", format=".1f")],
        )
        .properties(height=HEIGHT)
    )


def hours_of_day(hours: pd.DataFrame) -> alt.Chart:
    """Heat map of the mean temperature by local hour of the day and by day (or month, where there are many days)."""
    many = hours["local_date"].nunique() > 62
    unit = "yearmonth(local_date):O" if many else "yearmonthdate(local_date):O"
    return (
        alt.Chart(hours)
        .mark_rect()
        .encode(
            x=alt.X(unit, title=None, axis=alt.Axis(format="%b %Y" if many else "%d %b")),
            y=alt.Y("local_hour:O", title="hour of the day, local time"),
            color=alt.Color("mean(temperature_c):Q", title="°C", scale=alt.Scale(scheme="redyellowblue", reverse=True)),
            tooltip=[alt.Tooltip("mean(temperature_c):Q", title="mean, °C", format=".1f"), "local_hour:O"],
        )
        .properties(height=420)
    )


def rose(winds: pd.DataFrame) -> alt.Chart:
    """Wind rose: how many hours the wind blew from each of sixteen sectors, by speed class. North is up."""
    blowing = winds[winds["sector_number"].between(0, SECTORS - 1)].sort_values(["sector_number", "speed_class_number"])
    step = 2 * math.pi / SECTORS
    placed = blowing.assign(
        start=blowing["sector_number"] * step - step * 0.45, end=blowing["sector_number"] * step + step * 0.45
    )
    outer = placed.groupby("sector_number")["hours"].cumsum()
    placed = placed.assign(outer=outer, inner=outer - placed["hours"])
    order = list(dict.fromkeys(placed.sort_values("speed_class_number")["speed_class_kmh"]))
    petals = (
        alt.Chart(placed)
        .mark_arc(stroke="white", strokeWidth=0.5)
        .encode(
            theta=alt.Theta("start:Q", scale=None),
            theta2="end:Q",
            radius=alt.Radius("outer:Q", scale=alt.Scale(type="sqrt", zero=True, rangeMin=0, rangeMax=RIM)),
            radius2="inner:Q",
            color=alt.Color("speed_class_kmh:N", title="km/h", sort=order, scale=alt.Scale(scheme="tealblues")),
            tooltip=["sector:N", "speed_class_kmh:N", "hours:Q"],
        )
    )
    compass = pd.DataFrame({"sector": ["N", "E", "S", "W"], "angle": [0.0, math.pi / 2, math.pi, 3 * math.pi / 2]})
    labels = (
        alt.Chart(compass)
        .mark_text(fontSize=14, fontWeight="bold", color="#7a8794")
        .encode(theta=alt.Theta("angle:Q", scale=None), radius=alt.value(RIM + 16), text="sector:N")
    )
    return alt.layer(petals, labels).resolve_scale(radius="independent").properties(height=440)


def place_map(places: pd.DataFrame) -> alt.Chart:
    """Places on a plain Mercator map with its graticule; no tiles, so nothing is fetched."""
    longitude, latitude = places["longitude"].mean(), places["latitude"].mean()
    spread = max(places["longitude"].max() - places["longitude"].min(), 0.2)
    view = {"type": "mercator", "center": [float(longitude), float(latitude)], "scale": float(12000 / spread)}
    grid = alt.Chart(alt.graticule(step=[0.1, 0.1])).mark_geoshape(stroke="#8a949e", strokeWidth=0.4, filled=False)
    base = alt.Chart(places).encode(longitude="longitude:Q", latitude="latitude:Q")
    points = base.mark_circle(size=420, stroke="white").encode(
        color=alt.Color(
            "temperature_mean_c:Q", title="mean, °C", scale=alt.Scale(scheme="redyellowblue", reverse=True)
        ),
        tooltip=[
            "location_name:N",
            alt.Tooltip("temperature_mean_c:Q", format=".1f"),
            alt.Tooltip("precipitation_total_mm:Q", format=".1f"),
            alt.Tooltip("elevation_m:Q", format=".1f"),
        ],
    )
    names = base.mark_text(dy=-20, fontSize=13, fontWeight="bold", color="#7a8794").encode(text="station_code:N")
    return alt.layer(grid, points, names).project(**view).properties(height=440)
