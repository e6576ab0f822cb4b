"""Which snapshot of each slice counts, under ``load: snapshot``: the newest that did not shrink suspiciously.

The chain runs over all loads of a slice in their order, whenever they came, so the answer depends on the loads alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from lake.bronze import LoadRef
from lake.contract.model import Contract
from lake.ledger import LoadRecord


def chain(
    contract: Contract, loads: Sequence[LoadRef], records: Mapping[str, LoadRecord], accepted: Collection[str]
) -> tuple[list[str], dict[str, LoadRecord]]:
    """``(the load of each slice that counts, every record with its shrink judged anew)``."""
    judged = dict(records)
    counts: dict[tuple[str, str, str], str] = {}
    for ref in sorted(loads, key=lambda ref: (ref.run_date, ref.number, ref.load)):
        record = records.get(ref.load)
        if record is None or (record.status == "refused" and not record.shrunk):
            continue
        place = (ref.source, ref.dataset, ref.slice_key)
        before = records[counts[place]].valid if place in counts else 0
        missing = before - record.valid
        if missing > contract.shrink_threshold * before and ref.load not in accepted:
            reason = (
                f"the snapshot has {record.valid} rows, the one before {before}: "
                f"more than {contract.shrink_threshold:.0%} are missing"
            )
            judged[ref.load] = replace(record, status="refused", reason=reason, shrunk=True)
            continue
        judged[ref.load] = replace(record, status="merged", reason="", shrunk=False)
        counts[place] = ref.load
    return sorted(counts.values()), judged
