"""What a transformation is: a pure function over narwhals frames whose name and parameters are its place in the graph.

The name of the function is the table that it writes, its positional parameters are the tables that it reads. A
keyword-only parameter is a helper that the engine makes, declared by ``Annotated[Frame, HourSpine(...)]``: it names
its table as well, so the signature still says all of the dependencies.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import narwhals as nw

from lake.errors import GraphError

Frame = nw.LazyFrame[Any]


@dataclass(frozen=True)
class HourSpine:
    """Every UTC hour of every key of ``table``: from 00:00 of its first day to 23:00 of its last one.

    The frame has the columns ``by`` (text) and ``at`` (UTC timestamp). Days are those of ``at`` over the *whole*
    table, also when only some partitions of it are read; see docs/adr/0002-hour-spine.md.
    """

    table: str
    by: tuple[str, ...]
    at: str

    @property
    def key(self) -> str:
        """By what spines of one table are told apart, whatever parameter asks for them: ``observed_at by place``."""
        return f"{self.at} by {', '.join(self.by)}"


@dataclass(frozen=True)
class Transformation:
    """One gold table: ``function(*tables in the order of reads, **one frame per spine)`` gives its rows, lazily."""

    name: str
    function: Callable[..., Frame]
    reads: tuple[str, ...]
    spines: dict[str, HourSpine] = field(default_factory=dict)

    def __call__(self, inputs: typing.Mapping[str, Frame], spines: typing.Mapping[str, Frame]) -> Frame:
        """Call the function with the frames of its tables and of its spines."""
        return self.function(*(inputs[name] for name in self.reads), **{name: spines[name] for name in self.spines})


_REGISTERED = "_mirrorlake_transformation"


def transformation(function: Callable[..., Frame]) -> Callable[..., Frame]:
    """Mark a function as the transformation that writes the table of its name."""
    setattr(function, _REGISTERED, True)
    return function


def is_transformation(value: object) -> typing.TypeGuard[Callable[..., Frame]]:
    """Whether ``value`` is a function marked by ``transformation``."""
    return inspect.isfunction(value) and getattr(value, _REGISTERED, False)


def describe(function: Callable[..., Frame]) -> Transformation:
    """Read name, tables and spines from a signature.

    Raises GraphError where a keyword-only parameter declares no helper, or a spine is of a table that is not read.
    """
    where = f"{function.__module__}.{function.__qualname__}"
    hints = typing.get_type_hints(function, include_extras=True)
    reads: list[str] = []
    spines: dict[str, HourSpine] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty:
            reads.append(parameter.name)
            continue
        extras = getattr(hints.get(parameter.name), "__metadata__", ())
        declared = [extra for extra in extras if isinstance(extra, HourSpine)]
        if parameter.kind is not parameter.KEYWORD_ONLY or len(declared) != 1:
            raise GraphError(
                f"parameter {parameter.name!r} is neither a table nor a declared helper",
                where=where,
                fix="a table is a positional parameter without default; a helper is keyword-only: "
                "Annotated[Frame, HourSpine(...)]",
            )
        spines[parameter.name] = declared[0]
    for name, spine in spines.items():
        if spine.table not in reads:
            raise GraphError(
                f"the spine {name!r} is of {spine.table!r}, which the transformation does not read",
                where=where,
                fix=f"name one of its tables: {', '.join(reads)}",
            )
    return Transformation(function.__name__, function, tuple(reads), spines)
