"""The lease, with real processes: refused, joined, taken over, fenced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lake import writes
from lake.errors import DamagedError, LeaseHeldError, StorageError
from pipeline.lease import Lease, describe, hold
from pipeline.lease_store import FolderLeaseStore, LeaseState, Member
from pipeline.process import _started, is_dead, this_process
from pipeline.workspace import open_workspace

HOLDER = """
import sys
from pipeline.lease import hold
from pipeline.workspace import open_workspace
with hold(open_workspace(), sys.argv[1]):
    print("held", flush=True)
    sys.stdin.readline()
"""
NOW = datetime(2013, 7, 4, tzinfo=UTC)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@contextmanager
def holder(run_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease for ``run_id`` until it is killed or told to go on."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, run_id], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def store(tmp_path: Path) -> FolderLeaseStore:
    return FolderLeaseStore(str(tmp_path))


def lease(store: FolderLeaseStore, run_id: str, clock: Clock, hold_seconds: float = 0) -> Lease:
    return Lease(store, run_id, ttl_seconds=60, hold_seconds=hold_seconds, clock=clock)


def elsewhere(state: LeaseState) -> LeaseState:
    """The same state, its processes on another machine, where nobody can see whether they live."""
    moved = {
        name: replace(member, process=replace(member.process, machine="another", host="elsewhere"))
        for name, member in state.members.items()
    }
    return replace(state, members=moved)


def test_another_run_is_told_who_holds_the_lease_and_the_same_run_joins(project: Path) -> None:
    workspace = open_workspace()
    with holder("run-a") as process:
        with pytest.raises(LeaseHeldError) as caught, hold(workspace, "run-b"):
            pytest.fail("two runs at once")
        me = this_process()
        for word in ("run-a", me.user, me.host, f"process {process.pid}", "since 20", "until 20", "--run-id run-a"):
            assert word in str(caught.value)
        with hold(workspace, "run-a") as joined:
            joined.check()
            assert len(FolderLeaseStore(workspace.objects.root).read().members) == 2
        assert "run-a" in describe(workspace.objects)
        process.communicate("\n")
    assert describe(workspace.objects) == "free"


def test_a_killed_holder_is_replaced_at_once_with_a_higher_fence(project: Path) -> None:
    workspace = open_workspace()
    with holder("run-a") as process:
        process.kill()
        process.wait()
        said = describe(workspace.objects)
        assert said.startswith("lapsed: run run-a")
        assert f"process {process.pid}, which is gone" in said
        assert said.endswith("the next run takes it over at once")
        assert "until" not in said, "nobody has to wait for its end"
        with hold(workspace, "run-b") as taken:
            assert taken.fence == 2


def test_a_killed_run_resumes_under_its_own_id(project: Path) -> None:
    workspace = open_workspace()
    with holder("run-a") as process:
        process.kill()
        process.wait()
    with hold(workspace, "run-a") as again:
        assert again.fence == 1
        assert len(FolderLeaseStore(workspace.objects.root).read().members) == 1


def test_of_many_processes_one_gets_the_lease(project: Path) -> None:
    running = [
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, f"run-{number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for number in range(4)
    ]
    said = [process.stdout.readline() for process in running if process.stdout is not None]
    for process in running:
        process.communicate("\n")
    assert sorted(said) == ["", "", "", "held\n"]
    assert FolderLeaseStore(open_workspace().objects.root).read() == LeaseState(fence=1)


def test_a_lapsed_lease_is_taken_over_and_its_loser_stopped_at_the_next_commit(store: FolderLeaseStore) -> None:
    clock = Clock()
    old, new = lease(store, "old", clock), lease(store, "new", clock)
    assert old.acquire() == 1
    store.change(elsewhere)
    clock.move(59)
    with pytest.raises(LeaseHeldError, match="another run is at work"):
        new.acquire()
    clock.move(2)
    old.check()  # lapsed, but nobody took over: it may go on
    assert new.acquire() == 2
    stop = writes.observe(old.guard)
    with pytest.raises(LeaseHeldError, match="run old lost its lease"), writes.committing("silver.merge", "t"):
        pytest.fail("a superseded run committed")
    with writes.committing("audit.record", "its failure"):
        pass
    stop()
    with pytest.raises(LeaseHeldError):
        old.renew()
    old.release()
    assert store.read().run_id == "new"


def test_renewing_keeps_the_lease(store: FolderLeaseStore) -> None:
    clock = Clock()
    mine, other = lease(store, "mine", clock), lease(store, "other", clock)
    mine.acquire()
    store.change(elsewhere)
    clock.move(50)
    mine.renew()
    clock.move(50)
    with pytest.raises(LeaseHeldError):
        other.acquire()


def test_the_heartbeat_renews_while_the_work_goes_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_LEASE_TTL_SECONDS", "1")
    workspace = open_workspace()
    store = FolderLeaseStore(workspace.objects.root)
    with hold(workspace, "run-a"):
        first = store.read().until()
        deadline = time.monotonic() + 5
        while store.read().until() == first and time.monotonic() < deadline:
            time.sleep(0.05)
        assert store.read().until() != first
    assert not [thread for thread in threading.enumerate() if thread.name == "lease"]


def test_it_is_released_when_the_work_fails(project: Path) -> None:
    workspace = open_workspace()
    observers = list(writes._observers)
    with pytest.raises(ZeroDivisionError), hold(workspace, "run-a"):
        _ = 1 / 0
    assert describe(workspace.objects) == "free"
    assert writes._observers == observers


def test_an_ended_stage_keeps_it_for_the_next_try(store: FolderLeaseStore) -> None:
    clock = Clock()
    stage, other = lease(store, "run-a", clock, hold_seconds=900), lease(store, "run-b", clock)
    stage.acquire()
    stage.release()
    clock.move(899)
    with pytest.raises(LeaseHeldError, match="another run") as caught:
        other.acquire()
    assert "no process at work" in str(caught.value)
    assert "it lapses in 1 seconds; or, if no task of it is to come: mirrorlake lease release run-a" in str(
        caught.value
    )
    assert lease(store, "run-a", clock).acquire() == 1
    clock.move(61)
    assert other.acquire() == 2


def test_it_stays_with_the_members_that_are_left(store: FolderLeaseStore) -> None:
    clock = Clock()
    first, second = lease(store, "run-a", clock), lease(store, "run-a", clock)
    first.acquire()
    second.acquire()
    first.release()
    second.check()
    with pytest.raises(LeaseHeldError):
        lease(store, "run-b", clock).acquire()
    second.release()
    assert store.read() == LeaseState(fence=1)


def test_a_new_file_is_seen_although_the_last_state_is_kept(store: FolderLeaseStore) -> None:
    clock = Clock()
    lease(store, "run-a", clock).acquire()
    old = time.time_ns() - 10**9
    os.utime(store.path, ns=(old, old))
    assert store.read() is store.read()
    FolderLeaseStore(str(store.path.parents[1])).change(lambda state: replace(state, fence=7))
    assert store.read().fence == 7


def test_changes_at_the_same_time_are_all_counted(tmp_path: Path) -> None:
    def count() -> None:
        mine = FolderLeaseStore(str(tmp_path))
        for _ in range(20):
            mine.change(lambda state: replace(state, fence=state.fence + 1))

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FolderLeaseStore(str(tmp_path)).read().fence == 120


def test_a_change_that_raises_leaves_the_state_as_it_was(store: FolderLeaseStore) -> None:
    lease(store, "run-a", Clock()).acquire()
    before = store.path.read_bytes()

    def broken(state: LeaseState) -> LeaseState:
        raise LeaseHeldError("no")

    with pytest.raises(LeaseHeldError):
        store.change(broken)
    assert store.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"members": {"a": 1}}'])
def test_a_damaged_lease_is_said_with_its_path(store: FolderLeaseStore, content: bytes) -> None:
    store.path.parent.mkdir(parents=True)
    store.path.write_bytes(content)
    with pytest.raises(DamagedError, match="the lease cannot be read") as caught:
        lease(store, "run-a", Clock()).acquire()
    assert caught.value.where == str(store.path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "_state").write_text("a file is in the way")
    with pytest.raises(StorageError):
        lease(FolderLeaseStore(str(tmp_path)), "run-a", Clock()).acquire()


def test_the_state_survives_being_written(store: FolderLeaseStore) -> None:
    member = Member(this_process(), NOW, NOW + timedelta(seconds=60))
    state = LeaseState(3, "run-a", NOW, NOW, {"m": member})
    store.change(lambda _: state)
    assert store.read() == state
    assert json.loads(store.path.read_bytes())["members"]["m"]["process"]["pid"] == os.getpid()


def test_a_process_is_dead_only_if_that_is_certain() -> None:
    me = this_process()
    assert not is_dead(me)
    assert is_dead(replace(me, started="1")), "another process has its number now"
    assert not is_dead(replace(me, machine="another", started="1")), "nobody can see it from here"
    child = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE)
    of_child = replace(me, pid=child.pid, started=_started(child.pid))
    assert not is_dead(of_child)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie: dead, its parent has not looked yet
    assert is_dead(of_child)
    child.communicate()
    assert is_dead(of_child)
