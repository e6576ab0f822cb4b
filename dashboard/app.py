"""The dashboard's entry: ``streamlit run dashboard/app.py``, or ``just dashboard``. Pages stand in pages/."""

from __future__ import annotations

import sys
from pathlib import Path

# Streamlit puts this file's folder on the path; the pages import the project from its root.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import streamlit as st

PAGES = Path(__file__).resolve().parent / "pages"

st.set_page_config(page_title="Mirrorlake", page_icon=str(PAGES.parent / "icon.png"), layout="wide")
st.navigation(
    [
        st.Page(PAGES / "weather.py", title="Weather", icon=":material/thermostat:", default=True),
        st.Page(PAGES / "wind.py", title="Wind", icon=":material/air:"),
        st.Page(PAGES / "places.py", title="Places", icon=":material/map:"),
        st.Page(PAGES / "operations.py", title="Operations", icon=":material/monitoring:"),
    ]
).run()
