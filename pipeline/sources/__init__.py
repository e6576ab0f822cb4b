"""Every source system by name; a source is one file beside this one, imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from lake.errors import UnknownChoiceError

if TYPE_CHECKING:
    from pipeline.settings_model import Settings
    from pipeline.sources.base import Source

# Name -> module, which offers ``open_source(settings, live=...) -> Source``.
SOURCES = {"openmeteo": "pipeline.sources.openmeteo"}


def source(name: str, settings: Settings, *, live: bool = False) -> Source:
    """The source called ``name``; ``live`` allows it the network. UnknownChoiceError lists the known ones."""
    if name not in SOURCES:
        raise UnknownChoiceError("source", name, SOURCES)
    return cast("Source", importlib.import_module(SOURCES[name]).open_source(settings, live=live))
