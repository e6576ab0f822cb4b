"""Every source system by name; a source is one file beside this one, imported when it is asked for.

What makes a file a source is a function ``open_source(settings, *, live=False) -> Source``; the file's name is the
source's. Names are found by reading, because importing all sources would cost more than a command may take.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lake.errors import UnknownChoiceError

if TYPE_CHECKING:
    from pipeline.settings.model import Settings
    from pipeline.sources.base import Source

_OPENS = "\ndef open_source("


@cache
def sources() -> tuple[str, ...]:
    """The names of all sources, in order."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return tuple(module.stem for module in modules if _OPENS in module.read_text(encoding="utf-8"))


def source(name: str, settings: Settings, *, live: bool = False) -> Source:
    """The source called ``name``; ``live`` allows it the network. UnknownChoiceError lists the known ones."""
    if name not in sources():
        raise UnknownChoiceError("source", name, sources(), where="pipeline/sources/")
    return cast("Source", importlib.import_module(f"{__name__}.{name}").open_source(settings, live=live))
