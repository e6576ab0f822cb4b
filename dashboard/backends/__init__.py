"""The databases that can hold what is published: one file each, found by its name in ``warehouse.backend``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

from lake.errors import UnknownChoiceError

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.settings import Settings


@dataclass(frozen=True)
class Version:
    """One publication: its name, when it was made, and why some of it may be behind."""

    name: str
    published_at: datetime
    stale: tuple[str, ...] = ()


class SupersededError(Exception):
    """The version that was asked is gone, because newer ones were published meanwhile: resolve anew."""


class Backend(Protocol):
    """What a backend's file has to offer, as functions."""

    def place(self, settings: Settings) -> str:
        """Where what is published lies, for people and for the cache's key."""

    def current(self, settings: Settings) -> Version | None:
        """The version that is current now; None before the first."""

    def ask(self, settings: Settings, version: Version, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
        """Rows of exactly that version; SupersededError where it was removed."""


def known() -> tuple[str, ...]:
    """The names of all backends: the files of this folder."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def backend(name: str) -> Backend:
    """The backend of that name; UnknownChoiceError lists the known ones."""
    if name not in known():
        raise UnknownChoiceError("dashboard backend", name, known(), where="warehouse.backend")
    return cast("Backend", importlib.import_module(f"dashboard.backends.{name}"))
