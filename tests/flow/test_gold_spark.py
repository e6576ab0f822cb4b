"""Gold built by Spark: in turn with other engines, and after its driver died between its files and its commit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from gold_world import GoldWorld, at
from pyspark.sql import SparkSession

from lake.engines.spark_session import SparkSettings
from lake.gold import latest_snapshot

pytestmark = [pytest.mark.spark, pytest.mark.slow, pytest.mark.timeout(600)]
# Builds the lake of argument 1; says first which process its Java machine is.
BUILDS = """
import sys
from lake.contract.load import load_contracts
from lake.engines import engine, spark_session
from lake.gold import build
from lake.storage.objects import Objects
from lake.transforms import discover
folder, *jars = sys.argv[1:]
made = engine("spark", master="local[2]", jars=tuple(jars), memory="1g")
print(spark_session.session(made.settings).sparkContext._gateway.proc.pid, flush=True)
build(Objects(folder), load_contracts(), discover(), made)
"""


def observe(world: GoldWorld, place: str, first: datetime, days: int, value: float) -> None:
    world.add(place, first, hours=24 * days, precipitation_mm=value, wind_speed_kmh=value * 2)
    world.write()


@pytest.fixture
def world(tmp_path: Path) -> GoldWorld:
    made = GoldWorld(tmp_path / "lake")
    made.arrive("jfk", "lga")
    observe(made, "jfk", at("2013-06-20"), 14, 0.2)
    return made


def test_engines_take_turns_on_one_lake(spark: SparkSession, world: GoldWorld, tmp_path: Path) -> None:
    first = world.build("spark", run_id="one")
    assert first.number == 1
    assert first.tables["weather_hourly"].rows_out == 24 * 14
    observe(world, "lga", at("2013-07-02"), 3, 0.7)
    world.build("polars")
    observe(world, "jfk", at("2013-07-03 12:00"), 1, 1.1)
    third = world.build("spark")
    assert third.tables["weather_hourly"].changed_partitions == {at("2013-07-01").date()}
    assert third.tables["dim_location"].unchanged
    assert world.build("spark").unchanged
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}


def killed_while_it_writes(world: GoldWorld, table: str, jars: tuple[str, ...]) -> bool:
    """Start a build and kill its driver, Python and Java, when ``table`` has a new file; whether before its commit."""
    folder = Path(world.table(table).url)
    before = {path.name for path in folder.rglob("*.parquet")}
    version = world.table(table).version()
    scratch = Path(world.objects.root).parent / "scratch"  # the killed leave theirs behind
    scratch.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-c", BUILDS, str(world.objects.root), *jars],
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    assert process.stdout is not None
    machine = int(process.stdout.readline())
    until = time.monotonic() + 120
    while {path.name for path in folder.rglob("*.parquet")} <= before:
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.002)
    os.kill(machine, signal.SIGKILL)
    process.kill()
    process.wait()
    process.stdout.close()
    return world.table(table).version() == version


def test_a_driver_killed_between_files_and_commit(
    spark: SparkSession, spark_settings: SparkSettings, world: GoldWorld, tmp_path: Path
) -> None:
    first = world.build("polars")
    readers = {name: world.rows(name, made.version) for name, made in first.tables.items()}
    for day in range(5):  # a commit follows its files by a blink; who comes too late tries the next change
        observe(world, "jfk", at("2013-07-04") + timedelta(days=day), 1, 0.3 + day)
        if killed_while_it_writes(world, "weather_hourly", spark_settings.jars):
            break
    else:
        pytest.fail("every commit was quicker than the kill")
    snapshot = latest_snapshot(world.objects)
    assert snapshot is not None
    assert snapshot.number == first.number
    assert all(readers[name].equals(world.rows(name, version)) for name, version in snapshot.tables.items())
    assert not world.build("spark").unchanged
    assert world.unequal(world.afresh(tmp_path / "afresh")) == {}
