"""Places: where they lie, what their days came to, how complete they are."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard import place_map, queries
from dashboard.filters import filters
from dashboard.parts import badges, footer, require_publication

Columns = dict[str, ColumnConfig | str | None]
number, day = st.column_config.NumberColumn, st.column_config.DateColumn
TOTALS: Columns = {
    "place": "place",
    "location_name": "name",
    "temperature_mean_c": number("mean, °C", format="%.1f"),
    "precipitation_total_mm": number("precipitation, mm", format="%.1f"),
    "latitude": number("latitude", format="%.4f"),
    "longitude": number("longitude", format="%.4f"),
    "elevation_m": number("elevation, m", format="%.1f"),
    "time_zone": "time zone",
}
COMPLETENESS: Columns = {
    "place": "place",
    "first_date": day("first day", format="YYYY-MM-DD"),
    "last_date": day("last day", format="YYYY-MM-DD"),
    "newest_observed_at": st.column_config.DatetimeColumn("newest, UTC", format="YYYY-MM-DD HH:mm"),
    "day_count": "days",
    "observed_hours": "hours",
    "gap_hours": "gaps",
    "gap_share": number("share of gaps", format="percent"),
    "days_behind_newest": "days behind",
    "is_stale": st.column_config.CheckboxColumn("stale"),
}

publication = require_publication("Places")
chosen = filters(publication)
badges(publication)
parameters = (chosen.first, chosen.last, *chosen.places)
places = chosen.labelled(publication.ask(queries.places_with_totals(chosen.places), parameters))
st.caption(f"Mean temperature and total precipitation of {chosen.first} to {chosen.last}. {place_map.BACKDROP}")
st.altair_chart(place_map.place_map(places, list(chosen.labels.values())), width="stretch")
st.dataframe(places[list(TOTALS)], hide_index=True, column_config=TOTALS)
st.subheader("Completeness")
st.caption("Over all published days. A gap is an hour without an observation.")
status = chosen.labelled(publication.ask(queries.STATUS))
listed = status.loc[status["location_id"].isin(chosen.places), list(COMPLETENESS)]
st.dataframe(listed, hide_index=True, column_config=COMPLETENESS)
footer()
