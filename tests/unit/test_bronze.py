"""Bronze: no manifest, no load; the same bytes, no new load; nothing is ever overwritten."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from killed import Killed

from lake import layout, writes
from lake.bronze import Bronze, Written
from lake.errors import AlreadyExistsError, DamagedError, StorageError, UsageError
from lake.storage.objects import Objects

DAY = date(2013, 7, 4)
FETCHED = datetime(2013, 7, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.fixture
def bronze(tmp_path: Path) -> Bronze:
    return Bronze(Objects(str(tmp_path / "lake")))


def write(bronze: Bronze, *pages: bytes, day: date = DAY, slice_key: str = "jfk", **more: Any) -> Written:
    told: dict[str, Any] = {"attributes": {"latitude": 40.6}, "url": "https://x", "fetched_at": FETCHED, **more}
    return bronze.write("openmeteo", "archive", day, slice_key, pages, origin="recorded", records=24, **told)


def names(bronze: Bronze) -> list[str]:
    return [ref.load for ref in bronze.loads("openmeteo", "archive")]


def kill_at(site: str, moment: str, count: int = 1) -> Any:
    """Die at the ``count``-th commit of a site."""
    left = [count]

    def observer(when: str, where: str, path: str) -> None:
        if (when, where) == (moment, site):
            left[0] -= 1
            if not left[0]:
                raise Killed

    return writes.observe(observer)


def test_a_load_is_read_back_byte_for_byte(bronze: Bronze) -> None:
    written = write(bronze, b'{"a": 1}', b"\x00\xff")
    assert written == Written(
        "bronze/source=openmeteo/dataset=archive/run_date=2013-07-04/slice=jfk/load=1", 1, False, 10
    )
    load = Bronze(bronze.objects).read(written.load)
    assert load.pages == (b'{"a": 1}', b"\x00\xff")
    assert (load.request.source, load.request.dataset, load.request.run_date) == ("openmeteo", "archive", DAY)
    assert (load.request.slice_key, load.request.attributes) == ("jfk", {"latitude": 40.6})
    assert (load.number, load.fetched_at, load.bytes) == (1, FETCHED, 10)
    assert load.manifest["records"] == 24


def test_the_same_bytes_make_no_new_load(bronze: Bronze) -> None:
    first = write(bronze, b"a")
    seen: list[str] = []
    writes.observe(lambda moment, site, path: seen.append(site))
    again = write(bronze, b"a", fetched_at=datetime(2020, 1, 1, tzinfo=UTC), url="https://elsewhere")
    assert again == Written(first.load, 1, True, 0)
    assert seen == []


def test_other_bytes_or_attributes_make_a_new_load_and_old_ones_stay(bronze: Bronze) -> None:
    loads = [write(bronze, b"a"), write(bronze, b"b"), write(bronze, b"a"), write(bronze, b"a", b"b")]
    loads.append(write(bronze, b"a", b"b", attributes={"latitude": 41.0}))
    assert [load.number for load in loads] == [1, 2, 3, 4, 5]
    assert [Bronze(bronze.objects).read(load.load).pages for load in loads] == [
        (b"a",),
        (b"b",),
        (b"a",),
        (b"a", b"b"),
        (b"a", b"b"),
    ]


@pytest.mark.parametrize(
    ("site", "moment", "count"),
    [
        ("bronze.page", "before", 1),
        ("bronze.page", "after", 1),
        ("bronze.page", "after", 2),
        ("bronze.manifest", "before", 1),
    ],
)
@pytest.mark.parametrize("again", [(b"a", b"b"), (b"a", b"c"), (b"x",)])
def test_pages_without_manifest_are_no_load_and_no_hindrance(
    bronze: Bronze, site: str, moment: str, count: int, again: tuple[bytes, ...]
) -> None:
    stop = kill_at(site, moment, count)
    with pytest.raises(Killed):
        write(bronze, b"a", b"b")
    stop()
    assert names(bronze) == []
    written = write(bronze, *again)
    assert not written.unchanged
    assert Bronze(bronze.objects).read(written.load).pages == again
    assert names(bronze) == [written.load]
    assert write(bronze, *again).unchanged


def test_left_over_pages_of_equal_bytes_are_taken_over(bronze: Bronze) -> None:
    stop = kill_at("bronze.manifest", "before")
    with pytest.raises(Killed):
        write(bronze, b"a", b"b")
    stop()
    assert write(bronze, b"a", b"b").number == 1


def test_killed_after_the_manifest_the_load_is_there(bronze: Bronze) -> None:
    stop = kill_at("bronze.manifest", "after")
    with pytest.raises(Killed):
        write(bronze, b"a")
    stop()
    assert write(bronze, b"a").unchanged


def test_two_writers_of_one_slice_keep_both(bronze: Bronze, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one wins the race for the manifest between our listing and our write."""
    honest = bronze.objects.put_new
    done: list[str] = []

    def put_new(key: str, data: bytes, site: str) -> None:
        if site == "bronze.manifest" and not done:
            done.append(key)
            honest(key, json.dumps({**json.loads(data), "pages": []}).encode(), site)
        honest(key, data, site)

    monkeypatch.setattr(bronze.objects, "put_new", put_new)
    assert write(bronze, b"mine").number == 2
    assert len(names(bronze)) == 2


