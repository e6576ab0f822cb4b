"""A disk that is full or cannot be written: our error with the path, nothing half-written, and the next run goes on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from star_lake import StarLake, star

from lake.errors import StorageError, WarehouseError
from warehouse.backends import backend
from warehouse.duck import translated
from warehouse.load import load
from warehouse.publish import publish
from warehouse.stage import stage

# A limit on the size of files stands for the full disk: it needs no rights, and takes the same way through DuckDB.
LIMITED = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from star_lake import StarLake
from lake.errors import MirrorlakeError
from warehouse.backends import backend
from warehouse.load import load
from warehouse.publish import publish
from warehouse.stage import stage
work = Path(sys.argv[2])
lake = StarLake(work / "lake")
snapshot = lake.snapshot()
acts = {
    "stage": lambda: stage(snapshot, lake.table, lake.contracts, backend("duckdb", folder=work / "staging"), "full"),
    "load": lambda: load(snapshot, lake.table, lake.contracts, work / "warehouse.duckdb"),
    "publish": lambda: publish(work / "build.duckdb", work / "published", "full"),
}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
try:
    acts[sys.argv[3]]()
except MirrorlakeError as error:
    print(f"{type(error).__name__}: {error}")
"""


def _limited(work: Path, act: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(Path(__file__).parent), str(work), act],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "StorageError: the disk is full" in done.stdout
    assert "free some space" in done.stdout
    return done.stdout


@pytest.fixture
def lake(tmp_path: Path) -> StarLake:
    made = StarLake(tmp_path / "lake")
    made.fill(star(days=60))
    return made


def test_staging_on_a_full_disk(lake: StarLake, tmp_path: Path) -> None:
    assert str(tmp_path / "staging") in _limited(tmp_path, "stage")
    assert list((tmp_path / "staging").iterdir()) == []
    database = backend("duckdb", folder=tmp_path / "staging")
    assert stage(lake.snapshot(), lake.table, lake.contracts, database, "run-2").tables["dim_date"] == 60


def test_loading_on_a_full_disk(lake: StarLake, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    assert str(path) in _limited(tmp_path, "load")
    result = load(lake.snapshot(), lake.table, lake.contracts, path)
    assert {name: table.rows_out for name, table in result.tables.items()} == {
        name: len(lake.rows(name)) for name in lake.contracts
    }


def test_publishing_on_a_full_disk(tmp_path: Path) -> None:
    StarLake(tmp_path / "lake").fill(star(days=1, places=1))
    with duckdb.connect(str(tmp_path / "build.duckdb")) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_x AS SELECT 1 AS i")
        connection.execute("CREATE TABLE marts.mart_y AS SELECT random() AS r FROM range(200000)")
    assert str(tmp_path / "published") in _limited(tmp_path, "publish")
    assert list((tmp_path / "published").iterdir()) == []
    assert publish(tmp_path / "build.duckdb", tmp_path / "published", "run-2").tables["mart_y"] == 200_000


@pytest.mark.parametrize(
    ("message", "kind", "where"),
    [
        ('IO Error: Could not write file "/x/y.duckdb": No space left on device', StorageError, "/x/y.duckdb"),
        ('IO Error: Cannot open file "/x/y.duckdb": Permission denied', StorageError, "/x/y.duckdb"),
        ("Binder Error: nonsense", WarehouseError, "/x/own.duckdb"),
    ],
)
def test_words_of_duckdb_and_what_they_mean(message: str, kind: type[Exception], where: str) -> None:
    error = translated(duckdb.IOException(message), Path("/x/own.duckdb"))
    assert (type(error), error.where) == (kind, where)
