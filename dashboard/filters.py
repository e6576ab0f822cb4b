"""The sidebar: which places and days. The choice belongs to the session, so it outlasts a change of page, and stands in
the address, so it can be sent to others. Everything is chosen at first, and stays so when more is published.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import queries
from dashboard.parts import plain
from dashboard.published import Publication

Range = tuple[date, date]
_CHOICE = "choice"


@dataclass(frozen=True)
class Choice:
    """What the user wants: place ids and days; None means everything. While days are picked, there may be one."""

    places: tuple[str, ...] | None
    days: tuple[date, ...] | None

    def among(self, span: Range, labels: Mapping[str, str]) -> Choice:
        """What of it is published."""
        places = tuple(place for place in self.places or () if place in labels)
        outside = any(not span[0] <= day <= span[1] for day in self.days or ())
        return Choice(places or (() if self.places == () else None), None if outside else self.days)

    def address(self) -> dict[str, list[str]]:
        """The query of the page's address."""
        named = {"place": list(self.places or ()), "days": [day.isoformat() for day in self.days or ()]}
        return {name: values for name, values in named.items() if values}


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
    state = st.session_state
    if _CHOICE not in state:
        state[_CHOICE] = from_address(st.query_params.get_all("place"), st.query_params.get_all("days"), labels)
    choice = state[_CHOICE].among(span, labels)
    # The widgets forget when the page changes, the choice does not.
    state["place"], state["days"] = list(labels if choice.places is None else choice.places), choice.days or span
    with st.sidebar:
        hear = partial(_hear, span, labels)
        chosen = st.multiselect("Places", list(labels), format_func=labels.__getitem__, key="place", on_change=hear)
        first, last = span
        days: object = st.date_input(
            "Days (UTC)", min_value=first, max_value=last, format="YYYY-MM-DD", key="days", on_change=hear
        )
        full = dict(zip(places["location_id"], places["location_name"], strict=True))
        named = [key for key in labels if labels[key] != full[key]]
        st.caption("  \n".join(f"{plain(labels[key])}: {plain(full[key])}" for key in named))
    st.query_params.from_dict(choice.address())
    if not chosen:
        st.info("Choose at least one place in the sidebar.")
        st.stop()
    if not isinstance(days, tuple) or len(days) != 2:
        st.info("Choose the last day too.")
        st.stop()
    return Filters(tuple(chosen), days[0], days[1], labels)


def from_address(places: Sequence[str], days: Sequence[str], labels: Mapping[str, str]) -> Choice:
    """The choice that an address names; what it cannot mean is everything."""
    try:
        dates = tuple(date.fromisoformat(day) for day in days)
    except ValueError:
        dates = ()
    known = tuple(place for place in places if place in labels)
    return Choice(known or None, dates if len(dates) == 2 and dates[0] <= dates[1] else None)


def _hear(span: Range, labels: Mapping[str, str]) -> None:
    """Remember what was just chosen in the sidebar."""
    state = st.session_state
    places, days = tuple(state["place"]), tuple(state["days"])
    state[_CHOICE] = Choice(None if set(places) == set(labels) else places, None if days == span else days)
