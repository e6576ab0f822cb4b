"""What was published, as the pages see it: one version, resolved once per page run, and all questions go to it.

Answers are remembered under their version: a publication during a session shows on the next interaction, and no page
ever mixes two. Which database answers is the profile's word (``warehouse.backend``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import streamlit as st

from dashboard.backends import SupersededError, Version, backend
from pipeline.settings import Settings, settings_at_work


@dataclass(frozen=True)
class Publication:
    """One version, and the means to ask it."""

    settings: Settings
    version: Version

    def ask(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The rows that ``sql`` selects from this version; the page starts anew where the version is gone."""
        name = self.settings.warehouse.backend
        place = backend(name).place(self.settings)
        try:
            version = self.version
            return _answer(
                name, place, version.name, version.published_at, sql, tuple(parameters), self.settings, version
            )
        except SupersededError:
            st.rerun()


def current() -> Publication | None:
    """The current publication of the environment that LAKE_ENV names; None before the first."""
    settings = settings_at_work()
    version = backend(settings.warehouse.backend).current(settings)
    return Publication(settings, version) if version else None


@st.cache_data(show_spinner=False, max_entries=200)
def _answer(
    name: str,
    place: str,
    version: str,
    published_at: datetime,
    sql: str,
    parameters: tuple[object, ...],
    _settings: Settings,
    _version: Version,
) -> pd.DataFrame:
    """Everything without underscore is the key. A file's name may come again after a reset, its instant does not."""
    return backend(name).ask(_settings, _version, sql, parameters)
