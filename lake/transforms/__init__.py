"""The gold tables: one transformation each, found by looking at every module of this package.

A new gold table is one function marked ``@transformation`` in a module here (or a new module) and one contract.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable

from lake.errors import GraphError
from lake.transforms.model import Frame, HourSpine, Transformation, describe, is_transformation, transformation

__all__ = ["Frame", "HourSpine", "Transformation", "collect", "describe", "discover", "transformation"]


def discover() -> dict[str, Transformation]:
    """Every transformation of this package by the table that it writes, in the order of names."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    functions = [
        value
        for module in modules
        for value in vars(module).values()
        if is_transformation(value) and value.__module__ == module.__name__
    ]
    return collect(functions)


def collect(functions: list[Callable[..., Frame]]) -> dict[str, Transformation]:
    """Transformations by name; GraphError where two functions write the same table."""
    found: dict[str, Transformation] = {}
    for function in functions:
        described = describe(function)
        if described.name in found:
            first = found[described.name].function.__module__
            raise GraphError(
                f"two transformations write the table {described.name!r}",
                where=f"{first} and {function.__module__}",
                fix="a table is written by one function; rename one of them",
            )
        found[described.name] = described
    return dict(sorted(found.items()))
