"""Which versions made which, read from the audit trail; and the same as OpenLineage events for other tools.

Stages state per table the versions that they read and the version that they wrote. Following these backwards from a
table's version leads to the loads of bronze.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.observe.audit import AuditRecord, RunAudit
from pipeline.outcome import TableOutcome, Version

NAMESPACE = "mirrorlake"
PRODUCER = f"urn:{NAMESPACE}"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_EVENT_TYPE = {"done": "COMPLETE", "stale": "COMPLETE", "unchanged": "COMPLETE", "failed": "FAIL", "skipped": "ABORT"}


@dataclass(frozen=True)
class Made:
    """One version of one table: which call of which run wrote it, and what it read."""

    table: str
    version: Version
    run_id: str
    stage: str
    inputs: dict[str, Version]


def made(runs: Iterable[RunAudit]) -> list[Made]:
    """Every version that the records speak of, oldest first."""
    records = sorted((record for run in runs for record in run.records), key=lambda record: record.started_at)
    return [
        Made(table.table, table.output_version, record.run_id, record.stage, dict(table.input_versions))
        for record in records
        for table in record.tables
        if table.output_version is not None
    ]


def trace(versions: Iterable[Made], table: str, version: Version | None = None) -> list[tuple[int, Made]]:
    """How ``table`` came to be, as ``(depth, Made)``: itself, then all that it was made from, depth first.

    ``version`` None means the newest. A version written in several stages (gold, then staging) is traced through the
    one that wrote it first.
    """
    first: dict[tuple[str, Version], Made] = {}
    newest: dict[str, Version] = {}
    for each in versions:
        first.setdefault((each.table, each.version), each)
        newest[each.table] = each.version
    wanted = newest.get(table) if version is None else version
    return list(_ancestors(first, table, wanted, 0, set())) if wanted is not None else []


def _ancestors(
    known: dict[tuple[str, Version], Made], table: str, version: Version, depth: int, seen: set[tuple[str, Version]]
) -> Iterator[tuple[int, Made]]:
    found = known.get((table, version))
    if found is None or (table, version) in seen:
        return
    seen.add((table, version))
    yield depth, found
    for name, read in sorted(found.inputs.items()):
        yield from _ancestors(known, name, read, depth + 1, seen)


def openlineage_events(run: RunAudit) -> list[dict[str, object]]:
    """One event per call, in the shape of the OpenLineage specification 2-0-2 (RunEvent)."""
    return [_event(record) for record in run.records]


def _event(record: AuditRecord) -> dict[str, object]:
    inputs = {(name, version) for table in record.tables for name, version in table.input_versions.items()}
    return {
        "eventType": _EVENT_TYPE.get(record.status, "OTHER"),
        "eventTime": record.ended_at.isoformat(),
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:{record.run_id}:{record.call}"))},
        "job": {"namespace": f"{NAMESPACE}.{record.env}", "name": record.stage},
        "inputs": [_dataset(record.env, name, version) for name, version in sorted(inputs, key=str)],
        "outputs": [_output(record.env, table) for table in record.tables],
    }


def _dataset(env: str, name: str, version: Version) -> dict[str, object]:
    facets = {"version": {"_producer": PRODUCER, "_schemaURL": SCHEMA, "datasetVersion": str(version)}}
    return {"namespace": f"{NAMESPACE}.{env}", "name": name, "facets": facets}


def _output(env: str, table: TableOutcome) -> dict[str, object]:
    dataset = _dataset(env, table.table, table.output_version if table.output_version is not None else "unchanged")
    statistics = {"_producer": PRODUCER, "_schemaURL": SCHEMA, "rowCount": table.rows_out, "size": table.bytes}
    return dataset | {"outputFacets": {"outputStatistics": statistics}}
