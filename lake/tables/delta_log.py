"""Reading a Delta table's log as plain objects: the newest version, and which partitions a range of commits changed.

Listing names is ten times quicker than opening the table, and what a commit added and removed is written in its own
file. Protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import orjson

from lake.errors import DamagedError
from lake.storage.objects import Objects

PARTITION_COLUMN = "_partition_date"
_COMMIT = re.compile(r"_delta_log/(\d{20})\.(?:json|checkpoint\.parquet)\Z")


def newest_commit(objects: Objects, path: str) -> tuple[int, datetime] | None:
    """The newest version of the table at ``path`` and when it was written; None where there is no table."""
    found = ((_COMMIT.search(info.key), info.modified) for info in objects.list(f"{path}/_delta_log"))
    commits = [(int(match.group(1)), written) for match, written in found if match]
    newest = max((version for version, _ in commits), default=None)
    if newest is None:
        return None
    return newest, min(written for version, written in commits if version == newest)  # its checkpoint comes later


def changed_partitions(objects: Objects, path: str, since: int, until: int) -> set[date] | None:
    """The partitions with rows added or removed by the commits after ``since``, up to and with ``until``.

    None where that cannot be told: a commit of the range was cleaned away, changed the table's schema, or wrote
    without partitions. Commits that only moved rows (optimize, vacuum) change none.
    """
    if since > until:
        return None
    changed: set[date] = set()
    for version in range(since + 1, until + 1):
        in_commit = _commit_partitions(objects, path, version)
        if in_commit is None:
            return None
        changed |= in_commit
    return changed


def _commit_partitions(objects: Objects, path: str, version: int) -> set[date] | None:
    written = actions(objects, path, version)
    if written is None:
        return None
    changed: set[date] = set()
    for action in written:
        if "metaData" in action:
            return None
        file = action.get("add") or action.get("remove")
        if not isinstance(file, dict) or not file.get("dataChange", True):
            continue
        partition = (file.get("partitionValues") or {}).get(PARTITION_COLUMN)
        if partition is None:
            return None
        changed.add(date.fromisoformat(partition))
    return changed


def actions(objects: Objects, path: str, version: int) -> list[dict[str, Any]] | None:
    """What one commit says, action by action; None where it is not there (any more)."""
    key = f"{path}/_delta_log/{version:020d}.json"
    data = objects.get_or_none(key)
    return None if data is None else _actions(data, objects.url(key))


def _actions(data: bytes, where: str) -> list[dict[str, Any]]:
    try:
        return [orjson.loads(line) for line in data.splitlines() if line.strip()]
    except orjson.JSONDecodeError as error:
        raise DamagedError(
            f"a commit of the table's log cannot be read: {error}",
            where=where,
            fix="mirrorlake rebuild --from bronze, then mirrorlake run",
        ) from None
