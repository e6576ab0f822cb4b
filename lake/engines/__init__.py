"""What executes transformations: one file per engine, found by its name, its driver imported when it runs.

An engine makes narwhals frames of the inputs, calls the transformation, and hands over Arrow batches; committing them
is the business of ``lake.tables``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lake.contract.model import Contract
from lake.errors import UnknownChoiceError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from lake.transforms.model import Transformation

ENGINES = ("duckdb", "polars", "spark")
Days = tuple[date, date]  # first and last day, both included


@dataclass(frozen=True)
class TableVersion:
    """A Delta table at a version, for an engine that reads its log itself; ``partitions``: only these (None: all)."""

    url: str
    version: int
    partitions: frozenset[date] | None = None


@dataclass(frozen=True)
class Target:
    """Where an engine that commits by itself puts the rows: over ``partitions`` of the table, or over all (None).

    ``mark`` (application id, number) has to stand in the commit. The table is there and has the contract's columns.
    """

    url: str
    partitions: frozenset[date] | None
    mark: tuple[str, int]


@dataclass(frozen=True)
class Input:
    """One table as a transformation reads it: the same rows by ``scan`` (Polars) and by ``files`` (Parquet).

    ``where`` keeps the rows whose ``column`` (date or timestamp) lies on the days from first to last; None keeps all.
    ``options`` are the object options by which files in a bucket are read. With ``hold`` rows of a silver table wait
    outside whose parent, by the contract's references, is not among the inputs' rows; a caller that knows that no row
    waits says False and spares the join.
    """

    contract: Contract
    scan: Callable[[], pl.LazyFrame]
    files: list[str]
    where: tuple[str, date, date] | None = None
    hold: bool = True
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    table: TableVersion | None = None


class Engine(Protocol):
    """Runs one transformation at a time; safe to be called from several threads."""

    name: str

    def run(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> pa.RecordBatchReader:
        """Give the rows of the transformation's table, columns and types as in ``contract``, in any order.

        ``spines`` has, per ``HourSpine`` parameter, a table of the spine's ``by`` columns, ``first_day`` and
        ``last_day`` (dates), both ends included. ``keep`` gives only the rows whose day (of the contract's partition
        column) lies in one of its spans. Read the batches to the end. Raises EngineError.
        """
        ...


@runtime_checkable
class CommittingEngine(Engine, Protocol):
    """An engine that writes its tables itself, because their rows do not pass through this process."""

    def commit(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        target: Target,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> None:
        """Put what ``run`` would give into the target, in one commit that bears its mark. Raises EngineError.

        Where the answer is lost it may have committed all the same: the mark tells (``lake.tables.delta_commits``).
        """
        ...

    def close(self) -> None:
        """Let go of what runs, until it is needed again."""
        ...


def engine(name: str, **settings: object) -> Engine:
    """The engine of that name, with settings of its own (``duckdb``: memory_limit, temp_directory, threads).

    Raises UnknownChoiceError, which lists the known engines.
    """
    if name not in ENGINES:
        raise UnknownChoiceError("engine", name, ENGINES, where="gold.engine")
    made: Engine = importlib.import_module(f"lake.engines.{name}").create(**settings)
    return made
