"""A bucket that is slow, overloaded, cut off, forbidden or not there: retried or one clear error, and no half state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from lake.duck import configure
from lake.errors import AlreadyExistsError, LeaseHeldError, LostRaceError, StorageError
from lake.storage.credentials import S3Credentials, serve
from lake.storage.mirror import mirror
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable
from pipeline.lease import Lease
from pipeline.lease_store import BucketLeaseStore
from tests.rehearsal.fault_proxy import Fault, FaultProxy, fault_proxy
from warehouse.duck import explained

SCHEMA = pl.DataFrame({"n": [1]}).to_arrow().schema
Act = Callable[[], object]


@dataclass
class World:
    """A lake in a bucket: ``objects`` and ``table`` by way of the proxy, ``straight`` past it."""

    proxy: FaultProxy
    credentials: S3Credentials
    objects: Objects
    straight: Objects

    @property
    def table(self) -> LakeTable:
        return LakeTable(self.objects, "silver/t")

    def write(self, *numbers: int) -> int:
        rows = pl.DataFrame({"n": numbers})
        mark = self.table.next_mark()
        return self.table.replace(rows, SCHEMA, partition=None, partitions=None, site="test", mark=mark)

    def rows(self) -> list[int]:
        return LakeTable(self.straight, "silver/t").read()["n"].to_list()


@pytest.fixture(scope="session")
def proxy(aws: object) -> Iterator[FaultProxy]:
    with fault_proxy(aws.url) as standing:  # type: ignore[attr-defined]
        yield standing


@pytest.fixture
def world(proxy: FaultProxy, s3_credentials: S3Credentials, bucket: str) -> World:
    proxy.seen.clear()
    impatient = replace(s3_credentials, endpoint=proxy.url, timeout_seconds=1.0, retry_seconds=4.0)
    root = f"s3://{bucket}/lake"
    return World(
        proxy, impatient, Objects(root, impatient.object_options), Objects(root, s3_credentials.object_options)
    )


PASSING = {
    "slow": Fault("slow", seconds=1.2, times=1),
    "503": Fault("refuse", times=3),
    "500": Fault("refuse", times=2, status=500, code="InternalError"),
    "dropped": Fault("drop", times=3),
    "answer lost": Fault("lose", times=2),
    "answer cut": Fault("cut", method="GET", times=2),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again_and_nobody_notices(world: World, name: str) -> None:
    world.write(1)
    with world.proxy.planted(replace(PASSING[name])):
        world.objects.put_new("new", b"x", "test")
    with world.proxy.planted(replace(PASSING[name])):
        world.objects.put("old", b"y", "test")
    with world.proxy.planted(replace(PASSING[name])):
        assert world.objects.get("new") == b"x"
    with world.proxy.planted(replace(PASSING[name])):
        assert {"new", "old"} <= {info.key for info in world.objects.list("")}
    with world.proxy.planted(replace(PASSING[name])):
        assert world.write(2) == 1
    with world.proxy.planted(replace(PASSING[name])):
        assert world.table.read()["n"].to_list() == [2]
    with world.proxy.planted(replace(PASSING[name])):
        world.objects.delete(["new", "old"], "test")
    assert not {info.key for info in world.straight.list("")} & {"new", "old"}


def test_a_create_whose_answer_was_lost_is_known_again_and_one_that_lost_the_race_is_not(world: World) -> None:
    with world.proxy.planted(Fault("lose", method="PUT", times=1)):
        world.objects.put_new("a", b"mine", "test")
    assert [method for method, _ in world.proxy.seen].count("PUT") == 2, "it was tried again, and refused itself"
    with pytest.raises(AlreadyExistsError):
        world.objects.put_new("a", b"mine", "test")
    world.straight.put_new("b", b"theirs", "test")
    with world.proxy.planted(Fault("drop", method="PUT", times=1)), pytest.raises(AlreadyExistsError):
        world.objects.put_new("b", b"ours", "test")
    assert world.straight.get("b") == b"theirs"


def test_a_commit_whose_answer_was_lost_is_found_by_its_mark(world: World) -> None:
    world.write(1)
    with world.proxy.planted(Fault("lose", method="PUT", path=r"_delta_log/.*json", times=1)):
        assert world.write(2) == 1
    assert world.rows() == [2]


def test_a_commit_that_lost_the_race_writes_nothing(world: World) -> None:
    world.write(1)
    theirs = LakeTable(world.straight, "silver/t")
    rows = pl.DataFrame({"n": [7]})

    class Slower(LakeTable):
        """Another writer commits between this one's look at the table and its commit."""

        def next_mark(self) -> tuple[str, int]:
            return "another application", 1

    opened = Slower(world.objects, "silver/t")
    held = opened._open(None)
    theirs.replace(rows, SCHEMA, partition=None, partitions=None, site="test", mark=theirs.next_mark())
    opened._open = lambda _version: held  # type: ignore[method-assign,assignment,return-value]
    with pytest.raises(LostRaceError):
        opened.replace(
            pl.DataFrame({"n": [8]}),
            SCHEMA,
            partition=None,
            partitions=None,
            site="test",
            mark=opened.next_mark(),
        )
    assert world.rows() == [7]


