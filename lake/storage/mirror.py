"""A second copy of a lake elsewhere (a folder's in a bucket), brought up to date object by object.

What makes others visible is copied after them: data, then manifests, then each table's log in the order of its
versions, then state, then gold's snapshots; what is gone here is deleted there last, in the opposite order. A copy
that dies is older than the lake, or part older and part newer, but every table in it can be read; the next one goes on.

A record in the copy says which lake it is of, what it has and, before that, what is about to be copied: so nothing is
copied twice, no other lake's place is taken over, and nothing is deleted or replaced there that no copy put there.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from lake import layout
from lake.errors import AlreadyExistsError, UsageError
from lake.storage.mirror_record import Record, Stamp, claimed
from lake.storage.objects import ObjectInfo, Objects

COPIERS = 8  # threads; a bucket's answers are awaited, not computed
_COMMIT = re.compile(r"(?P<log>.+/_delta_log/)\d{20}\.json\Z")


def claim(source: Objects, target: Objects) -> None:
    """Raise what ``mirror`` would, before there is anything to copy; the target is this lake's from now on."""
    _require_apart(source.root, target.root)
    claimed(_identity(source), target, [info.key for info in target.list("")])


def _require_apart(lake: str, copy: str) -> None:
    """A copy within the lake would be copied again by each call, once deeper."""
    if f"{copy}/".startswith(f"{lake}/") or f"{lake}/".startswith(f"{copy}/"):
        raise UsageError(
            "the lake and the place of its copy lie in one another",
            where=f"{lake} and {copy}",
            fix="set lake.mirror (MIRRORLAKE_LAKE_MIRROR) to a place apart, for example s3://bucket/lake",
        )


@dataclass(frozen=True)
class Mirrored:
    """What one call did: objects and bytes copied, objects deleted."""

    copied: int
    bytes: int
    deleted: int


def mirror(source: Objects, target: Objects) -> Mirrored:
    """Bring ``target`` to what ``source`` has; nobody else writes to either meanwhile (the lease of the source).

    Raises UsageError where the target holds anything that was not copied from here, DamagedError where its record
    cannot be read, StorageError where either cannot be read or written.
    """
    there = {info.key: info.size for info in target.list("")}
    record = claimed(_identity(source), target, there)
    had = record.objects
    infos = {info.key: info for info in source.list("") if not info.key.startswith(layout.LEASE_FILES)}
    now = {key: _stamp(info) for key, info in infos.items()}
    changed = {key for key in infos if had.get(key) != now[key] or there.get(key) != infos[key].size}
    gone = [key for key in there if key not in infos and key != layout.mirror_record()]
    if changed - record.known:
        record = replace(record, begun=record.begun | (changed - record.known))
        target.put(layout.mirror_record(), record.encoded(), "mirror.record")
    for log in _rewritten_logs(source, target, changed & there.keys()):
        target.delete(sorted((key for key in there if key.startswith(log)), reverse=True), "mirror.delete")
        changed |= {key for key in infos if key.startswith(log)}
    for rank in range(_RANKS):
        _copy(source, target, sorted(key for key in changed if _rank(key) == rank), in_order=rank > 0)
    for rank in reversed(range(_RANKS)):
        target.delete(sorted((key for key in gone if _rank(key) == rank), reverse=True), "mirror.delete")
    if changed or gone or record.begun or had.keys() - now.keys():
        target.put(layout.mirror_record(), Record(record.lake, now).encoded(), "mirror.record")
    return Mirrored(len(changed), sum(infos[key].size for key in changed), len(gone))


_RANKS = 5


def _rank(key: str) -> int:
    """When an object is copied: after all that it makes visible."""
    if key.startswith(f"{layout.gold_snapshots()}/"):
        return 4
    if key.startswith("_"):  # state, audit records, refused bodies
        return 3
    if "/_delta_log/" in key:
        return 2
    return 1 if key.endswith(".json") and not key.rpartition("/")[2].startswith("raw") else 0


def _copy(source: Objects, target: Objects, keys: Sequence[str], *, in_order: bool) -> None:
    def copy(key: str) -> None:
        data = source.get_or_none(key)
        if data is not None:  # a writer of audit records may clear up meanwhile
            target.put(key, data, "mirror.object")

    if in_order:
        for key in keys:
            copy(key)
        return
    with ThreadPoolExecutor(COPIERS, thread_name_prefix="mirror") as pool:
        for _ in pool.map(copy, keys):
            pass


def _rewritten_logs(source: Objects, target: Objects, keys: Iterable[str]) -> list[str]:
    """The logs of tables that were deleted and made again: other commits stand there under the same names.

    The old one goes first, so that nobody reads a mixture; until the new one is there the copy has no such table.
    """
    commits = ((key, found["log"]) for key in sorted(keys) if (found := _COMMIT.match(key)))
    return sorted({log for key, log in commits if source.get_or_none(key) != target.get_or_none(key)})


def _identity(source: Objects) -> str:
    """An id that the lake keeps, wherever its folder is moved."""
    key = layout.lake_identity()
    if not source.exists(key):
        with contextlib.suppress(AlreadyExistsError):
            source.put_new(key, uuid.uuid4().hex.encode(), "mirror.identity")
    return source.get(key).decode()


def _stamp(info: ObjectInfo) -> Stamp:
    return info.size, info.modified.isoformat()
