"""The wind rose: from where the wind blows, how often and how hard. North is up, east is right.

An area stands for a number of hours: radii grow with the square root of the share, on petals and rings alike.
"""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

SECTORS = 16
STEP = 2 * math.pi / SECTORS
HEIGHT = 460  # pixels
COLOURS = ("#a8d8e8", "#5fb3d1", "#2b7fb0", "#f2a541", "#d1495b")
GREY = "#8a949e"
_RIM = "min(width, height) / 2 - 26"  # pixels; leaves room for N, E, S and W at any width


def petals(winds: pd.DataFrame) -> pd.DataFrame:
    """One row per sector and speed class with ``start, end`` (radians, clockwise from north) and ``inner, outer``
    (shares of all hours, calm ones included). ``winds`` has ``sector_number, speed_class_number, hours`` and names.
    """
    total = winds["hours"].sum()
    blowing = winds[winds["sector_number"].between(0, SECTORS - 1)].sort_values(["sector_number", "speed_class_number"])
    middle, share = blowing["sector_number"] * STEP, blowing["hours"] / total
    outer = share.groupby(blowing["sector_number"]).cumsum()
    return blowing.assign(
        start=middle - STEP * 0.45, end=middle + STEP * 0.45, share=share, outer=outer, inner=outer - share
    )


def rings(longest: float) -> list[float]:
    """Three or so round shares up to ``longest``, for the rings."""
    step = next((step for step in (0.01, 0.02, 0.05, 0.1, 0.2) if longest / step <= 4), 0.25)
    return [round(step * count, 2) for count in range(1, int(longest / step) + 1)] or [longest]


def emptiest(placed: pd.DataFrame) -> float:
    """The direction (radians) from which the wind blows least: there the names of the rings hide nothing."""
    lengths = placed.groupby("sector_number")["share"].sum().reindex(range(SECTORS), fill_value=0.0)
    between_letters = [sector for sector in range(SECTORS) if sector % 4]
    return between_letters[int(lengths.loc[between_letters].to_numpy().argmin())] * STEP


def wind_rose(winds: pd.DataFrame) -> alt.LayerChart:
    """The chart of ``petals``, with rings of shares and the compass at the rim."""
    placed = petals(winds)
    longest = float(placed["outer"].max())
    shares = rings(longest)
    scale = alt.Scale(type="sqrt", domain=[0, longest], rangeMin=0, rangeMax=alt.ExprRef(_RIM), nice=False)
    classes = placed.sort_values("speed_class_number")["speed_class_kmh"].unique().tolist()
    numbers = sorted(placed["speed_class_number"].unique())
    colours = [COLOURS[min(max(int(number) - 1, 0), len(COLOURS) - 1)] for number in numbers]
    blades = (
        alt.Chart(placed)
        .mark_arc()
        .encode(
            theta=alt.Theta("start:Q", scale=None),
            theta2="end:Q",
            radius=alt.Radius("outer:Q", scale=scale),
            radius2="inner:Q",
            color=alt.Color(
                "speed_class_kmh:N",
                title="km/h",
                sort=classes,
                scale=alt.Scale(domain=classes, range=colours),
                legend=alt.Legend(orient="bottom", symbolType="square", symbolStrokeWidth=0, titleOrient="left"),
            ),
            tooltip=[
                alt.Tooltip("sector:N", title="from"),
                alt.Tooltip("speed_class_kmh:N", title="km/h"),
                alt.Tooltip("hours:Q", format=","),
                alt.Tooltip("share:Q", title="of all hours", format=".1%"),
            ],
        )
    )
    ring_rows = pd.DataFrame({"share": shares, "start": 0.0, "end": 2 * math.pi, "between": emptiest(placed)})
    radius = alt.Radius("share:Q", scale=scale)
    circles = (
        alt.Chart(ring_rows)
        .mark_arc(filled=False, stroke=GREY, strokeWidth=0.7, strokeDash=[3, 3])
        .encode(theta=alt.Theta("start:Q", scale=None), theta2="end:Q", radius=radius)
    )
    ring_names = (
        alt.Chart(ring_rows)
        .mark_text(fontSize=11, color=GREY, dy=-6)
        .encode(theta=alt.Theta("between:Q", scale=None), radius=radius, text=alt.Text("share:Q", format=".0%"))
    )
    compass = pd.DataFrame({"sector": ["N", "E", "S", "W"], "angle": [turn * math.pi / 2 for turn in range(4)]})
    compass_names = (
        alt.Chart(compass)
        .mark_text(fontSize=14, fontWeight="bold", color=GREY)
        .encode(theta=alt.Theta("angle:Q", scale=None), radius=alt.value(alt.ExprRef(f"{_RIM} + 14")), text="sector:N")
    )
    return alt.LayerChart(layer=[circles, blades, ring_names, compass_names]).properties(height=HEIGHT)
