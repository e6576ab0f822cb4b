"""The charts over time, built with Vega-Lite only: nothing is fetched from anywhere, and they follow the page's theme.

Days reach the browser as text or as UTC, so that no browser's own time zone moves them.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

HEIGHT = 300  # pixels
HOUR_HEIGHT = 18  # pixels; a whole number, so that no seams show between the rows
MANY_DAYS = 62
FEW_DAYS = 14  # up to there a tick per day; Vega would put some in between and call two of them by one day
COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2", "#9d755d", "#eeca3b", "#d67195", "#79706e")


def place_colour(order: Sequence[str], *, stroke: bool = False, legend: bool = True) -> alt.Color:
    """A place keeps its colour whatever is chosen; ``order`` holds the short names of all published places."""
    shape, width = ("stroke", 4) if stroke else ("square", 0)
    symbol = alt.Legend(orient="top", labelLimit=0, symbolOpacity=1, symbolType=shape, symbolStrokeWidth=width)
    shown = symbol if legend else None
    colours = [COLOURS[index % len(COLOURS)] for index in range(len(order))]
    return alt.Color("place:N", title=None, scale=alt.Scale(domain=list(order), range=colours), legend=shown)


def temperature(days: pd.DataFrame, order: Sequence[str]) -> alt.LayerChart:
    """Band: lowest to highest of all places; thin line with points: daily mean; thick line: mean of 7 days.

    ``days`` has ``weather_date, place, temperature_{mean,min,max,mean_7d}_c``.
    """
    order = [place for place in order if place in set(days["place"])] if len(order) <= len(COLOURS) else order
    dated = days.assign(
        weather_date=days["weather_date"].dt.tz_localize("UTC"), day=days["weather_date"].dt.strftime("%Y-%m-%d")
    )
    count = days["weather_date"].nunique()
    axis = alt.Axis(
        format="%d %b",
        tickCount="day" if count <= FEW_DAYS else alt.Undefined,
        tickMinStep=86_400_000,
        labelOverlap=True,
        grid=False,
    )
    x = alt.X("weather_date:T", title=None, axis=axis, scale=alt.Scale(type="utc"))
    many = count > MANY_DAYS
    extremes = dated.groupby("weather_date", as_index=False).agg(
        lowest=("temperature_min_c", "min"), highest=("temperature_max_c", "max")
    )
    band = (
        alt.Chart(extremes)
        .mark_area(opacity=0.18, color="#8a949e")
        .encode(x=x, y=alt.Y("lowest:Q", title="temperature, °C", scale=alt.Scale(zero=False)), y2="highest:Q")
    )
    base = alt.Chart(dated).encode(x=x, color=place_colour(order, stroke=True))
    mean = base.mark_line(strokeWidth=1, opacity=0.45 if many else 0.8, point=not many).encode(
        y="temperature_mean_c:Q",
        tooltip=[
            alt.Tooltip("day:N", title="day"),
            alt.Tooltip("place:N"),
            alt.Tooltip("temperature_mean_c:Q", title="mean, °C", format=".1f"),
            alt.Tooltip("temperature_mean_7d_c:Q", title="7-day mean, °C", format=".1f"),
            alt.Tooltip("temperature_min_c:Q", title="lowest, °C", format=".1f"),
            alt.Tooltip("temperature_max_c:Q", title="highest, °C", format=".1f"),
        ],
    )
    rolling = base.mark_line(strokeWidth=2 if many else 3).encode(y="temperature_mean_7d_c:Q")
    return alt.LayerChart(layer=[band, mean, rolling]).properties(height=HEIGHT)


def precipitation(totals: pd.DataFrame, order: Sequence[str]) -> alt.Chart:
    """Bars side by side; ``totals`` has ``period`` (text, in order), ``place`` and ``precipitation_mm``."""
    chart: alt.Chart = (
        alt.Chart(totals)
        .mark_bar()
        .encode(
            x=alt.X("period:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("precipitation_mm:Q", title="precipitation, mm"),
            color=place_colour(order),
            xOffset=alt.XOffset("place:N", sort=list(order)),
            tooltip=[
                alt.Tooltip("period:O"),
                alt.Tooltip("place:N"),
                alt.Tooltip("precipitation_mm:Q", title="precipitation, mm", format=".1f"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return chart


def hours_of_day(hours: pd.DataFrame) -> alt.Chart:
    """Heat map; ``hours`` has ``period`` (text, in order), ``local_hour`` (0 to 23) and ``temperature_c``."""
    colour = alt.Color(
        "temperature_c:Q",
        title="mean, °C",
        scale=alt.Scale(scheme="redyellowblue", reverse=True),
        legend=alt.Legend(orient="top", gradientLength=220, titleOrient="left"),
    )
    chart: alt.Chart = (
        alt.Chart(hours)
        .mark_rect()
        .encode(
            x=alt.X("period:O", title=None, sort=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("local_hour:O", title="hour of the day, local time", axis=alt.Axis(labelOverlap=True)),
            color=colour,
            tooltip=[
                alt.Tooltip("period:O", title="local day or month"),
                alt.Tooltip("local_hour:O", title="local hour"),
                alt.Tooltip("temperature_c:Q", title="mean, °C", format=".1f"),
            ],
        )
        .properties(height=24 * HOUR_HEIGHT)
    )
    return chart