LASTING = {
    "overloaded": (Fault("refuse"), "overloaded or down"),
    "denied": (Fault("refuse", status=403, code="AccessDenied"), "access is denied"),
    "expired": (Fault("refuse", status=400, code="ExpiredToken"), "credentials have expired"),
    "unreachable": (Fault("drop"), "cannot be reached"),
    "another region": (Fault("refuse", status=301, code="PermanentRedirect"), "another region"),
}


def acts(world: World) -> dict[str, Act]:
    def read_by_duckdb() -> object:
        with explained(Path("a database")), duckdb.connect() as connection:
            serve(configure(connection), world.table.options)
            return connection.read_parquet(f"{world.straight.root}/silver/t/none.parquet").fetchall()

    return {
        "get": lambda: world.objects.get("a"),
        "list": lambda: world.objects.list(""),
        "create": lambda: world.objects.put_new("n", b"x", "test"),
        "replace": lambda: world.objects.put("n", b"x", "test"),
        "delete": lambda: world.objects.delete(["a"], "test"),
        "swap": lambda: world.objects.swap("n", b"x", None),
        "table": lambda: world.write(9),
        "duckdb": read_by_duckdb,
    }


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_one_clear_error_and_leaves_everything_as_it_was(world: World, name: str) -> None:
    world.straight.put("a", b"x", "test")
    world.write(1)
    before = {info.key: info.modified for info in world.straight.list("")}
    fault, words = LASTING[name]
    world = replace_patience(world, 0.2)
    for what, act in acts(world).items():
        if what == "duckdb" and name in ("expired", "another region"):
            continue  # DuckDB asks for the head first, whose refusals have no words
        with world.proxy.planted(replace(fault)), pytest.raises(StorageError) as caught:
            act()
        assert words in caught.value.what, (what, caught.value.what)
        assert caught.value.fix
    after = {info.key: info.modified for info in world.straight.list("")}
    assert {key: at for key, at in after.items() if key in before} == before
    assert world.rows() == [1]
    world.write(2)
    assert world.rows() == [2]


def replace_patience(world: World, seconds: float) -> World:
    hasty = replace(world.credentials, retry_seconds=seconds)
    return replace(world, credentials=hasty, objects=Objects(world.objects.root, hasty.object_options))


