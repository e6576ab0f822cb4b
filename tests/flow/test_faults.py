"""What may go wrong with files and databases: each is said clearly or heals by itself; the next run is whole again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
from fault_world import RUN, Base, base, process

from lake import writes
from lake.errors import StorageError
from tests.drill.content import current

if TYPE_CHECKING:
    from tests.conftest import Outcome, RunCli

__all__ = ["base"]
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(flush=True); input()"
GARBAGE = b"\x00{garbage\xff" * 50
OBSERVATIONS = "lake/silver/weather_observations"


def said_well(outcome: Outcome, *words: str) -> None:
    """A failure in our words: exit code 1, what and where, no traceback."""
    assert outcome.exit_code == 1, outcome.text
    assert "Traceback" not in outcome.text
    for word in words:
        assert word in outcome.text, (word, outcome.text)


def one(data: Path, pattern: str) -> Path:
    return sorted(data.glob(pattern))[0]


def garbage(pattern: str) -> Callable[[Path], Path]:
    def damage(data: Path) -> Path:
        path = one(data, pattern)
        path.write_bytes(GARBAGE)
        return path

    return damage


def truncated(pattern: str) -> Callable[[Path], Path]:
    def damage(data: Path) -> Path:
        path = one(data, pattern)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return path

    return damage


def gone(pattern: str) -> Callable[[Path], Path]:
    def damage(data: Path) -> Path:
        path = one(data, pattern)
        path.unlink()
        return path

    return damage


# What is damaged; whether a plain run heals it; else what the message says, and what a user would type then.
HEALS = {
    "fingerprint": garbage("lake/_state/fingerprints/silver.json"),
    "every fingerprint": lambda data: [path.write_bytes(GARBAGE) for path in data.glob("lake/_state/fingerprints/*")],
    "staging is garbage": garbage("staging/*.duckdb"),
    "staging is cut short": truncated("staging/*.duckdb"),
    "staging is gone": gone("staging/*.duckdb"),
    "staging's pointer is garbage": garbage("staging/current.json"),
    "staging's pointer climbs": lambda data: (data / "staging/current.json").write_text('{"file": "../../x.duckdb"}'),
    "warehouse is garbage": garbage("warehouse/warehouse.duckdb"),
    "warehouse is empty": lambda data: (data / "warehouse/warehouse.duckdb").write_bytes(b"x"),
    "warehouse is cut short": truncated("warehouse/warehouse.duckdb"),
    "warehouse is gone": gone("warehouse/warehouse.duckdb"),
    "warehouse's log is garbage": lambda data: (data / "warehouse/warehouse.duckdb.wal").write_bytes(GARBAGE),
}


@pytest.mark.parametrize("name", HEALS)
def test_the_next_run_heals(base: Base, project: Path, run_cli: RunCli, name: str) -> None:
    base.into(project)
    HEALS[name](project)

    healed = run_cli(*RUN)

    assert healed.exit_code == 0, healed.text
    assert base.differs_from(project) == []
    again = run_cli(*RUN)
    assert "verdict: unchanged" in again.out, again.text


REBUILD = ("rebuild", "--from", "bronze")
FORCE = (*RUN, "--force")
SAID = {
    "data file of silver is garbage": (garbage(f"{OBSERVATIONS}/*/*.parquet"), [REBUILD, RUN]),
    "data file of silver is cut short": (truncated(f"{OBSERVATIONS}/*/*.parquet"), [REBUILD, RUN]),
    "data file of silver is gone": (gone(f"{OBSERVATIONS}/*/*.parquet"), [REBUILD, RUN]),
    "log of silver is garbage": (garbage(f"{OBSERVATIONS}/_delta_log/*.json"), [REBUILD, RUN]),
    "log of silver is cut short": (truncated(f"{OBSERVATIONS}/_delta_log/*.json"), [REBUILD, RUN]),
    "data file of gold is garbage": (garbage("lake/gold/weather_hourly/*/*.parquet"), [FORCE]),
    "data file of gold is gone": (gone("lake/gold/dim_date/*.parquet"), [FORCE]),
    "log of gold is garbage": (garbage("lake/gold/weather_daily/_delta_log/*.json"), [FORCE]),
    "ledger is garbage": (garbage("lake/_state/silver/weather_observations.json"), [REBUILD, RUN]),
    "ledger is another thing": (
        lambda data: one(data, "lake/_state/silver/weather_o*").write_text('{"loads": 3}'),
        [REBUILD, RUN],
    ),
    "manifest is garbage": (garbage("lake/bronze/**/manifest.json"), None),
    "page of bronze is cut short": (truncated("lake/bronze/**/raw.json"), None),
    "page of bronze is gone": (gone("lake/bronze/**/raw.json"), None),
    "lease is garbage": (garbage("lake/_state/lease.json"), None),
    "snapshot is garbage": (garbage("lake/_state/gold/00000001.json"), None),
}


@pytest.mark.parametrize("name", SAID)
def test_a_damaged_file_of_the_lake_is_said_and_what_to_do_does_it(
    base: Base, project: Path, run_cli: RunCli, name: str
) -> None:
    damage, mending = SAID[name]
    base.into(project)
    kept = shutil.copytree(project, project.with_name("kept"))
    path = damage(project)

    failed = run_cli(*RUN, "--force")

    if failed.exit_code == 0:  # what is written anew anyway needs no mending
        assert base.differs_from(project) == []
        return
    said_well(failed, "what to do: ")
    if isinstance(path, Path):
        place = path.relative_to(project)
        parts = [str(place), *map(str, place.parents)][:4]  # the file, or the table that it is of
        assert any(part in failed.text for part in parts if part not in (".", "lake")), failed.text
    if mending is None:  # only a copy, or the user's hand, brings it back
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(kept / path.relative_to(project), path)
        mending = [RUN]
    for command in mending:
        mended = run_cli(*command)
        assert mended.exit_code == 0, (command, failed.text, mended.text)
    assert base.differs_from(project) == []


def test_a_damaged_load_leaves_the_others_and_what_stood(base: Base, project: Path, run_cli: RunCli) -> None:
    """One page of bronze is damaged before silver takes it in: that load is named and left out, the rest lands."""
    ingested = run_cli("run", *RUN[1:9], "--job", "ingest")
    assert ingested.exit_code == 0, ingested.text
    page = one(project, "lake/bronze/**/raw.json")
    whole = page.read_bytes()
    page.write_bytes(whole[:100])

    left_out = run_cli(*RUN)
    page.write_bytes(whole)
    replayed = run_cli("quarantine", "replay")
    mended = run_cli(*RUN)

    said_well(left_out, str(page.parent.relative_to(project / "lake")), "left out", "sha256")
    assert replayed.exit_code == 0, replayed.text
    assert mended.exit_code == 0, mended.text
    assert base.differs_from(project) == []


def test_a_database_that_another_process_holds(base: Base, project: Path, run_cli: RunCli) -> None:
    base.into(project)
    warehouse = project / "warehouse/warehouse.duckdb"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(flush=True); input()",
            warehouse,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        refused = run_cli(*RUN, "--force")
    finally:
        holder.communicate(b"\n", timeout=30)
    said_well(refused, str(warehouse), f"process {holder.pid}", "what to do: ")
    assert run_cli(*RUN).exit_code == 0
    assert base.differs_from(project) == []


SITES = (
    "bronze.page", "bronze.manifest", "silver.merge", "silver.ledger", "gold.table", "gold.snapshot", "staging.file",
    "staging.pointer", "load.define", "load.commit", "fingerprint", "audit.record",
)  # fmt: skip


@pytest.mark.parametrize("site", SITES)
def test_a_write_that_fails_leaves_nothing_half_done(base: Base, project: Path, run_cli: RunCli, site: str) -> None:
    failures = []

    def fail(moment: str, where: str, path: str) -> None:
        if (moment, where) == ("before", site) and len(failures) < 2:
            failures.append(path)
            raise StorageError("cannot write: the disk is full", where=path, fix="free some space, then repeat")

    stop = writes.observe(fail)
    failed = run_cli(*RUN)
    stop()

    assert failures
    said_well(failed, "the disk is full")
    assert any(path in failed.text for path in failures)
    assert run_cli(*RUN).exit_code == 0
    assert base.differs_from(project) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, which the test makes larger."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted by this user")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_is_said_at_every_stage_and_the_run_resumes(base: Base, small_disk: Path) -> None:
    data = small_disk / "data"
    ended = []
    for size in ("64k", "160k", "256k", "512k", "1m", "2m", "3m", "5m", "8m", "100m"):
        subprocess.run(["mount", "-o", f"remount,size={size}", small_disk], check=True)
        ran = process(data, *RUN)
        said = ran.stdout + ran.stderr
        assert "Traceback" not in said, (size, said)
        ended.append(ran.returncode)
        if ran.returncode == 0:
            break
        assert ran.returncode == 1
        assert "full" in said or "space" in said.lower(), (size, said)
        assert str(data) in said
    assert ended[-1] == 0
    assert len(ended) > 4
    assert base.differs_from(data) == []


def unprivileged() -> tuple[str, ...]:
    """What takes root's right to write everywhere from a process; nothing is needed for others."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to give that up")
    return ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")


