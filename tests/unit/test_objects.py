"""Storage: atomic writes, create-only objects, and faults of the disk in words."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lake import writes
from lake.errors import AlreadyExistsError, MirrorlakeError, StorageError
from lake.storage.faults import fault, storage_error
from lake.storage.objects import Objects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return Objects(str(tmp_path / "my lake é"))


def test_what_is_put_is_there(objects: Objects) -> None:
    objects.put_new("a/b=1/one.json", b"1", "test")
    objects.put("a/two", b"2", "test")
    objects.put("a/two", b"22", "test")
    assert objects.get("a/b=1/one.json") == b"1"
    assert objects.get_or_none("a/two") == b"22"
    assert [(info.key, info.size) for info in objects.list("a")] == [("a/b=1/one.json", 1), ("a/two", 2)]
    assert objects.list("a")[0].modified.tzinfo is not None
    assert Path(objects.url("a/two")).read_bytes() == b"22"


def test_a_prefix_is_a_folder_not_the_beginning_of_a_name(objects: Objects) -> None:
    objects.put("ab/x", b"", "test")
    assert objects.list("a") == []
    assert [info.key for info in objects.list("")] == ["ab/x"]


def test_an_absent_lake_is_empty_and_reading_makes_no_folder(objects: Objects) -> None:
    assert objects.list("bronze") == []
    assert objects.get_or_none("x") is None
    assert not objects.exists("x")
    objects.delete(["x"], "test")
    assert not Path(objects.root).exists()
    with pytest.raises(StorageError, match="no such object"):
        objects.get("x")


def test_create_only_keeps_what_is_there(objects: Objects) -> None:
    objects.put_new("x", b"first", "test")
    with pytest.raises(AlreadyExistsError) as caught:
        objects.put_new("x", b"second", "test")
    assert objects.url("x") in str(caught.value)
    assert objects.get("x") == b"first"


def test_of_many_writers_one_creates(objects: Objects) -> None:
    def write(number: int) -> int | None:
        try:
            objects.put_new("x", b"%d" % number, "test")
        except AlreadyExistsError:
            return None
        return number

    with ThreadPoolExecutor(8) as pool:
        winners = [number for number in pool.map(write, range(40)) if number is not None]
    assert objects.get("x") == b"%d" % winners[0]
    assert len(winners) == 1


def test_delete(objects: Objects) -> None:
    objects.put("a/x", b"", "test")
    objects.put("a/y", b"", "test")
    objects.delete(["a/nothing", "a/x"], "test")
    assert [info.key for info in objects.list("a")] == ["a/y"]
    assert objects.exists("a/y")


def test_every_write_is_a_commit_point_and_a_failed_one_never_ends(objects: Objects) -> None:
    seen: list[tuple[str, str, str]] = []
    stop = writes.observe(lambda moment, site, path: seen.append((moment, site, path)))
    objects.put_new("x", b"", "one")
    objects.put("x", b"", "two")
    objects.delete(["x"], "three")
    objects.put_new("x", b"", "four")
    with pytest.raises(AlreadyExistsError):
        objects.put_new("x", b"", "five")
    stop()
    path = objects.url("x")
    pairs = [(moment, site, path) for site in ("one", "two", "three", "four") for moment in ("before", "after")]
    assert seen == [*pairs, ("before", "five", path)]


def test_a_killed_write_leaves_no_object_and_is_no_hindrance(objects: Objects) -> None:
    objects.put("a/x", b"old", "test")
    Path(objects.url("a/x#1")).write_bytes(b"half")  # what the library leaves when it is killed before its rename
    assert [info.key for info in objects.list("a")] == ["a/x"]
    objects.put("a/x", b"new", "test")
    assert objects.get("a/x") == b"new"


def test_a_file_in_the_way(objects: Objects, tmp_path: Path) -> None:
    objects.put("a", b"", "test")
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        objects.put("a/b", b"", "test")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError) as caught:
        Objects(str(tmp_path / "file" / "lake")).put("x", b"", "test")
    assert str(tmp_path / "file" / "lake") in str(caught.value)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(28, "No space left on device"), "the disk is full"),
        (OSError(30, "Read-only file system"), "the file system is read-only"),
        (PermissionError(13, "Permission denied"), "permission denied"),
        (RuntimeError("Unable to copy data to file: No space left on device (os error 28)"), "the disk is full"),
        (RuntimeError("Error: Os { code: 30, kind: ReadOnlyFilesystem }"), "the file system is read-only"),
        (RuntimeError("Disk quota exceeded"), "the disk quota is used up"),
    ],
)
@pytest.mark.parametrize("call", ["put", "put_new", "get", "list", "delete", "exists"])
def test_faults_of_the_disk_are_said_with_the_path(
    objects: Objects, monkeypatch: pytest.MonkeyPatch, error: Exception, what: str, call: str
) -> None:
    objects.put("x", b"before", "test")

    def broken(*_: Any, **__: Any) -> None:
        raise error

    calls: dict[str, tuple[str, tuple[Any, ...]]] = {
        "put": ("put", ("x", b"after", "test")),
        "put_new": ("put", ("y", b"after", "test")),
        "get": ("get", ("x",)),
        "list": ("list", ("",)),
        "delete": ("delete", (["x"], "test")),
        "exists": ("head", ("x",)),
    }
    function, arguments = calls[call]
    with monkeypatch.context() as patch:
        patch.setattr(f"obstore.{function}", broken)
        with pytest.raises(StorageError, match=what) as caught:
            getattr(objects, call)(*arguments)
    assert objects.root in str(caught.value)
    assert caught.value.fix
    assert [(info.key, objects.get(info.key)) for info in objects.list("")] == [("x", b"before")]


def test_a_full_device(objects: Objects) -> None:
    """The real fault: a name that is a link to /dev/full takes no byte."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(OSError, match="No space left") as caught, Path("/dev/full").open("wb", buffering=0) as full:
        full.write(b"x")
    assert fault(caught.value) is not None
    assert "the disk is full" in str(storage_error(caught.value, "lake/x", "write"))


def test_a_read_only_folder(objects: Objects) -> None:
    objects.put("a/x", b"old", "test")
    folder = Path(objects.url("a"))
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write anywhere")
        with pytest.raises(StorageError, match="permission denied"):
            objects.put("a/y", b"", "test")
        assert [info.key for info in objects.list("a")] == ["a/x"]
    finally:
        folder.chmod(stat.S_IRWXU)


def test_an_unknown_fault_keeps_its_words() -> None:
    error = storage_error(RuntimeError("the bucket is asleep\n\nDebug source: ..."), "s3://b/x", "read")
    assert error.what == "cannot read: the bucket is asleep"
    assert fault(RuntimeError("the bucket is asleep")) is None


def test_a_url_is_opened_with_its_options_and_no_network() -> None:
    options = {"aws_region": "eu-central-1", "aws_access_key_id": "k", "aws_secret_access_key": "s"}
    bucket = Objects("s3://bucket/prefix/", {**options, "allow_http": "true"})
    assert not bucket.is_local
    assert bucket.url("bronze/x") == "s3://bucket/prefix/bronze/x"
    assert bucket.table_options["allow_http"] == "true"
    assert "bucket" in repr(bucket._store)


def test_a_wrong_option_of_a_bucket_is_an_error_of_ours() -> None:
    with pytest.raises(MirrorlakeError):
        Objects("s3://bucket", {"no_such_option": "x"}).get("x")