def test_loads_are_listed_by_run_date_slice_and_number(bronze: Bronze) -> None:
    for number in range(11):
        write(bronze, b"%d" % number)
    write(bronze, b"x", slice_key="ewr")
    write(bronze, b"x", day=date(2013, 7, 3))
    found = bronze.loads("openmeteo", "archive")
    assert [(ref.run_date.day, ref.slice_key, ref.number) for ref in found] == [
        (3, "jfk", 1),
        (4, "ewr", 1),
        *((4, "jfk", number) for number in range(1, 12)),
    ]
    assert {ref.run_date for ref in bronze.loads("openmeteo", "archive", [DAY])} == {DAY}
    many = [date(2013, 6, day) for day in range(1, 12)]
    assert bronze.loads("openmeteo", "archive", many) == []
    assert len(bronze.loads("openmeteo", "archive", [*many, DAY])) == 12
    assert bronze.loads("openmeteo", "other") == []
    assert bronze.datasets() == [("openmeteo", "archive")]


def test_threads_write_and_read(bronze: Bronze) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: write(bronze, b"%d" % number, slice_key=f"s{number}"), range(40)))
    refs = names(bronze)
    assert len(refs) == 40
    loads = Bronze(bronze.objects).read_many(refs)
    assert [load.load for load in loads] == refs
    assert {load.pages[0] for load in loads} == {b"%d" % number for number in range(40)}


@pytest.mark.parametrize("how", ["changed", "missing"])
def test_a_damaged_page_is_named(bronze: Bronze, how: str) -> None:
    load = write(bronze, b"a" * 100).load
    page = Path(bronze.objects.url(layout.bronze_page(load, 0)))
    if how == "changed":
        page.write_bytes(b"b" * 100)
    else:
        page.unlink()
    with pytest.raises(DamagedError) as caught:
        Bronze(bronze.objects).read(load)
    assert str(page) in str(caught.value)
    assert "restore" in str(caught.value)


@pytest.mark.parametrize("text", ["{cut", "[]", "{}"])
def test_a_damaged_manifest_is_named(bronze: Bronze, text: str) -> None:
    load = write(bronze, b"a").load
    manifest = Path(bronze.objects.url(layout.bronze_manifest(load)))
    manifest.write_text(text)
    with pytest.raises(DamagedError, match=r"manifest\.json"):
        bronze.read(load)
    with pytest.raises(DamagedError):
        write(bronze, b"a")


def test_a_load_that_is_not_there(bronze: Bronze) -> None:
    with pytest.raises(StorageError, match="no such load"):
        bronze.read("bronze/source=x/dataset=y/run_date=2013-07-04/slice=z/load=1")


@pytest.mark.parametrize("slice_key", ["../up", "a/b", "", ".hidden", "a\0b", "x" * 200, "a..b"])
def test_a_hostile_slice_is_refused(bronze: Bronze, slice_key: str) -> None:
    with pytest.raises(UsageError):
        write(bronze, b"a", slice_key=slice_key)
    assert bronze.objects.list("") == []


