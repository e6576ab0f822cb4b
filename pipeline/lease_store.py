"""Where a lease is written down, and the one atomic step that changes it.

A store has two methods, so that an object store can take the folder's place: there ``change`` is a compare-and-swap.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from lake import layout
from lake.errors import DamagedError, StorageError
from lake.storage.faults import storage_error
from lake.storage.objects import Objects
from pipeline.process import Process, is_dead

LONGEST_TICK_NANOSECONDS = 100_000_000
SWAPS = 40
FIRST_PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Member:
    """One process that works under the lease, until ``until`` unless it renews."""

    process: Process
    since: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it still counts: not lapsed, and not known to be dead."""
        return self.until > now and not is_dead(self.process)


@dataclass(frozen=True)
class LeaseState:
    """Whose the lake is. ``fence`` grows with every run that takes it and never shrinks; no ``run_id``: nobody's.

    ``held_until`` keeps the lease for a run that has no process at work just now (between two tries of a task).
    """

    fence: int = 0
    run_id: str | None = None
    since: datetime | None = None
    held_until: datetime | None = None
    members: dict[str, Member] = field(default_factory=dict)

    def is_held(self, now: datetime) -> bool:
        """Whether another run has to wait."""
        if self.run_id is None:
            return False
        return (self.held_until is not None and self.held_until > now) or any(
            member.holds(now) for member in self.members.values()
        )

    def until(self) -> datetime | None:
        """When it lapses if nobody renews it; a process that is known to be dead does not count."""
        ends = [member.until for member in self.members.values() if not is_dead(member.process)]
        ends += [self.held_until] if self.held_until else []
        return max(ends, default=None)

    def without(self, member: str) -> LeaseState:
        """The same, less one member."""
        return replace(self, members={name: each for name, each in self.members.items() if name != member})


Change = Callable[[LeaseState], LeaseState]


class LeaseStore(Protocol):
    """One lease, stored."""

    @property
    def where(self) -> str:
        """Its path or URL."""
        ...

    def read(self) -> LeaseState:
        """The state as it is now."""
        ...

    def change(self, change: Change) -> LeaseState:
        """Apply ``change`` to the state, alone; what it raises leaves the state as it was."""
        ...


class FolderLeaseStore:
    """A lease in a folder of one machine (or a file system whose ``flock`` is shared)."""

    def __init__(self, root: str) -> None:
        self.path = Path(root) / layout.lease()
        self.where = str(self.path)
        self._seen: tuple[tuple[int, int], LeaseState] | None = None

    def read(self) -> LeaseState:
        """The state; the file is read only if it was replaced since, so that every commit can afford to look.

        A file younger than a clock tick is always read: its successor could bear the same inode and time.
        """
        try:
            status = self.path.stat()
            stamp = (status.st_ino, status.st_mtime_ns)
            if self._seen and self._seen[0] == stamp:
                return self._seen[1]
            state = _decode(self.path.read_bytes(), self.where)
        except FileNotFoundError:
            return LeaseState()
        except OSError as error:
            raise storage_error(error, self.where, "read") from None
        if time.time_ns() - status.st_mtime_ns > LONGEST_TICK_NANOSECONDS:
            self._seen = (stamp, state)
        return state

    def change(self, change: Change) -> LeaseState:
        """Read, change and replace the file while an ``flock`` keeps everybody else out."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                state = change(self.read())
                temporary = self.path.with_suffix(".new")
                temporary.write_bytes(_encode(state))
                os.replace(temporary, self.path)  # noqa: PTH105 (atomic, which is the point)
                return state
        except OSError as error:
            raise storage_error(error, self.where, "write") from None


class BucketLeaseStore:
    """A lease in a bucket, for machines that share no file system: changed by compare-and-swap on the object's tag."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.where = objects.url(layout.lease())

    def read(self) -> LeaseState:
        """The state; a commit costs one small request more."""
        return self._read()[0]

    def change(self, change: Change) -> LeaseState:
        """Replace the state that ``change`` was applied to, or, where somebody was quicker, apply it to theirs.

        The tag of an object without parts is a hash of its bytes: a state never comes again, because each holds times.
        """
        for attempt in range(SWAPS):
            before, tag = self._read()
            state = change(before)
            if self.objects.swap(layout.lease(), _encode(state), tag):
                return state
            time.sleep(random.uniform(0, FIRST_PAUSE_SECONDS * 2 ** min(attempt, 5)))  # noqa: S311 (spreads the tries)
        raise StorageError("others change the lease all the time", where=self.where, fix="run again in a moment")

    def _read(self) -> tuple[LeaseState, str | None]:
        found = self.objects.get_tagged(layout.lease())
        return (_decode(found[0], self.where), found[1]) if found else (LeaseState(), None)


def lease_store(objects: Objects) -> LeaseStore:
    """The store for that lake."""
    return FolderLeaseStore(objects.root) if objects.is_local else BucketLeaseStore(objects)


def _encode(state: LeaseState) -> bytes:
    return json.dumps(asdict(state), default=datetime.isoformat, indent=2).encode()


def _decode(data: bytes, where: str) -> LeaseState:
    try:
        raw = json.loads(data)
        members = {
            name: Member(
                Process(**member["process"]),
                datetime.fromisoformat(member["since"]),
                datetime.fromisoformat(member["until"]),
            )
            for name, member in raw["members"].items()
        }
        times = {name: raw[name] and datetime.fromisoformat(raw[name]) for name in ("since", "held_until")}
        return LeaseState(int(raw["fence"]), raw["run_id"], times["since"], times["held_until"], members)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamagedError(
            "the lease cannot be read", where=where, fix="make sure that no run is at work, then delete the file"
        ) from None