def test_a_bucket_that_is_not_there_is_said(world: World) -> None:
    nowhere = Objects("s3://no-such-bucket-anywhere/lake", world.credentials.object_options)
    table = LakeTable(nowhere, "silver/t")
    for act in (
        lambda: nowhere.get_or_none("a"),
        lambda: nowhere.list(""),
        lambda: nowhere.put("a", b"", "test"),
        lambda: nowhere.put_new("a", b"", "test"),
        lambda: nowhere.get_tagged("a"),
        table.version,
    ):
        with pytest.raises(StorageError, match="there is no such bucket"):
            act()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"access_key_id": "AKIANOBODY"}, "access key is not known"), ({"secret_access_key": "x"}, "secret key is wrong")],
)
def test_wrong_credentials_are_said_without_being_shown(world: World, wrong: dict[str, str], words: str) -> None:
    stranger = Objects(world.objects.root, replace(world.credentials, **wrong).object_options)
    for act in (lambda: stranger.list(""), lambda: stranger.put("a", b"", "test"), lambda: stranger.get("a")):
        with pytest.raises(StorageError, match=words) as caught:
            act()
        assert world.credentials.secret_access_key not in str(caught.value)


def test_damage_is_not_taken_for_an_outage_nor_an_outage_for_damage(world: World) -> None:
    world.write(1)
    hasty = replace_patience(world, 0.2)
    with world.proxy.planted(Fault("refuse", path="parquet")), pytest.raises(StorageError, match="overloaded"):
        hasty.table.read()
    [key] = [info.key for info in world.straight.list("silver/t") if info.key.endswith(".parquet")]
    world.straight.put(key, b"no parquet", "test")
    with pytest.raises(StorageError, match="a data file cannot be read"):
        world.table.read()
    world.straight.delete([key], "test")
    with pytest.raises(StorageError, match="a data file is missing"):
        world.table.read()


def test_a_lease_in_a_bucket_is_one_runs_at_a_time_whatever_the_answers(world: World) -> None:
    store = BucketLeaseStore(world.objects)
    mine = Lease(store, "run-a", ttl_seconds=60)
    with world.proxy.planted(Fault("lose", method="PUT", times=1)):
        assert mine.acquire() == 1
    with pytest.raises(LeaseHeldError, match="another run is at work") as caught:
        Lease(BucketLeaseStore(world.straight), "run-b", ttl_seconds=60).acquire()
    assert "run-a" in str(caught.value)
    with world.proxy.planted(Fault("refuse", times=2)):
        mine.renew()
        mine.check()
    mine.release()
    assert Lease(store, "run-b", ttl_seconds=60).acquire() == 2


def test_changes_of_a_lease_at_the_same_time_are_all_counted(world: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def count(_: int) -> None:
        BucketLeaseStore(world.straight).change(lambda state: replace(state, fence=state.fence + 1))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, range(24)))
    assert BucketLeaseStore(world.straight).read().fence == 24


def test_a_run_that_lost_its_lease_writes_nothing_more(world: World) -> None:
    from lake import writes

    store = BucketLeaseStore(world.straight)
    stalled = Lease(store, "run-a", ttl_seconds=60)
    stalled.acquire()
    store.change(lambda state: replace(state, members={}))  # it lapsed
    Lease(store, "run-b", ttl_seconds=60).acquire()
    stop = writes.observe(stalled.guard)
    try:
        with pytest.raises(LeaseHeldError, match="lost its lease"):
            world.write(1)
    finally:
        stop()
    assert not LakeTable(world.straight, "silver/t").exists()


def test_a_mirror_in_a_bucket_survives_faults_and_goes_on_where_it_stopped(world: World, tmp_path: object) -> None:
    folder = Objects(f"{tmp_path}/lake")
    table = LakeTable(folder, "silver/t")
    for number in range(3):
        table.replace(pl.DataFrame({"n": [number]}), SCHEMA, partition=None, partitions=None, site="test")
    patient = replace_patience(world, 20)
    with world.proxy.planted(*(replace(fault) for fault in PASSING.values())):
        mirror(folder, patient.objects)
    assert world.rows() == [2]
    table.replace(pl.DataFrame({"n": [3]}), SCHEMA, partition=None, partitions=None, site="test")
    hasty = replace_patience(world, 0.2)
    with world.proxy.planted(Fault("refuse", method="PUT", path="_delta_log")), pytest.raises(StorageError):
        mirror(folder, hasty.objects)
    assert world.rows() == [2]
    mirror(folder, world.objects)
    assert world.rows() == [3]
    assert mirror(folder, world.objects).copied == 0
