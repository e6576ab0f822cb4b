"""Weather: four figures, temperature with its rolling mean, precipitation, and the day by its hours."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboard import charts, queries
from dashboard.parts import Filters, badges, filters, require_publication
from dashboard.published import Version, ask


def days(version: Version, chosen: Filters) -> pd.DataFrame:
    """Daily rows of the selection, oldest first."""
    return ask(version, queries.daily(chosen.places), chosen.parameters)


def before(chosen: Filters) -> Filters:
    """As many days just before, for comparison."""
    length = (chosen.last - chosen.first).days + 1
    return Filters(chosen.places, chosen.first - timedelta(days=length), chosen.first - timedelta(days=1))


def cards(now: pd.DataFrame, earlier: pd.DataFrame) -> None:
    """Four key figures, each against as many days before where those are published."""
    figures = [
        ("Mean temperature", "temperature_mean_c", "mean", "{:.1f} °C", "{:+.1f} °C"),
        ("Precipitation", "precipitation_total_mm", "sum", "{:.1f} mm", "{:+.1f} mm"),
        ("Wet hours", "wet_hours", "sum", "{:.0f} h", "{:+.0f} h"),
        ("Strongest wind", "wind_speed_max_kmh", "max", "{:.0f} km/h", "{:+.0f} km/h"),
    ]
    for column, (label, name, how, shown, delta) in zip(st.columns(4), figures, strict=True):
        value = now[name].agg(how) if len(now) else None
        change = value - earlier[name].agg(how) if len(now) and len(earlier) else None
        known = value is not None and pd.notna(value)
        column.metric(
            label,
            shown.format(value) if known else "no data",
            delta.format(change) if change is not None and pd.notna(change) else None,
            delta_color="off",
            border=True,
            help="Over the chosen places and days; the change is against as many days before.",
        )


def by_local_hour(hours: pd.DataFrame, zones: dict[str, str]) -> pd.DataFrame:
    """Hours with the date and hour of the place's own clock; the only page part that leaves UTC."""
    parts = []
    for place, rows in hours.groupby("location_id"):
        local = pd.to_datetime(rows["observed_at"], utc=True).dt.tz_convert(zones[str(place)])
        parts.append(rows.assign(local_date=local.dt.date.astype("datetime64[ns]"), local_hour=local.dt.hour))
    return pd.concat(parts) if parts else hours.assign(local_date=pd.NaT, local_hour=pd.NA)


version = require_publication()
chosen = filters(version)
st.title("Weather")
badges(version)
now = days(version, chosen)
cards(now, days(version, before(chosen)))
if now.empty:
    st.info("No data for these places and days.")
    st.stop()
st.subheader("Temperature", help="Band: lowest to highest of the day. Thin: daily mean. Thick: mean of 7 days.")
st.altair_chart(charts.temperature(now), width="stretch")
st.subheader("Precipitation")
st.altair_chart(charts.precipitation(now), width="stretch")
st.subheader("Temperature by hour of the day")
places = ask(version, queries.PLACES)
zones = dict(zip(places["location_id"], places["time_zone"], strict=True))
hours = ask(version, queries.hourly(chosen.places), chosen.parameters)
st.altair_chart(charts.hours_of_day(by_local_hour(hours, zones)), width="stretch")
with st.expander("The rows behind it"):
    st.dataframe(now, hide_index=True)
