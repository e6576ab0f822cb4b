"""Weather: four figures, temperature with its rolling mean, precipitation, and the day by its hours."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, figures, queries
from dashboard.filters import filters
from dashboard.parts import badges, footer, require_publication

publication = require_publication("Weather")
chosen = filters(publication)
badges(publication)
query = queries.daily(chosen.places)
days = chosen.labelled(publication.ask(query, chosen.parameters))
if days.empty:
    st.info("No data for these places and days. Choose others in the sidebar.")
    st.stop()
earlier = publication.ask(query, chosen.before().parameters)
for column, figure in zip(st.columns(4), figures.key_figures(days, earlier), strict=True):
    column.metric(
        figure.label,
        figure.value,
        figure.change,
        delta_color="off",
        delta_description="than before" if figure.change else None,
        border=True,
        help=f"{figure.explanation} The change is against as many days before, where they are published.",
    )
order = list(chosen.labels.values())
st.subheader("Temperature")
st.caption("Thin lines: daily mean. Thick lines: mean of 7 days. Band: lowest to highest of the chosen places.")
st.altair_chart(charts.temperature(days, order), width="stretch")
st.subheader("Precipitation")
totals = figures.precipitation_totals(days)
st.caption("Total by month, of the chosen days." if chosen.days > figures.MANY_DAYS else "Total by day.")
st.altair_chart(charts.precipitation(totals, order), width="stretch")
st.subheader("Temperature by hour of the day")
st.caption("Mean of the chosen places, each by its own local time; the days above are UTC days.")
places = publication.ask(queries.PLACES)
zones = dict(zip(places["location_id"], places["time_zone"], strict=True))
hours = publication.ask(queries.hourly_temperature(chosen.places), chosen.parameters)
st.altair_chart(charts.hours_of_day(figures.local_hours(hours, zones)), width="stretch")
with st.expander("The rows behind it"):
    st.dataframe(
        days.drop(columns="place"),
        hide_index=True,
        column_config={"weather_date": st.column_config.DateColumn(format="YYYY-MM-DD")},
    )
footer()
