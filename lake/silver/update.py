"""One call of silver: which loads are taken in, what stands, what shall stand, and in which order it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

import polars as pl

from lake import ledger, merge, quarantine
from lake.bronze import Bronze, LoadRef
from lake.contract.model import Contract
from lake.errors import DamagedError, UnknownChoiceError
from lake.ledger import Ledger, LoadRecord
from lake.silver.intake import Gate, Intaker, Parse
from lake.silver.result import SilverResult
from lake.silver.shrink import chain
from lake.silver.table import Change, SilverTable
from lake.storage.objects import Objects


def update(
    objects: Objects,
    contract: Contract,
    bronze: Bronze,
    parse: Parse,
    *,
    loads: Sequence[LoadRef],
    force: bool = False,
    rebuild: bool = False,
    accept: Collection[str] = (),
    accept_shrink: bool = False,
    again: Collection[str] = (),
    code: str = "",
    gate: Gate | None = None,
) -> SilverResult:
    """Bring one silver table up to date with ``loads``, which are all loads of its datasets.

    ``force`` takes all of them in again; ``rebuild`` does too, and puts a damaged table right. ``accept`` lets in
    these refused loads, ``accept_shrink`` the snapshots that were refused for their size, both for good. ``again``
    takes in these loads once more. ``code`` is a hash of the code that parses and judges: where it is not that of the
    last call, all loads are taken in again.

    Raises UnknownChoiceError (``accept``), DamagedError, StorageError, TableError.
    """
    if gate is None:
        from lake.gate import gate as judge

        gate = judge
    call = _Update(objects, contract, bronze, loads, code, repair=rebuild)
    call.accept(accept)
    everything = "asked for" if force or rebuild else call.why_everything()
    return call.run(parse, gate, everything, again, accept_shrink)


class _Update:
    """One call of ``update``."""

    def __init__(
        self, objects: Objects, contract: Contract, bronze: Bronze, loads: Sequence[LoadRef], code: str, *, repair: bool
    ) -> None:
        self.objects = objects
        self.contract = contract
        self.bronze = bronze
        self.code = code
        self.repair = repair
        self.refs = {ref.load: ref for ref in loads}
        self.accepted = {ref.load for ref in loads if contract.table in ref.accepted}
        self.silver = SilverTable(objects, contract)
        self.known = self._ledger()

    def accept(self, loads: Collection[str]) -> None:
        """Let refused loads in, for good."""
        refused = self.known.refused() if self.known else {}
        for load in loads:
            if load not in refused or load not in self.refs:
                raise UnknownChoiceError("refused load", load, refused)
            self.bronze.accept(load, self.contract.table, "accepted by hand")
            self.accepted.add(load)

    def why_everything(self) -> str:
        """Why the table has to be made from all loads; empty where the new ones will do."""
        if self.known is None:
            return "it has no ledger"
        if self.known.contract_digest != self.contract.digest:
            return "its contract changed"
        if self.code and self.known.code != self.code:
            return "our code changed"
        had_rows = any(record.status == "merged" and record.valid for record in self.known.loads.values())
        return "it is not there any more" if had_rows and not self.silver.table.exists() else ""

    def run(
        self, parse: Parse, gate: Gate, everything: str, again: Collection[str], accept_shrink: bool
    ) -> SilverResult:
        """Take in, merge, write."""
        before = self.known or Ledger(self.contract.digest)
        if everything:
            before = replace(before, loads={})
        intaker = Intaker(self.contract, self.bronze, parse, gate, self.accepted, standing=self._standing)
        new = [ref for load, ref in self.refs.items() if self._is_new(before.loads.get(load), load, again)]
        if not new and not everything and not (accept_shrink and before.refused()):
            return SilverResult(version=self.silver.table.version(), changed_partitions=self._no_partitions())
        intaker.take(new)
        if self.contract.load == "snapshot":
            existing, target, records = self._snapshot(intaker, before, accept_shrink)
        elif everything:
            existing = self.silver.everything(repair=self.repair)
            target = merge.merged(merge.empty(self.contract), intaker.taken.valid, self.contract)
            records = dict(intaker.taken.records)
        else:
            met = self._meet(intaker, before)
            if met is None:
                return self.run(parse, gate, "a load gives other rows than before", (), accept_shrink)
            existing, target = met
            records = {**before.loads, **intaker.taken.records}
        return self._write(intaker, before, records, existing, target, everything)

    def _standing(self) -> Collection[str]:
        """The loads whose rows are not given up because they are damaged now: by the ledger, which may lag, and table.

        All of them where neither can be read.
        """
        if not self.silver.table.exists():
            return ()
        records = self.known.loads if self.known else {}
        merged = {load for load, record in records.items() if record.status == "merged"}
        try:
            return merged | self.silver.payloads()
        except DamagedError:
            return merged if self.known else self.refs

    def _ledger(self) -> Ledger | None:
        try:
            return ledger.read(self.objects, self.contract.table)
        except DamagedError:
            if self.repair:
                return None
            raise

    def _is_new(self, record: LoadRecord | None, load: str, again: Collection[str]) -> bool:
        return record is None or load in again or (record.status == "refused" and load in self.accepted)

    def _meet(self, intaker: Intaker, before: Ledger) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """What stands and what shall stand, of the partitions that the new rows touch.

        None where a load that was merged before gives other rows than then: what they hid is known to bronze alone.
        """
        retaken = [load for load in intaker.taken.records if (known := before.loads.get(load)) and known.valid]
        existing = self.silver.everything() if retaken else self.silver.of_partitions(intaker.taken.valid)
        if retaken:
            stood = existing.filter(pl.col("_payload").is_in(retaken))
            if not stood.join(intaker.taken.valid, on=["_payload", "_position"], how="anti").is_empty():
                return None
        target = merge.merged(existing, intaker.taken.valid, self.contract)
        contested = merge.difference(existing, target, self.contract).contested
        if contested.is_empty() or self.contract.history:
            return existing, target
        earliest = contested.rows()[0] if contested.height == 1 else min(contested.rows())
        newer = [
            ref
            for load, ref in self.refs.items()
            if (known := before.loads.get(load)) is not None
            and known.restates
            and load not in intaker.taken.records
            and (ref.run_date, ref.number, ref.load) > earliest
        ]
        if not newer:
            return existing, target
        intaker.take(newer)
        return self._meet(intaker, before)

    def _snapshot(
        self, intaker: Intaker, before: Ledger, accept_shrink: bool
    ) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, LoadRecord]]:
        """What stands, what shall stand (the newest good snapshot of each slice), and every load's record."""
        records = {**before.loads, **intaker.taken.records}
        loads = list(self.refs.values())
        counting, judged = chain(self.contract, loads, records, self.accepted)
        shrunk = [load for load, record in judged.items() if record.shrunk]
        if accept_shrink and shrunk:
            for load in shrunk:
                self.bronze.accept(load, self.contract.table, "accepted though it shrank")
            self.accepted.update(shrunk)
            counting, judged = chain(self.contract, loads, judged, self.accepted)
        intaker.take([self.refs[load] for load in counting])
        rows = intaker.taken.valid.filter(pl.col("_payload").is_in(counting))
        target = merge.merged(merge.empty(self.contract), rows, self.contract)
        return self.silver.everything(repair=self.repair), target, judged

    def _write(
        self,
        intaker: Intaker,
        before: Ledger,
        records: Mapping[str, LoadRecord],
        existing: pl.DataFrame,
        target: pl.DataFrame,
        everything: str,
    ) -> SilverResult:
        self._quarantine(intaker, bool(everything))
        change = self.silver.write(existing, target)
        taken = intaker.taken
        final = {
            load: replace(record, restates=load in change.restating or (record.restates and load not in taken.records))
            for load, record in records.items()
        }
        after = replace(
            before,
            contract_digest=self.contract.digest,
            contract_version=self.contract.version,
            code=self.code or before.code,
            loads=final,
        )
        if after != self.known:
            ledger.write(self.objects, self.contract.table, after)
        return self._result(intaker, before, final, change, everything)

    def _quarantine(self, intaker: Intaker, everything: bool) -> None:
        taken = intaker.taken
        fetched_at = {load: stored.fetched_at for load, stored in taken.stored.items()}
        try:
            quarantine.store(self.objects, self.contract, fetched_at, taken.rejected, everything=everything)
        except DamagedError:
            if not self.repair:
                raise
            quarantine.table(self.objects, self.contract.table).drop("quarantine.drop")
            quarantine.store(self.objects, self.contract, fetched_at, taken.rejected, everything=everything)

    def _result(
        self, intaker: Intaker, before: Ledger, records: Mapping[str, LoadRecord], change: Change, everything: str
    ) -> SilverResult:
        taken, difference = intaker.taken, change.difference
        seen = [records[load] for load in taken.records]
        merged = [record for record in seen if record.status == "merged"]
        newly = {
            load: record.reason
            for load, record in records.items()
            if record.status == "refused" and (load in taken.records or before.loads.get(load) != record)
        }
        return SilverResult(
            rows_in=sum(record.rows_in for record in seen),
            valid=sum(record.valid for record in merged),
            rejected=sum(record.rejected for record in merged),
            duplicates=sum(record.duplicates for record in merged),
            refused_rows=sum(record.rows_in for record in seen if record.status == "refused"),
            refused_loads=newly,
            inserted=difference.inserted,
            updated=difference.updated,
            removed=difference.removed,
            rows_out=self._height(change.version),
            version=change.version,
            changed_partitions=difference.partitions,
            unknown_columns=taken.unknown_columns,
            bytes=taken.bytes,
            loads=len(taken.records),
            rebuilt=everything,
            counts=pl.concat(taken.counts) if taken.counts else None,
        )

    def _height(self, version: int | None) -> int:
        return 0 if version is None else self.silver.table.height(version)

    def _no_partitions(self) -> set[date] | None:
        return None if self.contract.partition is None else set()
