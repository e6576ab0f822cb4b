"""A copy of a lake elsewhere: all of it, nothing twice, readable whatever happens on the way, in no other's place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from killed import Killed

from lake import layout, writes
from lake.errors import DamagedError, UsageError
from lake.storage.mirror import mirror
from lake.storage.objects import Objects
from lake.tables.delta import LakeTable

if TYPE_CHECKING:
    from tests.conftest import RunCli

SCHEMA = pl.DataFrame({"n": [0]}).to_arrow().schema


@pytest.fixture
def source(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "lake"))


@pytest.fixture
def target(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "mirror"))


def write(objects: Objects, *numbers: int) -> None:
    rows = pl.DataFrame({"n": numbers})
    LakeTable(objects, "silver/t").replace(rows, SCHEMA, partition=None, partitions=None, site="test")


def read(objects: Objects) -> list[int]:
    return LakeTable(objects, "silver/t").read()["n"].to_list()


def keys(objects: Objects) -> set[str]:
    own = {layout.mirror_record(), layout.lake_identity()}
    return {info.key for info in objects.list("") if info.key not in own}


def test_the_copy_is_whole_and_the_second_call_copies_nothing(source: Objects, target: Objects) -> None:
    write(source, 1, 2)
    source.put("bronze/load=1/raw.json", b"[]", "test")
    source.put("bronze/load=1/manifest.json", b"{}", "test")
    source.put(layout.lease(), b"{}", "test")
    first = mirror(source, target)
    assert (first.copied, first.deleted) == (5, 0), "four objects and the lake's identity; no lease"
    assert read(target) == [1, 2]
    assert keys(target) == keys(source) - {layout.lease()}
    assert mirror(source, target).copied == 0
    write(source, 3)
    assert mirror(source, target).copied == 2, "one file and one commit"
    assert read(target) == [3]


def test_what_is_gone_or_damaged_there_is_put_right(source: Objects, target: Objects) -> None:
    write(source, 1)
    source.put("bronze/a/raw.json", b"one", "test")
    source.put("bronze/b/raw.json", b"two", "test")
    mirror(source, target)
    source.delete(["bronze/a/raw.json"], "test")
    target.put("bronze/b/raw.json", b"something else", "test")
    made = mirror(source, target)
    assert (made.copied, made.deleted) == (1, 1)
    assert keys(target) == keys(source)
    assert target.get("bronze/b/raw.json") == b"two"


def test_a_table_that_was_made_again_is_no_mixture(source: Objects, target: Objects) -> None:
    for number in range(3):
        write(source, number)
    mirror(source, target)
    LakeTable(source, "silver/t").drop("test")
    write(source, 9)
    table, seen = LakeTable(target, "silver/t"), []

    def look(moment: writes.Moment, site: str, path: str) -> None:
        if moment == "after" and table.exists():
            seen.append(read(target))

    stop = writes.observe(look)
    mirror(source, target)
    stop()
    assert all(rows in ([2], [1], [0], [9]) for rows in seen), "it was so once"
    assert (table.version(), read(target)) == (0, [9])
    assert keys(target) == keys(source)


def test_what_makes_others_visible_comes_after_them(
    source: Objects, target: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.put(layout.gold_snapshot(1), b"{}", "test")
    source.put("bronze/a/manifest.json", b"{}", "test")
    source.put("bronze/a/raw-00001.json", b"[]", "test")
    for number in range(11):
        write(source, number)
    written: list[str] = []
    stop = writes.observe(lambda moment, site, path: written.append(path) if moment == "after" else None)
    mirror(source, target)
    stop()
    names = [path.removeprefix(f"{target.root}/") for path in written if path.startswith(target.root)]
    logs = [name for name in names if name.endswith(".json") and "_delta_log" in name]
    assert logs == sorted(logs)
    assert len(logs) == 11
    at = names.index
    assert at(layout.mirror_record()) == 0, "the place is claimed first"
    assert max(at(name) for name in names if name.endswith(".parquet")) < at(logs[0])
    assert at("bronze/a/raw-00001.json") < at("bronze/a/manifest.json")
    assert at(logs[-1]) < at(layout.gold_snapshot(1)) < len(names) - 1
    assert names[-1] == layout.mirror_record()


def test_stopped_at_any_write_it_can_be_read_and_the_next_call_completes_it(tmp_path: Path) -> None:
    """Each moment of a second copy: before it the old rows are there, after it the old or the new ones."""
    stopped_at = 0
    while True:
        source, target = Objects(str(tmp_path / f"lake{stopped_at}")), Objects(str(tmp_path / f"mirror{stopped_at}"))
        write(source, 1)
        mirror(source, target)
        write(source, 2)
        source.delete([info.key for info in source.list("none")], "test")
        source.put("bronze/x/raw.json", b"1", "test")
        if not dies_at(stopped_at, source, target):
            break
        assert read(target) in ([1], [2])
        mirror(source, target)
        assert read(target) == [2]
        assert keys(target) == keys(source)
        stopped_at += 1
    assert stopped_at == 5, "what is begun, data, bronze, log, record"


def dies_at(number: int, source: Objects, target: Objects) -> bool:
    count = 0

    def kill(moment: writes.Moment, site: str, path: str) -> None:
        nonlocal count
        if moment == "before":
            if count == number:
                raise Killed
            count += 1

    stop = writes.observe(kill)
    try:
        mirror(source, target)
    except Killed:
        return True
    finally:
        stop()
    return False


def test_a_place_that_holds_something_else_is_refused_and_left_as_it_is(source: Objects, target: Objects) -> None:
    write(source, 1)
    target.put("holiday.jpg", b"...", "test")
    with pytest.raises(UsageError, match="holds something else"):
        mirror(source, target)
    assert [info.key for info in target.list("")] == ["holiday.jpg"]


def test_a_place_that_somebody_runs_on_since_is_refused_and_left_as_it_is(source: Objects, target: Objects) -> None:
    write(source, 1)
    mirror(source, target)
    target.put("silver/orders/part-0.parquet", b"production's", "test")
    target.put(layout.lease(), b"{}", "test")
    write(source, 2)
    with pytest.raises(UsageError, match="has a lease") as refused:
        mirror(source, target)
    assert refused.value.where == target.url(layout.lease())
    assert target.get(layout.lease()) == b"{}"
    assert target.get("silver/orders/part-0.parquet") == b"production's"
    assert read(target) == [1]


@pytest.mark.parametrize("key", ["holiday.jpg", "bronze/b/raw.json"])
def test_what_no_copy_put_there_is_refused_at_every_copy(source: Objects, target: Objects, key: str) -> None:
    write(source, 1)
    mirror(source, target)
    target.put(key, b"somebody's", "test")
    source.put("bronze/b/raw.json", b"ours", "test")
    with pytest.raises(UsageError, match=f"holds something else.*: {key}"):
        mirror(source, target)
    assert target.get(key) == b"somebody's"


def test_what_a_copy_that_died_had_brought_is_known_and_cleared_up(source: Objects, target: Objects) -> None:
    write(source, 1)
    mirror(source, target)
    for number in range(2):
        source.put(f"bronze/{number}/raw.json", b"[]", "test")
        assert dies_at(2, source, target), "what is begun is written down, one object copied"
        assert target.exists(f"bronze/{number}/raw.json")
        source.delete([f"bronze/{number}/raw.json"], "test")
    assert mirror(source, target).deleted == 2
    assert keys(target) == keys(source)
    assert mirror(source, target).copied == 0


def test_the_place_of_another_lake_is_refused(source: Objects, target: Objects, tmp_path: Path) -> None:
    write(source, 1)
    mirror(source, target)
    other = Objects(str(tmp_path / "other"))
    write(other, 2)
    with pytest.raises(UsageError, match="that of another lake"):
        mirror(other, target)
    assert read(target) == [1]


def test_a_lake_that_was_moved_is_still_the_same(source: Objects, target: Objects, tmp_path: Path) -> None:
    write(source, 1)
    mirror(source, target)
    moved = Path(source.root).rename(tmp_path / "moved")
    assert mirror(Objects(str(moved)), target).copied == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"lake": 1}',
        b'{"lake": "x", "objects": {"a": 1}}',
        b'{"lake": "x", "objects": {}, "begun": 1}',
    ],
)
def test_a_damaged_record_is_said(source: Objects, target: Objects, data: bytes) -> None:
    write(source, 1)
    target.put(layout.mirror_record(), data, "test")
    with pytest.raises(DamagedError, match="record cannot be read"):
        mirror(source, target)


def test_a_run_copies_what_it_leaves(run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = project.parent / "mirror"
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", str(place))
    arguments = ("run", "--run-date", "2013-07-03", "--job", "ingest", "--job", "silver", "--write-s3", "--json")
    done = run_cli(*arguments)
    assert done.exit_code == 0, done.text
    stages = {stage["stage"]: stage for stage in json.loads(done.out)["stages"]}
    assert stages["mirror"]["status"] == "done"
    assert LakeTable(Objects(str(place)), "silver/weather_observations").height() == 72
    again = json.loads(run_cli(*arguments).out)
    assert {stage["status"] for stage in again["stages"]} == {"unchanged"}


def test_a_copy_that_fails_is_told_and_made_up_for(
    run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = project.parent / "mirror"
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", str(place))
    arguments = ("run", "--run-date", "2013-07-03", "--job", "ingest", "--write-s3")

    def spoil(moment: writes.Moment, site: str, path: str) -> None:
        if site == "lease.acquire":  # after the check, before the copy
            (place / "bronze").write_text("a file is in the way")

    stop = writes.observe(spoil)
    failed = run_cli(*arguments)
    stop()
    assert failed.exit_code == 1
    assert "mirror: failed: " in failed.out
    (place / "bronze").unlink()
    assert run_cli(*arguments).exit_code == 0
    assert any(place.rglob("manifest.json"))


@pytest.mark.parametrize(
    ("spoil", "said", "code"),
    [
        (lambda place: place.write_text("a file"), "cannot write", 1),
        (lambda place: Objects(str(place)).put("holiday.jpg", b"...", "test"), "holds something else", 2),
        (lambda place: mirror(Objects(str(place.parent / "another")), Objects(str(place))), "of another lake", 2),
    ],
)
def test_a_place_that_cannot_be_copied_to_is_said_before_the_run(
    run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch, spoil: Any, said: str, code: int
) -> None:
    place = project.parent / "mirror"
    spoil(place)
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", str(place))
    refused = run_cli("run", "--run-date", "2013-07-03", "--job", "ingest", "--write-s3")
    assert refused.exit_code == code
    assert said in refused.err
    assert str(place) in refused.err
    assert not (project / "lake" / "bronze").exists()


def test_without_a_place_nothing_is_begun(run_cli: RunCli, project: Path) -> None:
    said = run_cli("run", "--run-date", "2013-07-03", "--write-s3")
    assert said.exit_code == 2
    assert "MIRRORLAKE_LAKE_MIRROR" in said.err
    assert not (project / "lake" / "bronze").exists()


@pytest.mark.parametrize("place", ["", "/copy", "/.."])
def test_a_copy_in_the_lake_itself_is_refused(
    run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    lake = project / "lake"
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", str(lake.parent if place == "/.." else Path(f"{lake}{place}")))
    refused = run_cli("run", "--run-date", "2013-07-04", "--job", "ingest", "--write-s3")
    assert refused.exit_code == 2
    assert "lie in one another" in refused.err
    assert not lake.exists()
