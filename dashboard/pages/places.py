"""Places: where they lie, what their days came to, how complete they are."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, queries
from dashboard.parts import badges, filters, require_publication
from dashboard.published import ask

version = require_publication()
chosen = filters(version)
st.title("Places")
badges(version)
places = ask(version, queries.map_of_places(chosen.places), (chosen.first, chosen.last, *chosen.places))
st.altair_chart(charts.place_map(places), width="stretch")
st.subheader("Completeness")
status = ask(version, queries.STATUS)
st.dataframe(
    status[status["location_id"].isin(chosen.places)],
    hide_index=True,
    column_config={
        "gap_share": st.column_config.ProgressColumn("gaps", format="percent", min_value=0.0, max_value=1.0),
        "newest_observed_at": st.column_config.DatetimeColumn("newest (UTC)", format="YYYY-MM-DD HH:mm"),
    },
)
