"""The warehouses: one file each, found by its name, its driver imported inside the one function that connects."""

from __future__ import annotations

import importlib
import pkgutil

from lake.errors import UnknownChoiceError
from warehouse.warehouses.base import Warehouse


def known() -> tuple[str, ...]:
    """The names of all warehouses: the files of this folder, but ``base`` and what begins with ``_``."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return tuple(sorted(name for name in names if name != "base" and not name.startswith("_")))


def warehouse(name: str, **settings: object) -> Warehouse:
    """The warehouse of that name with settings of its own (see ``create`` in its file).

    Nothing is opened yet. Raises UnknownChoiceError, which lists the known ones.
    """
    if name not in known():
        raise UnknownChoiceError("warehouse", name, known(), where="warehouse.backend")
    made: Warehouse = importlib.import_module(f"warehouse.warehouses.{name}").create(**settings)
    return made
