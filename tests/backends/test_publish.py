"""Publishing: all marts in one step, readers undisturbed, and a crash anywhere leaves the old or the new."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from lake import writes
from lake.errors import DamagedError, StorageError, UsageError, WarehouseError
from warehouse import pointer
from warehouse.publish import open_published, publish, published_path

MARTS = ("mart_a", "mart_b", "mart_c")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    build(path, 1)
    return path


def build(path: Path, generation: int, rows: int = 50) -> None:
    """What dbt does: marts of one generation, one of them a view into another schema by the database's name."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS marts; CREATE SCHEMA IF NOT EXISTS intermediate")
        for name in MARTS[:2]:
            connection.execute(
                f"CREATE OR REPLACE TABLE marts.{name} AS SELECT {generation} AS generation, i FROM range({rows}) t(i)"
            )
        connection.execute(f"CREATE OR REPLACE TABLE intermediate.base AS SELECT {generation} AS generation")
        connection.execute("CREATE OR REPLACE VIEW marts.mart_c AS FROM warehouse.intermediate.base")


def _generations(folder: Path) -> set[int]:
    with open_published(folder) as connection:
        union = " UNION ".join(f"SELECT generation FROM {name}" for name in MARTS)
        return {row[0] for row in connection.execute(union).fetchall()}


def test_every_mart_becomes_a_table(warehouse: Path, folder: Path) -> None:
    assert published_path(folder) is None
    result = publish(warehouse, folder, "run-1", code_version="abc", stale=["ingest x: down"])
    assert result.tables == {"mart_a": 50, "mart_b": 50, "mart_c": 1}
    assert result.path == folder / "run-1.duckdb" == published_path(folder)
    assert result.snapshot is None
    with duckdb.connect(str(result.path), read_only=True) as connection:
        kinds = connection.execute(
            "SELECT table_schema, table_name, table_type FROM information_schema.tables ORDER BY 1, 2"
        ).fetchall()
    assert kinds == [
        ("main", "_publication", "BASE TABLE"),
        *(("marts", name, "BASE TABLE") for name in MARTS),
    ]
    with open_published(folder) as connection:
        said = connection.execute("SELECT run_id, code_version, stale, published_at FROM _publication").fetchall()
    assert said[0][:3] == ("run-1", "abc", ["ingest x: down"])
    assert said[0][3].isoformat() == str((pointer.details(folder) or {})["published_at"])


