"""What a copy of a lake knows of itself: whose it is, and which objects in its place were put there by copying.

Only those may be replaced or deleted. What is to be copied is written down first, so that a copy that died is still
known for one.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from lake import layout
from lake.errors import AlreadyExistsError, DamagedError, UsageError
from lake.storage.objects import Objects

Stamp = tuple[int, str]  # size in bytes, when it was last written
_SHOWN = 3
_CHOOSE = "choose an empty bucket or prefix: lake.mirror (MIRRORLAKE_LAKE_MIRROR)"


@dataclass(frozen=True)
class Record:
    """``objects``: what the last copy brought, as it was in the lake; ``begun``: keys of copies that died after it."""

    lake: str
    objects: dict[str, Stamp]
    begun: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        """Every key in the place that copying may have put there."""
        return self.begun | self.objects.keys()

    def encoded(self) -> bytes:
        """As it is kept."""
        kept = {"lake": self.lake, "objects": dict(sorted(self.objects.items()))}
        return json.dumps(kept | ({"begun": sorted(self.begun)} if self.begun else {}), indent=0).encode()


def claimed(lake: str, target: Objects, there: Collection[str]) -> Record:
    """The target's record; the target, in which ``there`` is, is made this lake's if it is nobody's yet.

    Raises UsageError where it is another lake's or holds anything that no copy of this one put there.
    """
    data = target.get_or_none(layout.mirror_record())
    if data is None:
        _require_only_copied(Record(lake, {}), target, there)
        data = Record(lake, {}).encoded()
        try:
            target.put_new(layout.mirror_record(), data, "mirror.claim")
        except AlreadyExistsError:
            data = target.get(layout.mirror_record())
    record = _decoded(data, target)
    if record.lake != lake:
        raise UsageError("the mirror's place is that of another lake", where=target.root, fix=_CHOOSE)
    _require_only_copied(record, target, there)
    return record


def _require_only_copied(record: Record, target: Objects, there: Collection[str]) -> None:
    """UsageError where somebody runs on the target as a lake of its own, or keeps other things there.

    A copy has no lease, because nothing runs on it.
    """
    if leases := [key for key in there if key.startswith(layout.LEASE_FILES)]:
        raise UsageError(
            "the mirror's place is a lake that somebody runs on (it has a lease); nothing was copied or deleted there",
            where=target.url(leases[0]),
            fix=f"{_CHOOSE}; a copy that is to be run on as a lake cannot be copied to any more",
        )
    foreign = sorted(set(there) - record.known - {layout.mirror_record()})
    if foreign:
        named = ", ".join(foreign[:_SHOWN]) + (f" and {len(foreign) - _SHOWN:,} more" if foreign[_SHOWN:] else "")
        raise UsageError(
            "the mirror's place holds something else, which no copy of this lake put there; nothing was copied or "
            f"deleted there: {named}",
            where=target.root,
            fix=f"{_CHOOSE}, or move these objects away",
        )


def _decoded(data: bytes, target: Objects) -> Record:
    try:
        kept = json.loads(data)
        objects = {key: (int(size), str(at)) for key, (size, at) in kept["objects"].items()}
        return Record(str(kept["lake"]), objects, frozenset(map(str, kept.get("begun", ()))))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError(
            "the mirror's record cannot be read", where=target.url(layout.mirror_record()), fix="empty the mirror"
        ) from None
