"""The gold snapshot: one small numbered JSON object that says which versions of which tables belong together.

It is committed create-only after all tables are written. Readers (staging, warehouse, the next build) take the last
one; a build that dies before leaves the old one, whose versions of the tables are still there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from lake import layout
from lake.engines import Days
from lake.errors import AlreadyExistsError, DamagedError, LostRaceError
from lake.storage.objects import Objects

Spans = Mapping[tuple[str, ...], Days]
_NUMBERED = re.compile(r"(\d{8})\.json\Z")


@dataclass(frozen=True)
class Stand:
    """What a table was when it was read: its version, and its own id (see ``LakeTable.identity``).

    A table that was deleted and made again counts its versions from 0 again, under another id.
    """

    version: int
    identity: str


@dataclass(frozen=True)
class Built:
    """How a table was built: as what it was left, what it read, and the digest of code and contracts."""

    table: Stand
    inputs: Mapping[str, Stand]
    digest: str


@dataclass(frozen=True)
class Summary:
    """What gold knows of a silver table at a version: days of each key per spine, and how many rows are held.

    ``versions`` are those of the table and its parents. ``spans`` has the first and last day per key (the spine's
    ``by`` values), under ``HourSpine.key``; see ``lake.gold.summary``.
    """

    versions: Mapping[str, Stand]
    held: int
    spans: Mapping[str, Spans] = field(default_factory=dict)


@dataclass(frozen=True)
class Snapshot:
    """``tables``: gold table -> version; ``inputs``: silver table -> version that the newest build read."""

    number: int
    tables: Mapping[str, int]
    inputs: Mapping[str, int]
    built: Mapping[str, Built]
    summaries: Mapping[str, Summary]
    created_at: str
    created_by: str


def latest_snapshot(objects: Objects) -> Snapshot | None:
    """The last committed snapshot; None before the first build. DamagedError where it cannot be read."""
    found = [_NUMBERED.search(entry.key) for entry in objects.list(layout.gold_snapshots())]
    numbers = [int(match.group(1)) for match in found if match]
    if not numbers:
        return None
    key = layout.gold_snapshot(max(numbers))
    try:
        return _from_json(json.loads(objects.get(key)))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"the gold snapshot cannot be read: {type(error).__name__}: {error}",
            where=objects.url(key),
            fix="delete this object: the next gold build starts from the snapshot before it",
        ) from error


def commit(
    objects: Objects,
    previous: Snapshot | None,
    *,
    tables: Mapping[str, int],
    inputs: Mapping[str, int],
    built: Mapping[str, Built],
    summaries: Mapping[str, Summary],
    created_by: str,
) -> Snapshot:
    """Write the next snapshot, create-only. LostRaceError where another build committed that number first."""
    number = previous.number + 1 if previous else 1
    snapshot = Snapshot(
        number, tables, inputs, built, summaries, datetime.now(UTC).isoformat(timespec="seconds"), created_by
    )
    key = layout.gold_snapshot(number)
    try:
        objects.put_new(key, json.dumps(_to_json(snapshot), indent=1).encode(), "gold.snapshot")
    except AlreadyExistsError as error:
        raise LostRaceError(
            f"another build committed gold snapshot {number} meanwhile",
            where=key,
            fix="run again: the next build starts from that snapshot",
        ) from error
    return snapshot


def _to_json(snapshot: Snapshot) -> dict[str, object]:
    """Keys of spans are lists in JSON: a spine may be by several columns."""
    plain = asdict(snapshot)
    for name, summary in snapshot.summaries.items():
        plain["summaries"][name]["spans"] = {
            spine: [[*key, str(first), str(last)] for key, (first, last) in sorted(days.items())]
            for spine, days in summary.spans.items()
        }
    return plain


def _from_json(plain: dict[str, Any]) -> Snapshot:
    tables = _versions(plain["tables"])
    return Snapshot(
        int(plain["number"]),
        tables,
        _versions(plain["inputs"]),
        {name: _built(made, tables[name]) for name, made in plain["built"].items()},
        {
            name: Summary(_stands(told["versions"]), int(told["held"]), _spans(told["spans"]))
            for name, told in plain["summaries"].items()
        },
        str(plain["created_at"]),
        str(plain["created_by"]),
    )


def _versions(plain: dict[str, Any]) -> dict[str, int]:
    return {name: int(version) for name, version in plain.items()}


def _built(plain: dict[str, Any], version: int) -> Built:
    return Built(_stand(plain.get("table", version)), _stands(plain["inputs"]), str(plain["digest"]))


def _stands(plain: dict[str, Any]) -> dict[str, Stand]:
    return {name: _stand(told) for name, told in plain.items()}


def _stand(plain: Any) -> Stand:
    """A bare number is what snapshots said before tables were known by their ids: then no table is the same."""
    return Stand(plain, "") if isinstance(plain, int) else Stand(int(plain["version"]), str(plain["identity"]))


def _spans(plain: dict[str, Any]) -> dict[str, Spans]:
    return {
        spine: {tuple(row[:-2]): (date.fromisoformat(row[-2]), date.fromisoformat(row[-1])) for row in rows}
        for spine, rows in plain.items()
    }