def read_only(folder: Path, mode: int) -> None:
    for path in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        path.chmod(mode)


@pytest.mark.parametrize("part", ["", "lake/gold", "lake/_state", "staging", "warehouse"])
def test_a_folder_that_is_read_only(base: Base, project: Path, part: str) -> None:
    base.into(project)
    before = unprivileged()
    read_only(project / part, 0o555)
    if part == "warehouse":
        (project / "warehouse/warehouse.duckdb").chmod(0o444)
    try:
        refused = process(project, *RUN, "--force", before=before)
        told = process(project, "show", "weather_observations", before=before)
        asked = process(project, "sql", "select count(*) from weather_hourly", before=before)
    finally:
        read_only(project / part, 0o755)
        (project / "warehouse/warehouse.duckdb").chmod(0o644)
    said = refused.stdout + refused.stderr
    assert "Traceback" not in said
    assert refused.returncode == 1, said
    assert "what to do: " in said
    assert str(project / part) in said
    assert (told.returncode, asked.returncode) == (0, 0), told.stderr + asked.stderr
    assert process(project, *RUN).returncode == 0
    assert base.differs_from(project) == []


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    refused = process(tmp_path / "file" / "data", *RUN)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stdout + refused.stderr
    assert str(tmp_path / "file") in refused.stdout + refused.stderr


def test_published_file_and_pointer(base: Base, project: Path, run_cli: RunCli) -> None:
    """A damaged publication is said to who reads it, and the next publish makes it anew."""
    from pipeline.settings import load_settings
    from warehouse.publish import publish

    base.into(project)
    settings = load_settings()
    with duckdb.connect(str(settings.warehouse.path)) as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.execute("CREATE TABLE marts.mart_small AS SELECT 1 AS n")
    publish(settings.warehouse.path, project / "published", "run-1")
    file = current(project / "published")
    assert file is not None
    assert json.loads(run_cli("sql", "--json", "select n from mart_small").out) == [{"n": 1}]
    file.write_bytes(GARBAGE)
    said_well(run_cli("sql", "select n from mart_small"), str(file), "damaged", "what to do: ")
    said_well(run_cli("sql"), str(file), "damaged")
    (project / "published/current.json").write_bytes(GARBAGE)
    said_well(run_cli("sql", "select n from mart_small"), "current.json", "what to do: ")
    publish(settings.warehouse.path, project / "published", "run-2")
    assert run_cli("sql", "select n from mart_small").exit_code == 0
