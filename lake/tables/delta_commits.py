"""Commits that an engine makes itself: the table made ready for them, and found again by the mark that they bear.

Spark writes its own commits, and may have written one whose answer was lost. So its commit bears an application id and
a number, as ours do (``LakeTable.replace``), and whoever asks looks for these in the log. Protocol: the ``txn`` action
of https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

from lake.contract.model import Partition
from lake.errors import MirrorlakeError, TableError
from lake.tables import delta_log
from lake.writes import committing

if TYPE_CHECKING:
    import pyarrow as pa

    from lake.tables.delta import LakeTable

LOOKED_AT = 20  # commits, from the newest: one writer at a time holds the lease, so it is the newest or not there


@dataclass(frozen=True)
class Committed:
    """A commit: the table's version that it made, and how many rows it wrote, where it says so."""

    version: int
    rows: int | None


def committed_by(
    table: LakeTable,
    write: Callable[[tuple[str, int]], None],
    schema: pa.Schema,
    *,
    partition: Partition | None,
    partitions: Collection[date] | None,
    site: str,
) -> Committed:
    """Let ``write(mark)`` put rows over the table, or over ``partitions`` of it, in one commit with that mark.

    A table that is not there yet, or has other columns, first becomes an empty one of this schema, by a commit of ours:
    only so it has the same columns, nullability and protocol whoever writes it. Partitions can be replaced only in a
    table of this schema. Raises what ``write`` raises, unless its mark is in the log; TableError where it is not.
    """
    if not table.exists() or not table.has_shape(schema, partition):
        if partitions is not None:
            raise TableError("a table of other columns is replaced as a whole", where=table.url)
        table.replace(schema.empty_table().to_reader(), schema, partition=partition, partitions=None, site=site)
    mark = table.next_mark()
    with committing(site, table.url):
        try:
            write(mark)
        except MirrorlakeError:
            found = find(table, mark)
            if found is None:
                raise
            return found
    found = find(table, mark)
    if found is None:
        raise TableError(
            f"the engine said that it committed, but no commit bears its mark {mark[0]} {mark[1]}",
            where=table.url,
            fix="run again: what the last snapshot names is untouched",
        )
    return found


def find(table: LakeTable, mark: tuple[str, int]) -> Committed | None:
    """The commit with this mark among the newest; None where there is none."""
    newest = table.version()
    if newest is None:
        return None
    for version in range(newest, max(-1, newest - LOOKED_AT), -1):
        actions = delta_log.actions(table.objects, table.path, version) or []
        marks = [action["txn"] for action in actions if isinstance(action.get("txn"), dict)]
        if any(txn["appId"] == mark[0] and txn["version"] == mark[1] for txn in marks):
            return Committed(version, _rows(actions))
    return None


def _rows(actions: list[dict[str, Any]]) -> int | None:
    """Rows of the files that a commit added, by their own statistics; None where one has none."""
    total = 0
    for action in actions:
        added = action.get("add")
        if isinstance(added, dict):
            statistics = added.get("stats")
            if not isinstance(statistics, str):
                return None
            total += int(orjson.loads(statistics)["numRecords"])
    return total