def test_the_snapshot_that_was_loaded_is_told(warehouse: Path, folder: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw._load_history (entry BIGINT, snapshot_number BIGINT)")
        connection.execute("INSERT INTO raw._load_history VALUES (1, NULL), (2, 7), (3, 8)")
    assert publish(warehouse, folder, "run-1").snapshot == 8


def test_the_newest_snapshot_counts_where_the_lake_was_made_anew(warehouse: Path, folder: Path) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA raw; CREATE TABLE raw._load_history (entry BIGINT, snapshot_number BIGINT)")
        connection.execute("INSERT INTO raw._load_history VALUES (1, 7), (2, 1), (3, NULL)")
    assert publish(warehouse, folder, "run-1").snapshot == 1


def test_two_files_are_kept_and_names_are_never_used_twice(warehouse: Path, folder: Path) -> None:
    paths = [publish(warehouse, folder, run_id).path.name for run_id in ("a", "b", "b", "b", "c")]
    assert paths == ["a.duckdb", "b.duckdb", "b-2.duckdb", "b-3.duckdb", "c.duckdb"]
    kept = {path.name for path in folder.iterdir()}
    assert kept == {paths[-1], paths[-2], "current.json"}
    publish(warehouse, folder, "d", keep=4)
    publish(warehouse, folder, "e", keep=4)
    assert {path.name for path in folder.glob("*.duckdb")} == {paths[-2], paths[-1], "d.duckdb", "e.duckdb"}


def test_an_open_reader_goes_on_with_the_publication_that_it_opened(warehouse: Path, folder: Path) -> None:
    publish(warehouse, folder, "run-1")
    with open_published(folder) as old:
        for generation in (2, 3, 4):
            build(warehouse, generation)
            publish(warehouse, folder, f"run-{generation}")
            assert _generations(folder) == {generation}
        assert old.execute("SELECT count(*), max(generation) FROM mart_b").fetchall() == [(50, 1)]


READER = """
import sys, time
from pathlib import Path
from warehouse.publish import open_published
folder, stop, seen = Path(sys.argv[1]), Path(sys.argv[2]), []
print("reading", flush=True)
while not stop.exists():
    with open_published(folder) as connection:
        found = set()
        for name in ("mart_a", "mart_b", "mart_c"):
            found |= {row[0] for row in connection.execute(f"SELECT DISTINCT generation FROM {name}").fetchall()}
            time.sleep(0.001)
    assert len(found) == 1, f"a mix: {found}"
    seen.append(found.pop())
assert seen == sorted(seen), "older after newer"
print(len(seen), len(set(seen)), flush=True)
"""


def test_no_reader_ever_fails_or_sees_a_mix(warehouse: Path, folder: Path, tmp_path: Path) -> None:
    publish(warehouse, folder, "run-1")
    stop = tmp_path / "stop"
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(folder), str(stop)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "reading\n"
        for generation in range(2, 14):
            build(warehouse, generation)
            publish(warehouse, folder, f"run-{generation}")
        time.sleep(0.1)
    finally:
        stop.touch()
        ended = [reader.communicate(timeout=60) for reader in readers]
    for reader, (out, err) in zip(readers, ended, strict=True):
        assert reader.returncode == 0, err
        queries, generations = map(int, out.split())
        assert queries >= generations > 2


@pytest.mark.parametrize("site", ["publish.file", "publish.pointer"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_leaves_the_old_or_the_new(warehouse: Path, folder: Path, site: str, moment: writes.Moment) -> None:
    publish(warehouse, folder, "run-1")
    build(warehouse, 2)

    def stop(when: writes.Moment, at: str, _path: str) -> None:
        if (when, at) == (moment, site):
            raise KeyboardInterrupt

    unobserve = writes.observe(stop)
    with pytest.raises(KeyboardInterrupt):
        publish(warehouse, folder, "run-2")
    unobserve()
    assert _generations(folder) == ({2} if (moment, site) == ("after", "publish.pointer") else {1})
    publish(warehouse, folder, "run-2")
    assert _generations(folder) == {2}
    publish(warehouse, folder, "run-3")
    assert len(list(folder.iterdir())) == 3, "nothing of the crash is left"


def test_what_a_killed_process_left_is_removed(warehouse: Path, folder: Path) -> None:
    folder.mkdir()
    for name in (".run-0.duckdb.building", ".run-0.duckdb.building.wal", ".current.json.4711", "orphan.duckdb"):
        (folder / name).write_bytes(b"half")
    (folder / "notes.txt").write_text("not ours")
    publish(warehouse, folder, "run-1")
    assert {path.name for path in folder.iterdir()} == {"run-1.duckdb", "current.json", "notes.txt"}


def test_published_can_do_nothing_but_read(warehouse: Path, folder: Path) -> None:
    publish(warehouse, folder, "run-1")
    with open_published(folder) as connection:
        for hostile in (
            "DELETE FROM mart_a", "CREATE TABLE published.main.x (i INT)", "SET enable_external_access = true",
            "SET memory_limit = '1GB'",
            "COPY mart_a TO '/tmp/x.csv'", "ATTACH ':memory:' AS other; ATTACH '/tmp/other.duckdb'",
            "SELECT * FROM read_text('/etc/hostname')",
        ):  # fmt: skip
            with pytest.raises(duckdb.Error):
                connection.execute(hostile)


def test_without_marts_nothing_is_published(tmp_path: Path, warehouse: Path, folder: Path) -> None:
    publish(warehouse, folder, "run-1")
    empty = tmp_path / "empty.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(WarehouseError, match="no table in schema 'marts'"):
        publish(empty, folder, "run-2")
    with pytest.raises(WarehouseError, match="no warehouse to publish from"):
        publish(tmp_path / "nowhere.duckdb", folder, "run-2")
    assert published_path(folder) == folder / "run-1.duckdb"
    assert len(list(folder.iterdir())) == 2


def test_a_damaged_warehouse_is_said(warehouse: Path, folder: Path) -> None:
    warehouse.write_bytes(b"no database" * 1000)
    with pytest.raises(DamagedError) as caught:
        publish(warehouse, folder, "run-1")
    assert caught.value.where == str(warehouse)


def test_before_the_first_publication_and_with_a_broken_pointer(warehouse: Path, folder: Path) -> None:
    with pytest.raises(StorageError, match="nothing is published yet"), open_published(folder):
        pass
    assert pointer.standing(folder) is None
    publish(warehouse, folder, "run-1")
    assert pointer.standing(folder) == "run-1.duckdb"
    (folder / "run-1.duckdb").unlink()
    assert pointer.standing(folder) is None
    with pytest.raises(DamagedError, match="the published file is gone"):
        published_path(folder)
    for broken in ("", "[]", '{"file": "../x.duckdb"}', '{"other": 1}', '{"file": 3}'):
        (folder / "current.json").write_text(broken)
        with pytest.raises(DamagedError, match="the pointer to the current database is unreadable"):
            published_path(folder)
        assert pointer.standing(folder) is None
    publish(warehouse, folder, "run-2")
    assert _generations(folder) == {1}
    assert json.loads((folder / "current.json").read_text())["kept"] == ["run-2.duckdb"]


def test_a_run_id_cannot_climb_out_of_the_folder(warehouse: Path, folder: Path) -> None:
    with pytest.raises(UsageError):
        publish(warehouse, folder, "../../evil")


def test_a_folder_that_cannot_be_written(warehouse: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write the database files"):
        publish(warehouse, tmp_path / "file", "run-1")
