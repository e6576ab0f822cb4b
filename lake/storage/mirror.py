"""A second copy of a lake elsewhere (a folder's in a bucket), brought up to date object by object.

What makes others visible is copied after them: data, then manifests, then each table's log in the order of its
versions, then state, then gold's snapshots; what is gone here is deleted there last, in the opposite order. A copy
that dies is older than the lake, or part older and part newer, but every table in it can be read; the next one goes on.

A record in the copy says which lake it is of and what it has, so that nothing is copied twice, and that no other
lake's place is taken over by mistake.
"""

from __future__ import annotations

import contextlib
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lake import layout
from lake.errors import AlreadyExistsError, DamagedError, UsageError
from lake.storage.objects import ObjectInfo, Objects

COPIERS = 8  # threads; a bucket's answers are awaited, not computed
_COMMIT = re.compile(r"(?P<log>.+/_delta_log/)\d{20}\.json\Z")
Stamp = tuple[int, str]  # size in bytes, when it was last written


@dataclass(frozen=True)
class Mirrored:
    """What one call did: objects and bytes copied, objects deleted."""

    copied: int
    bytes: int
    deleted: int


def mirror(source: Objects, target: Objects) -> Mirrored:
    """Bring ``target`` to what ``source`` has; nobody else writes to either meanwhile (the lease of the source).

    Raises UsageError where the target holds something else, StorageError where either cannot be read or written.
    """
    lake, had = _claimed(source, target)
    infos = {info.key: info for info in source.list("") if not info.key.startswith(layout.LEASE_FILES)}
    now = {key: _stamp(info) for key, info in infos.items()}
    there = {info.key: info.size for info in target.list("")}
    changed = {key for key in infos if had.get(key) != now[key] or there.get(key) != infos[key].size}
    gone = [key for key in there if key not in infos and key != layout.mirror_record()]
    for log in _rewritten_logs(source, target, changed & there.keys()):
        target.delete(sorted((key for key in there if key.startswith(log)), reverse=True), "mirror.delete")
        changed |= {key for key in infos if key.startswith(log)}
    for rank in range(_RANKS):
        _copy(source, target, sorted(key for key in changed if _rank(key) == rank), in_order=rank > 0)
    for rank in reversed(range(_RANKS)):
        target.delete(sorted((key for key in gone if _rank(key) == rank), reverse=True), "mirror.delete")
    if changed or gone or had.keys() - now.keys():
        target.put(layout.mirror_record(), _encoded(lake, now), "mirror.record")
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


def _claimed(source: Objects, target: Objects) -> tuple[str, dict[str, Stamp]]:
    """The lake's own id, and what the target has of it; the target is made this lake's if it is nobody's yet."""
    lake = _identity(source)
    data = target.get_or_none(layout.mirror_record())
    if data is None:
        if target.list(""):
            raise UsageError(
                "the mirror's place holds something else already",
                where=target.root,
                fix="choose an empty bucket or prefix: lake.mirror (MIRRORLAKE_LAKE_MIRROR)",
            )
        data = _encoded(lake, {})
        try:
            target.put_new(layout.mirror_record(), data, "mirror.claim")
        except AlreadyExistsError:
            data = target.get(layout.mirror_record())
    try:
        record = json.loads(data)
        of, objects = str(record["lake"]), {key: (int(size), str(at)) for key, (size, at) in record["objects"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError(
            "the mirror's record cannot be read", where=target.url(layout.mirror_record()), fix="empty the mirror"
        ) from None
    if of != lake:
        raise UsageError(
            "the mirror's place is that of another lake",
            where=target.root,
            fix="choose an empty bucket or prefix: lake.mirror (MIRRORLAKE_LAKE_MIRROR)",
        )
    return lake, objects


def _identity(source: Objects) -> str:
    """An id that the lake keeps, wherever its folder is moved."""
    key = layout.lake_identity()
    if not source.exists(key):
        with contextlib.suppress(AlreadyExistsError):
            source.put_new(key, uuid.uuid4().hex.encode(), "mirror.identity")
    return source.get(key).decode()


def _stamp(info: ObjectInfo) -> Stamp:
    return info.size, info.modified.isoformat()


def _encoded(lake: str, objects: dict[str, Stamp]) -> bytes:
    return json.dumps({"lake": lake, "objects": dict(sorted(objects.items()))}, indent=0).encode()
