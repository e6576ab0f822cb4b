"""The one graph: which table is made from which, and the stages that make them, in an order that works.

Nothing is declared here. Silver tables and the sources that feed them follow from the contracts, gold tables from the
signatures of the transformations. The laptop's runner, ``mirrorlake graph`` and (by graph.json) Airflow read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from lake.contract.model import Contract
from lake.errors import GraphError, UnknownChoiceError

StageKind = Literal["ingest", "silver", "gold", "staging", "load", "dbt", "audit", "publish"]
# What comes after gold is the same for every project: a line.
LINE: tuple[StageKind, ...] = ("silver", "gold", "staging", "load", "dbt", "audit", "publish")


@dataclass(frozen=True)
class Node:
    """One table: its layer and the tables (silver: ``source/dataset`` pairs) that it is made from."""

    name: str
    layer: str
    reads: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """One node of the run: its name (``ingest openmeteo``, ``silver`` ...), what it waits for, what it writes."""

    name: str
    kind: StageKind
    after: tuple[str, ...]
    writes: tuple[str, ...] = ()
    source: str | None = None

    @property
    def job(self) -> str:
        """The word for ``--job``: the name without blanks."""
        return self.name.replace(" ", "-")


@dataclass(frozen=True)
class Graph:
    """``nodes`` and ``stages``, both in an order in which everything comes after what it needs."""

    nodes: tuple[Node, ...]
    stages: tuple[Stage, ...]

    def stage(self, job: str) -> Stage:
        """The stage of that job word; unknown ones list the known."""
        for stage in self.stages:
            if job in (stage.job, stage.name):
                return stage
        raise UnknownChoiceError("job", job, [stage.job for stage in self.stages])


def build_graph(contracts: Mapping[str, Contract], reads: Mapping[str, Iterable[str]]) -> Graph:
    """Build the graph from contracts and from ``reads``: gold table to the tables its transformation reads.

    Raises GraphError for a cycle, a table that nobody writes, a gold contract without a transformation, a
    transformation without a contract, and one that reads a table of silver without its parents.
    """
    nodes = _order(_silver_nodes(contracts) + _gold_nodes(contracts, reads), contracts)
    for node in nodes:
        _require_parents(node, contracts)
    sources = sorted({source for contract in contracts.values() for source, _ in contract.datasets})
    return Graph(nodes, _stages(nodes, contracts, sources))


def _silver_nodes(contracts: Mapping[str, Contract]) -> list[Node]:
    return [
        Node(contract.table, "silver", tuple(f"{source}/{dataset}" for source, dataset in contract.datasets))
        for contract in contracts.values()
        if contract.layer == "silver"
    ]


def _gold_nodes(contracts: Mapping[str, Contract], reads: Mapping[str, Iterable[str]]) -> list[Node]:
    gold = {contract.table for contract in contracts.values() if contract.layer == "gold"}
    for table in sorted(gold - set(reads)):
        raise GraphError(
            f"the gold table {table!r} has a contract but no transformation",
            where=contracts[table].path,
            fix=f"write a function named {table} in lake/transforms/ whose parameters are the tables that it reads",
        )
    for table in sorted(set(reads) - gold):
        raise GraphError(
            f"the transformation {table!r} has no gold contract",
            where="lake/transforms/",
            fix=f"write lake/contracts/{table}.odcs.yaml, or name the function after one of: {', '.join(sorted(gold))}",
        )
    return [Node(table, "gold", tuple(reads[table])) for table in sorted(gold)]


def _order(nodes: list[Node], contracts: Mapping[str, Contract]) -> tuple[Node, ...]:
    by_name = {node.name: node for node in nodes}
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for node in nodes:
        inputs = node.reads if node.layer == "gold" else ()
        for name in inputs:
            if name not in by_name:
                raise GraphError(
                    f"{node.name!r} reads {name!r}, which nobody writes",
                    where="lake/transforms/",
                    fix=f"name the parameter after one of: {', '.join(sorted(contracts))}",
                )
        sorter.add(node.name, *inputs)
    try:
        return tuple(by_name[name] for name in sorter.static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise GraphError(
            f"transformations form a cycle: {circle}",
            where="lake/transforms/",
            fix="let one of them read something else",
        ) from None


def _require_parents(node: Node, contracts: Mapping[str, Contract]) -> None:
    """Rows of silver wait for their parents, so whoever reads the one has to read the other."""
    children = [contracts[name] for name in node.reads if node.layer == "gold" and contracts[name].layer == "silver"]
    for child in children:
        for parent in sorted({reference.to_table for reference in child.references} & set(contracts)):
            if parent not in node.reads:
                raise GraphError(
                    f"{node.name!r} reads {child.table!r} without its parent {parent!r}, so no row could be held",
                    where="lake/transforms/",
                    fix=f"add the parameter {parent}",
                )


def _stages(nodes: tuple[Node, ...], contracts: Mapping[str, Contract], sources: list[str]) -> tuple[Stage, ...]:
    written = {layer: tuple(node.name for node in nodes if node.layer == layer) for layer in ("silver", "gold")}
    loaded = tuple(node.name for node in nodes if contracts[node.name].warehouse)
    ingests = [Stage(f"ingest {source}", "ingest", (), (), source) for source in sources]
    stages = list(ingests)
    before: tuple[str, ...] = tuple(stage.name for stage in ingests)
    for kind in LINE:
        writes = written.get(kind, loaded if kind in ("staging", "load") else ())
        stages.append(Stage(kind, kind, before, writes))
        before = (kind,)
    return tuple(stages)
