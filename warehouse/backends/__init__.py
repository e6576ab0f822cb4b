"""The databases: one file each, found by its name, its driver imported inside the one function that connects."""

from __future__ import annotations

import importlib
import pkgutil

from lake.errors import UnknownChoiceError
from warehouse.backends.base import Backend


def known() -> tuple[str, ...]:
    """The names of all backends: the files of this folder, but ``base`` and what begins with ``_``."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def backend(name: str, **settings: object) -> Backend:
    """The backend of that name with settings of its own (``duckdb``: folder; ``postgres``: url, schema).

    Nothing is opened yet. Raises UnknownChoiceError, which lists the known ones.
    """
    if name not in known():
        raise UnknownChoiceError("backend", name, known(), where="staging.backend")
    made: Backend = importlib.import_module(f"warehouse.backends.{name}").create(**settings)
    return made