def test_acceptances_lie_beside_the_load_and_are_made_once(bronze: Bronze) -> None:
    load = write(bronze, b"a").load
    for _ in range(2):
        bronze.accept(load, "weather_observations", "by hand")
    bronze.accept(load, "weather_locations", "by hand")
    (ref,) = bronze.loads("openmeteo", "archive")
    assert ref.accepted == ("weather_locations", "weather_observations")
    assert write(bronze, b"a").unchanged


def test_a_refused_body_is_kept_for_inspection_and_is_no_load(bronze: Bronze) -> None:
    for _ in range(2):
        folder = bronze.refuse("openmeteo", "archive", DAY, "jfk", [b"<html>"], reason="HTML for JSON")
    assert bronze.objects.get(f"{folder}/raw.json") == b"<html>"
    assert bronze.refused_bodies() == [{"folder": folder, "reason": "HTML for JSON", "bytes": 6}]
    assert names(bronze) == []


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"null"])
def test_a_damaged_reason_hides_no_refused_body(bronze: Bronze, damage: bytes) -> None:
    folders = [
        bronze.refuse("openmeteo", "archive", DAY, place, [b"<html>"], reason="HTML") for place in ("jfk", "lga")
    ]
    Path(bronze.objects.url(f"{folders[0]}/reason.json")).write_bytes(damage)
    unknown = "unknown: its reason.json cannot be read"
    assert [tuple(body.values()) for body in bronze.refused_bodies()] == [
        (folders[0], unknown, 6),
        (folders[1], "HTML", 6),
    ]


@pytest.mark.parametrize("day", ["2013-13-01", "2013-02-30", "0000-01-01"])
def test_a_folder_of_no_day_is_no_load(bronze: Bronze, day: str) -> None:
    load = write(bronze, b"a").load
    stray = layout.bronze_manifest(load.replace("2013-07-04", day))
    bronze.objects.put_new(stray, bronze.objects.get(layout.bronze_manifest(load)), "test")
    assert names(bronze) == [load]
    assert bronze.datasets() == [("openmeteo", "archive")]


@pytest.mark.parametrize(
    "damage",
    [
        {"pages": [{}]},
        {"pages": ["a"]},
        {"pages": 3},
        {"pages": {"sha256": "a"}},
        {"pages": [{"sha256": None}]},
        {"run_date": "2013-13-01"},
        {"run_date": 20130704},
        {"fetched_at": "yesterday"},
        {"fetched_at": "2013-07-04T00:00:00"},
        {"attributes": []},
    ],
)
def test_a_manifest_of_another_shape_is_named(bronze: Bronze, damage: dict[str, Any]) -> None:
    load = write(bronze, b"a").load
    manifest = Path(bronze.objects.url(layout.bronze_manifest(load)))
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | damage))
    with pytest.raises(DamagedError) as caught:
        Bronze(bronze.objects).read(load)
    assert caught.value.where == str(manifest)
    assert "restore this folder" in str(caught.value.fix)


def test_nothing_of_bronze_is_ever_overwritten(bronze: Bronze) -> None:
    load = write(bronze, b"a").load
    for key in [info.key for info in bronze.objects.list(load)]:
        with pytest.raises(AlreadyExistsError):
            bronze.objects.put_new(key, b"", "test")


def test_a_year_is_quick(bronze: Bronze) -> None:
    """1,092 payloads; measured 0.2 s to write and 0.1 s to check again, with room for a busy machine."""
    from time import perf_counter

    payloads = [(date.fromordinal(DAY.toordinal() + n // 3), f"s{n % 3}", b"%d" % n * 400) for n in range(1092)]
    seconds = []
    for _ in range(2):
        began = perf_counter()
        written = [write(bronze, body, day=day, slice_key=key) for day, key, body in payloads]
        seconds.append(perf_counter() - began)
    assert all(each.unchanged for each in written)
    assert seconds[0] < 5
    assert seconds[1] < 3
