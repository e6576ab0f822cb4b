"""Taking loads in: read from bronze, parsed by their source, judged by the gate. What silver then merges."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from lake import merge
from lake.bronze import Bronze, LoadRef, StoredLoad
from lake.contract.model import Contract
from lake.errors import DamagedError
from lake.ledger import LoadRecord

if TYPE_CHECKING:
    from lake.gate import Gated

Parse = Callable[[Sequence[Any]], tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]]
"""A source's ``parse``: loads to ``(raw frames by table, refused loads with the reason)``."""
Gate = Callable[..., "Gated"]


@dataclass
class Intake:
    """What came of some loads: rows for silver, rows for quarantine, and a record of each load."""

    valid: pl.DataFrame
    rejected: list[pl.DataFrame] = field(default_factory=list)
    counts: list[pl.DataFrame] = field(default_factory=list)
    records: dict[str, LoadRecord] = field(default_factory=dict)
    stored: dict[str, StoredLoad] = field(default_factory=dict)
    unknown_columns: dict[str, str] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """The size of all pages."""
        return sum(load.bytes for load in self.stored.values())


class Intaker:
    """Takes loads in for one table, each at most once."""

    def __init__(
        self,
        contract: Contract,
        bronze: Bronze,
        parse: Parse,
        gate: Gate,
        accepted: Collection[str],
        *,
        standing: Callable[[], Collection[str]],
    ) -> None:
        self.contract = contract
        self.taken = Intake(merge.empty(contract))
        self._bronze = bronze
        self._parse = parse
        self._gate = gate
        self._accepted = accepted
        self._standing = standing

    def take(self, refs: Sequence[LoadRef]) -> None:
        """Take these loads in. A damaged one is refused; DamagedError where it is ``standing``: what it gave stands."""
        new = [ref for ref in refs if ref.load not in self.taken.records]
        by_source: dict[str, list[StoredLoad]] = {}
        for stored in self._read(new):
            self.taken.stored[stored.load] = stored
            by_source.setdefault(stored.request.source, []).append(stored)
        for loads in by_source.values():
            self._take_source(loads)

    def _read(self, refs: Sequence[LoadRef]) -> list[StoredLoad]:
        names = [ref.load for ref in refs]
        try:
            return self._bronze.read_many(names)
        except DamagedError:
            standing = self._standing()
        readable = []
        for name in names:
            try:
                readable.append(self._bronze.read(name))
            except DamagedError as error:
                if name in standing:
                    raise
                self.taken.records[name] = LoadRecord("refused", reason=f"damaged: {error.what} ({error.where})")
        return readable

    def _take_source(self, loads: Sequence[StoredLoad]) -> None:
        frames, refused = self._parse(loads)
        for load in loads:
            reason = refused.get(load.load)
            self.taken.records[load.load] = LoadRecord("refused", reason=reason) if reason else LoadRecord("merged")
        raw = frames.get(self.contract.table)
        if raw is None or raw.is_empty():
            return
        gated = self._gate(self.contract, raw, accept=self._accepted)
        for row in gated.loads.iter_rows(named=True):
            self.taken.records[row["_payload"]] = LoadRecord(
                "refused" if row["refused"] else "merged",
                rows_in=row["rows_in"],
                valid=row["valid"],
                rejected=row["rejected"],
                duplicates=row["duplicates"],
                reason=row["reason"] or "",
            )
        self.taken.valid = pl.concat([self.taken.valid, gated.valid.select(self.taken.valid.columns)])
        self.taken.rejected.append(gated.rejected)
        self.taken.counts.append(gated.counts)
        self.taken.unknown_columns |= {
            name: sample for name, sample in gated.unknown_columns.items() if name not in self.taken.unknown_columns
        }
