"""The dashboard's entry: ``streamlit run dashboard/app.py``, or ``just dashboard``. Its pages stand in views/.

Not in pages/: Streamlit serves a folder of that name by itself, without this file, until it has run once.
"""

from __future__ import annotations

import sys
from pathlib import Path

# Streamlit puts this file's folder on the path; the pages import the project from its root.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import streamlit as st

from dashboard.parts import show_error
from lake.errors import MirrorlakeError
from pipeline.settings import load_settings

VIEWS = Path(__file__).resolve().parent / "views"

st.set_page_config(page_title="Mirrorlake", page_icon=str(VIEWS.parent / "icon.png"), layout="wide")
page = st.navigation(
    [
        st.Page(VIEWS / "weather.py", title="Weather", icon=":material/thermostat:", default=True),
        st.Page(VIEWS / "wind.py", title="Wind", icon=":material/air:"),
        st.Page(VIEWS / "places.py", title="Places", icon=":material/map:"),
        st.Page(VIEWS / "operations.py", title="Operations", icon=":material/monitoring:"),
    ]
)
try:
    settings = load_settings()
    if not settings.is_default:
        st.sidebar.caption(f"environment: {settings.env}")
    page.run()
except MirrorlakeError as error:
    show_error(error)
