"""Wind: from where it blows and how hard."""

from __future__ import annotations

import streamlit as st

from dashboard import queries, rose
from dashboard.filters import filters
from dashboard.parts import badges, footer, require_publication

publication = require_publication("Wind")
chosen = filters(publication)
badges(publication)
months = chosen.first.replace(day=1), chosen.last.replace(day=1)
winds = publication.ask(queries.wind_rose(chosen.places), (*chosen.places, *months))
names = [f"{month:%B %Y}" for month in dict.fromkeys(months)]
st.caption(
    f"All published hours of {' to '.join(names)}: the rose counts by month. An area stands for a number of hours."
)
blowing = winds[winds["sector_number"].between(0, rose.SECTORS - 1)]
if blowing.empty:
    st.info("No wind with a direction was observed at these places in these months.")
    st.stop()
left, right = st.columns([3, 1])
left.altair_chart(rose.wind_rose(winds), width="stretch")
total = winds["hours"].sum()
by_sector = blowing.groupby("sector")["hours"].sum().sort_values(ascending=False)
right.metric("Mostly from", f"{by_sector.index[0]}", border=True)
for label, sector, words in (
    ("Calm", "calm", "Below 2 km/h."),
    ("Variable", "variable", "Moving air without one direction; not in the rose."),
):
    hours = int(winds.loc[winds["sector"] == sector, "hours"].sum())
    share = f"{hours / total:.1%} of {total:,} h"
    right.metric(label, f"{hours:,} h", share, delta_color="off", delta_arrow="off", help=words, border=True)
with st.expander("The rows behind it"):
    st.dataframe(winds, hide_index=True)
footer()
