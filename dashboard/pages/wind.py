"""Wind: from where it blows and how hard."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, queries
from dashboard.parts import badges, filters, require_publication
from dashboard.published import ask

version = require_publication()
chosen = filters(version)
st.title("Wind")
badges(version)
months = (chosen.first.replace(day=1), chosen.last.replace(day=1))
winds = ask(version, queries.wind_rose(chosen.places), (*chosen.places, *months))
st.caption("Hours by direction and speed, over the whole months that the chosen days touch.")
if winds.empty:
    st.info("No wind was observed at these places in these months.")
    st.stop()
left, right = st.columns([3, 2])
left.altair_chart(charts.rose(winds), width="stretch")
calm = int(winds.loc[~winds["sector_number"].between(0, charts.SECTORS - 1), "hours"].sum())
right.metric("Hours with wind", f"{int(winds['hours'].sum()) - calm:,}", border=True)
right.metric("Calm or without a direction", f"{calm:,}", border=True)
strongest = winds.sort_values("hours", ascending=False).iloc[0]
right.metric("Most often", f"{strongest['sector']}, {strongest['speed_class_kmh']} km/h", border=True)
with st.expander("The rows behind it"):
    st.dataframe(winds, hide_index=True)
