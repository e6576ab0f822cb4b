"""The gold build: for each table decide what changed, run its transformation over that, commit, then the snapshot.

Tables are written first and the snapshot last. A build that dies between leaves the old snapshot; the next one
rewrites what changed since it, and what the dead one wrote, so that the outcome is that of an undisturbed build.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from lake.contract.model import Contract
from lake.engines import Engine
from lake.errors import GraphError, UnknownChoiceError
from lake.gold.builder import Builder, TableResult
from lake.gold.damage import naming_damage
from lake.gold.snapshot import Snapshot, Summary, commit, latest_snapshot
from lake.gold.state import Tables
from lake.gold.summary import summarise
from lake.storage.objects import Objects
from lake.transforms.model import Transformation


@dataclass(frozen=True)
class GoldResult:
    """The snapshot's number, each table's outcome in the order of building, and held rows per silver table."""

    number: int
    tables: dict[str, TableResult]
    held: dict[str, int]
    snapshot: Snapshot

    @property
    def unchanged(self) -> bool:
        """Whether no table was written."""
        return all(table.unchanged for table in self.tables.values())


def build(
    objects: Objects,
    contracts: Mapping[str, Contract],
    transformations: Mapping[str, Transformation],
    engine: Engine,
    *,
    only: Collection[str] | None = None,
    full: bool = False,
    run_id: str = "",
) -> GoldResult:
    """Bring the gold tables (or ``only`` those) up to the newest silver; ``full`` rebuilds them whatever changed.

    Raises GraphError (unknown table, cycle), UnknownChoiceError (``only``), DamagedError (names the file), EngineError,
    TableError, StorageError.
    """
    order = _in_order(transformations, contracts, only)
    previous = latest_snapshot(objects)
    tables = Tables(objects, contracts, previous.tables if previous else {})
    silver = sorted({read for made in order for read in made.reads if contracts[read].layer == "silver"})
    tables.versions.update({name: tables.current_version(name) for name in silver})
    with naming_damage(tables):
        summaries = _summaries(order, tables, silver, previous)
        builder = Builder(tables, engine, summaries, previous, full=full)
        for made in order:
            builder.make(made)
    return _conclude(objects, builder, {name: tables.versions[name] for name in silver}, run_id)


def _in_order(
    transformations: Mapping[str, Transformation], contracts: Mapping[str, Contract], only: Collection[str] | None
) -> list[Transformation]:
    """The transformations to be run, each after those whose tables it reads."""
    for name in only or ():
        if name not in transformations:
            raise UnknownChoiceError("gold table", name, transformations)
    for made in transformations.values():
        for name in (made.name, *made.reads):
            if name not in contracts:
                raise GraphError(
                    f"the table {name!r} of the transformation {made.name!r} has no contract",
                    where=made.function.__module__,
                    fix=f"write one, or use one of: {', '.join(sorted(contracts))}",
                )
        _reads_parents(made, contracts)
    sorter = TopologicalSorter({name: made.reads for name, made in transformations.items()})
    try:
        order = [transformations[name] for name in sorter.static_order() if name in transformations]
    except CycleError as error:
        raise GraphError(f"transformations form a cycle: {' -> '.join(error.args[1])}") from None
    return [made for made in order if only is None or made.name in only]


def _reads_parents(made: Transformation, contracts: Mapping[str, Contract]) -> None:
    """What rows depend on must be in the signature, and rows of silver depend on their parents: they wait for them."""
    for child in made.reads:
        for reference in contracts[child].references:
            parent = contracts.get(reference.to_table)
            if contracts[child].layer == "silver" and parent is not None and parent.table not in made.reads:
                raise GraphError(
                    f"{made.name} reads {child} without its parent {parent.table}, so no row could be held",
                    where=made.function.__module__,
                    fix=f"add the parameter {parent.table}",
                )


def _summaries(
    order: list[Transformation], tables: Tables, silver: list[str], previous: Snapshot | None
) -> dict[str, Summary]:
    """The summary of each silver table that is read; taken over from the last snapshot where no table moved."""
    made: dict[str, Summary] = dict(previous.summaries) if previous else {}
    for name in silver:
        contract = tables.contracts[name]
        spines = {spine.key: spine for one in order for spine in one.spines.values() if spine.table == name}
        parents = frozenset(reference.to_table for reference in contract.references) & set(silver)
        versions = {other: tables.stand(other) for other in sorted({name, *parents})}
        known = made.get(name)
        if known is None or known.versions != versions or not spines.keys() <= known.spans.keys():
            made[name] = summarise(contract, spines.values(), parents, tables.scan, versions)
    return made


def _conclude(objects: Objects, builder: Builder, inputs: Mapping[str, int], run_id: str) -> GoldResult:
    """Commit the snapshot, unless it would say what the last one says."""
    previous = builder.previous
    tables = {**(previous.tables if previous else {}), **{name: made.version for name, made in builder.results.items()}}
    inputs = {**(previous.inputs if previous else {}), **inputs}
    told = (tables, inputs, builder.built, builder.summaries)
    if previous is None or told != (previous.tables, previous.inputs, previous.built, previous.summaries):
        previous = commit(
            objects,
            previous,
            tables=tables,
            inputs=inputs,
            built=builder.built,
            summaries=builder.summaries,
            created_by=run_id,
        )
    held = {name: summary.held for name, summary in sorted(builder.summaries.items())}
    return GoldResult(previous.number, builder.results, held, previous)
