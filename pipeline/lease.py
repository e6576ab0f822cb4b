"""One run at a time on one lake: a lease that belongs to a run id, renewed while its processes work.

Stages of the same run join it by ``--run-id``; another run is told who holds it. A lease that lapsed (or whose
processes are known to be dead) is taken over with a higher fencing number, and the one that lost it is stopped at its
next commit. Between that check and the commit itself a superseded process has as long as the one call takes that stands
inside ``committing``: a request, a rename, a database's COMMIT or swap. A job of Spark's and dbt's build commit by
themselves and lie inside it whole, so there it is as long as they take, minutes or more. What can be done then is a
create-only write; a Delta commit, of which the table's own log refuses the loser; or dbt's tables, which are published
only as the audit has seen them.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lake import writes
from lake.errors import ConfigError, LeaseHeldError, StorageError
from pipeline.lease_store import LeaseState, LeaseStore, Member, lease_store
from pipeline.process import is_dead, this_process

if TYPE_CHECKING:
    from lake.storage.objects import Objects
    from pipeline.workspace import Workspace

# Neither changes a table: a run that lost the lease still records that it failed.
UNFENCED = ("lease.", "audit.")


def _now() -> datetime:
    return datetime.now(UTC)


class Lease:
    """This process's part in the lease of ``run_id``. Times in seconds."""

    def __init__(
        self,
        store: LeaseStore,
        run_id: str,
        *,
        ttl_seconds: float,
        hold_seconds: float = 0.0,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.run_id = run_id
        self.fence = 0
        self._store = store
        self._ttl = timedelta(seconds=ttl_seconds)
        self._hold = timedelta(seconds=hold_seconds)
        self._clock = clock
        self._member = uuid.uuid4().hex[:12]

    def acquire(self) -> int:
        """Take, join or take over the lease and give its fencing number; LeaseHeldError if another run has it."""
        with writes.committing("lease.acquire", self._store.where):
            self.fence = self._store.change(self._taken).fence
        return self.fence

    def _taken(self, state: LeaseState) -> LeaseState:
        now = self._clock()
        me = Member(this_process(), now, now + self._ttl)
        if state.run_id == self.run_id:
            living = {name: member for name, member in state.members.items() if member.holds(now)}
            return replace(state, members=living | {self._member: me})
        if state.is_held(now):
            raise _held(state, now)
        return LeaseState(state.fence + 1, self.run_id, now, None, {self._member: me})

    def renew(self) -> None:
        """Count from now again; LeaseHeldError if another run took over."""

        def renewed(state: LeaseState) -> LeaseState:
            self._require_mine(state)
            now = self._clock()
            since = state.members[self._member].since if self._member in state.members else now
            return replace(
                state, members=state.members | {self._member: Member(this_process(), since, now + self._ttl)}
            )

        self._store.change(renewed)

    def release(self) -> None:
        """Leave. The lease outlives its last member by ``hold_seconds``; it is nobody's if that is 0."""

        def left(state: LeaseState) -> LeaseState:
            if not self._is_mine(state):
                return state
            rest = state.without(self._member)
            if self._hold:
                return replace(rest, held_until=self._clock() + self._hold)
            return rest if rest.members else LeaseState(state.fence)

        with writes.committing("lease.release", self._store.where):
            self._store.change(left)

    def check(self) -> None:
        """LeaseHeldError if another run took the lease over since; called before every commit."""
        self._require_mine(self._store.read())

    def guard(self, moment: writes.Moment, site: str, path: str) -> None:
        """``check`` as an observer of ``lake.writes``."""
        if moment == "before" and not site.startswith(UNFENCED):
            self.check()

    def _is_mine(self, state: LeaseState) -> bool:
        return state.run_id == self.run_id and state.fence == self.fence

    def _require_mine(self, state: LeaseState) -> None:
        if not self._is_mine(state):
            raise LeaseHeldError(
                f"run {self.run_id} lost its lease (number {self.fence}); nothing more is written by it",
                where=_described(state),
                fix="the lease lapsed while this process stood still; run again when the other run has ended",
            )


@contextmanager
def hold(workspace: Workspace, run_id: str, *, outlives: bool = False) -> Iterator[Lease]:
    """Hold the lease of the workspace's lake for ``run_id``: renewed by a thread, checked at every commit.

    ``outlives``: it stays the run's for ``lease.hold_seconds`` more, for the next task or try of an orchestrator.
    """
    settings = workspace.settings.lease
    lease = _lease(workspace, run_id, settings.hold_seconds if outlives else 0.0)
    lease.acquire()
    stop_guarding = writes.observe(lease.guard)
    stopped = threading.Event()
    heartbeat = threading.Thread(
        target=_beat, args=(lease, stopped, settings.ttl_seconds / 3), name="lease", daemon=True
    )
    heartbeat.start()
    try:
        yield lease
    finally:
        stopped.set()
        heartbeat.join()
        stop_guarding()
        with suppress(StorageError):  # what cannot be written lapses by itself
            lease.release()


def _beat(lease: Lease, stopped: threading.Event, every_seconds: float) -> None:
    while not stopped.wait(every_seconds):
        with suppress(StorageError):  # a full disk may clear before the lease lapses
            try:
                lease.renew()
            except LeaseHeldError:
                return  # the next commit says so


def _lease(workspace: Workspace, run_id: str, hold_seconds: float) -> Lease:
    store = lease_store(workspace.objects)
    return Lease(store, run_id, ttl_seconds=workspace.settings.lease.ttl_seconds, hold_seconds=hold_seconds)


def take(workspace: Workspace, run_id: str) -> float:
    """Take or keep the lease for a run whose processes come later; seconds for which it holds.

    LeaseHeldError if another run has it, ConfigError if nothing would keep it until the first process comes.
    """
    seconds = workspace.settings.lease.hold_seconds
    if not seconds:
        raise ConfigError(
            "a lease cannot be taken for later: lease.hold_seconds is 0",
            where=f"profiles/{workspace.settings.env}.toml",
            fix="give it more seconds than the longest delay between two tries",
        )
    lease = _lease(workspace, run_id, seconds)
    lease.acquire()
    lease.release()
    return seconds


def give_back(workspace: Workspace, run_id: str) -> bool:
    """End the run's claim; processes of it that still work keep theirs. Whether the lease was this run's."""
    store = lease_store(workspace.objects)
    was: list[bool] = []

    def ended(state: LeaseState) -> LeaseState:
        was.append(state.run_id == run_id)
        if not was[-1]:
            return state
        working = {name: member for name, member in state.members.items() if member.holds(_now())}
        return replace(state, held_until=None, members=working) if working else LeaseState(state.fence)

    with writes.committing("lease.release", store.where):
        store.change(ended)
    return was[-1]


def claimed(objects: Objects) -> tuple[str | None, bool]:
    """The run that took the lake last and has not given it back, and whether it is still at work (or between tasks)."""
    state = lease_store(objects).read()
    return state.run_id, state.is_held(_now())


def describe(objects: Objects) -> str:
    """The lease of a lake in one line, for people."""
    state, now = lease_store(objects).read(), _now()
    if state.run_id is None:
        return "free"
    if state.is_held(now):
        return _described(state)
    return f"lapsed: {_described(state)}; nobody has to wait, the next run takes it over at once"


def _described(state: LeaseState) -> str:
    if state.run_id is None:
        return "nobody holds the lease now"
    gone = {True: ", which is gone", False: ""}
    processes = [f"{member.process}{gone[is_dead(member.process)]}" for member in state.members.values()]
    who = "; ".join(processes) or "no process at work"
    since = f"{state.since:%Y-%m-%d %H:%M:%S} UTC" if state.since else "unknown"
    until = state.until()
    return f"run {state.run_id} ({who}) since {since}" + (f", until {until:%Y-%m-%d %H:%M:%S} UTC" if until else "")


def _held(state: LeaseState, now: datetime) -> LeaseHeldError:
    seconds = max(0, round(((state.until() or now) - now).total_seconds()))
    what = "another run is at work on this lake"
    fix = f"wait for it to end, or join it with --run-id {state.run_id}; if it died it is taken over in "
    fix += f"{seconds} seconds at the latest"
    if not any(member.holds(now) for member in state.members.values()):
        what += ", and keeps it for its next task"
        fix = f"wait: it lapses in {seconds} seconds; or, if no task of it is to come: "
        fix += f"mirrorlake lease release {state.run_id}"
    return LeaseHeldError(what, where=_described(state), fix=fix)
