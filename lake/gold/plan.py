"""What a build has to do for one table: nothing, some partitions, or all of it, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from lake.contract.model import Contract
from lake.engines import Days
from lake.gold.reach import moved, reached
from lake.gold.snapshot import Snapshot, Spans, Stand, Summary
from lake.gold.state import MISSING, Tables
from lake.transforms.model import HourSpine, Transformation


@dataclass(frozen=True)
class Work:
    """``partitions`` to be rewritten; None: the whole table; an empty set: nothing. ``reason`` is for people."""

    partitions: frozenset[date] | None
    reason: str

    @property
    def nothing(self) -> bool:
        """Whether the table stays as it is."""
        return self.partitions is not None and not self.partitions


def work_for(
    transformation: Transformation,
    contract: Contract,
    tables: Tables,
    *,
    digest: str,
    previous: Snapshot | None,
    summaries: Mapping[str, Summary],
    rebuilt: frozenset[str],
) -> Work:
    """Decide what to rewrite, from what the last snapshot says of the tables then and of the code.

    ``rebuilt`` are gold tables that this build has made anew as a whole: what depends on them is made anew, too.
    """
    whole = _why_in_full(transformation, tables, digest, previous, rebuilt)
    if whole is not None or previous is None:
        return Work(None, whole or "never built")
    built = previous.built[transformation.name]
    moved_inputs = [read for read in transformation.reads if tables.stand(read) != built.inputs[read]]
    if not moved_inputs and tables.newest(transformation.name) == built.table:
        return Work(frozenset(), "unchanged")
    if contract.window_days is None or contract.partition is None:
        return Work(None, "no window or no partitions in the contract")
    days = _changed_days(transformation, tables, built.inputs, previous, summaries)
    left = _left_by_a_dead_build(tables, transformation.name, built.table)
    if days is None or left is None:
        return Work(None, "it cannot be told which partitions changed")
    by = contract.partition.by
    partitions = frozenset(reached(days, contract.window_days, by) | reached(left, 0, by))
    return Work(partitions, f"{len(partitions)} partition(s) changed" if partitions else "unchanged")


def _why_in_full(
    transformation: Transformation, tables: Tables, digest: str, previous: Snapshot | None, rebuilt: frozenset[str]
) -> str | None:
    """The reason for which the last snapshot says nothing about this table; None where it does."""
    name = transformation.name
    if previous is None or name not in previous.built or tables.current_version(name) == MISSING:
        return "never built"
    if previous.built[name].digest != digest:
        return "the transformation or a contract changed"
    if set(previous.built[name].inputs) != set(transformation.reads):
        return "it reads other tables now"
    anew = sorted(rebuilt & set(transformation.reads))
    return f"built in full: {', '.join(anew)}" if anew else None


def _changed_days(
    transformation: Transformation,
    tables: Tables,
    since: Mapping[str, Stand],
    previous: Snapshot,
    summaries: Mapping[str, Summary],
) -> list[Days] | None:
    """The days of events that changed in any input, spine days included; None where that cannot be told."""
    found: list[Days] = []
    for read in transformation.reads:
        changed = tables.changed(read, since[read])
        if changed is None:
            changed = _through_children(transformation, tables, read, since[read])
        if changed is None:
            return None
        found += changed
    for spine in transformation.spines.values():
        before, after = _spans_then(previous, spine, since), summaries[spine.table].spans[spine.key]
        if before is None:
            return None
        for key in before.keys() | after.keys():
            found += moved(before.get(key), after.get(key))
    return found


def _spans_then(previous: Snapshot, spine: HourSpine, since: Mapping[str, Stand]) -> Spans | None:
    """The spans that the table was built with; None where the last snapshot has them of other versions, or not."""
    known = previous.summaries.get(spine.table)
    if known is None or any(since.get(name) != stand for name, stand in known.versions.items()):
        return None
    return known.spans.get(spine.key)


def _through_children(transformation: Transformation, tables: Tables, parent: str, since: Stand) -> list[Days] | None:
    """A parent without partitions touches those of the children that are read beside it and refer to it."""
    if tables.contracts[parent].partition is not None:
        return None
    references = [
        (child, reference)
        for child in transformation.reads
        for reference in tables.contracts[child].references
        if reference.to_table == parent
    ]
    found: list[Days] = []
    for child, reference in references:
        touched = tables.touched_by_parent(child, reference, since)
        if touched is None:
            return None
        found += touched
    return found if references else None


def _left_by_a_dead_build(tables: Tables, name: str, built: Stand) -> list[Days] | None:
    """The days of partitions that were written after the snapshot, by a build that died before committing its own."""
    strayed = Tables(tables.objects, tables.contracts, {**tables.versions, name: tables.current_version(name)})
    return strayed.changed(name, built)
