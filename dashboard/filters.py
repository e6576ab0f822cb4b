"""The sidebar: which places and days. Streamlit keeps both in the address, so they outlast a change of page and can be
sent to others; what is not there (any more) is left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import streamlit as st

from dashboard import queries
from dashboard.parts import plain
from dashboard.published import Publication

Range = tuple[date, date]


@dataclass(frozen=True)
class Filters:
    """Place ids, first and last day; ``labels`` names every published place shortly, in the order of the colours."""

    places: tuple[str, ...]
    first: date
    last: date
    labels: dict[str, str]

    @property
    def parameters(self) -> tuple[object, ...]:
        """For queries that take places, first and last day."""
        return (*self.places, self.first, self.last)

    @property
    def days(self) -> int:
        """How many days are chosen."""
        return (self.last - self.first).days + 1

    def before(self) -> Filters:
        """As many days just before, for comparison."""
        length = timedelta(days=self.days)
        return Filters(self.places, self.first - length, self.last - length, self.labels)

    def labelled(self, rows: pd.DataFrame) -> pd.DataFrame:
        """``rows`` with a column ``place``, the short name of its ``location_id``."""
        return rows.assign(place=rows["location_id"].map(self.labels))


def short_names(places: pd.DataFrame) -> dict[str, str]:
    """Station code by place id, else the name; the id is added where two would be called the same."""
    codes = places["station_code"].fillna(places["location_name"])
    names = {str(key): str(name) for key, name in zip(places["location_id"], codes, strict=True)}
    often = Counter(names.values())
    return {key: name if often[name] == 1 else f"{name} ({key})" for key, name in names.items()}


def filters(publication: Publication) -> Filters:
    """Show the sidebar and give what it says; the page stops where nothing is chosen."""
    places, status = publication.ask(queries.PLACES), publication.ask(queries.STATUS)
    labels = short_names(places)
    if status["first_date"].isna().all():
        st.info("The published tables hold no day yet.")
        st.stop()
    span = status["first_date"].min().date(), status["last_date"].max().date()
    _follow(span, labels)
    with st.sidebar:
        chosen = st.multiselect(
            "Places",
            list(labels),
            default=list(labels),
            format_func=labels.__getitem__,
            key="place",
            bind="query-params",
        )
        days = st.date_input(
            "Days (UTC)",
            span,
            min_value=span[0],
            max_value=span[1],
            format="YYYY-MM-DD",
            key="days",
            bind="query-params",
        )
        full = dict(zip(places["location_id"], places["location_name"], strict=True))
        st.caption(
            "  \n".join(f"{plain(labels[key])}: {plain(full[key])}" for key in labels if labels[key] != full[key])
        )
    if not chosen:
        st.info("Choose at least one place in the sidebar.")
        st.stop()
    if not isinstance(days, tuple) or len(days) != 2:
        st.info("Choose the last day too.")
        st.stop()
    return Filters(tuple(chosen), days[0], days[1], labels)


def _follow(span: Range, labels: dict[str, str]) -> None:
    """A newer publication may hold other days and places: who saw all sees all again, what is gone is left out."""
    state = st.session_state
    seen_span, seen_places = state.get("_span", span), state.get("_places", list(labels))
    days, places = state.get("days"), state.get("place")
    if days is not None and seen_span != span:
        outside = any(not span[0] <= day <= span[1] for day in days)
        state["days"] = span if outside or tuple(days) == seen_span else days
    if places is not None and seen_places != list(labels):
        state["place"] = list(labels) if set(places) == set(seen_places) else [key for key in places if key in labels]
    state["_span"], state["_places"] = span, list(labels)
