"""What was published, as the pages see it: one place that resolves the current version and asks it.

Every question is answered by the version that is current when it is asked, and remembered under that version: a
publication during a session shows on the next interaction. Which database answers is the profile's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd
import streamlit as st

from lake.errors import UnknownChoiceError
from pipeline.settings import Settings, load_settings
from warehouse import pointer
from warehouse.publish import open_published


@dataclass(frozen=True)
class Version:
    """One publication: its name, when it was made, and why some of it may be behind."""

    name: str
    published_at: datetime
    stale: tuple[str, ...]


def settings() -> Settings:
    """The settings of the environment that LAKE_ENV names."""
    return load_settings()


def current_version(folder: Path) -> Version | None:
    """The current publication; None before the first."""
    entry = pointer.details(folder)
    if entry is None:
        return None
    stale = entry.get("stale")
    reasons = tuple(str(reason) for reason in stale) if isinstance(stale, list) else ()
    return Version(str(entry["file"]), datetime.fromisoformat(str(entry["published_at"])), reasons)


def ask(version: Version, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
    """The rows that ``sql`` selects from the published marts."""
    chosen = settings()
    if chosen.warehouse.backend != "duckdb":
        raise UnknownChoiceError("dashboard backend", chosen.warehouse.backend, ["duckdb"])
    return _ask_duckdb(version.name, str(chosen.publish.folder), sql, tuple(parameters))


@st.cache_data(show_spinner=False, max_entries=200)
def _ask_duckdb(version: str, folder: str, sql: str, parameters: tuple[object, ...]) -> pd.DataFrame:
    """``version`` is part of the key, so that an answer never outlives its publication."""
    with open_published(Path(folder)) as connection:
        return connection.execute(sql, list(parameters)).df()
