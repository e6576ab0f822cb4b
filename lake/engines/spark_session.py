"""One Spark session per process: how it has to be set so that its rows are those of the other engines.

On a laptop the session is made here, in a Java machine of our own; on Glue and EMR it is there already, made by
whoever submitted the job, and only gets the settings that decide about rows.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.engines import spark_java
from lake.storage.credentials import S3Credentials

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

GIVEN = "given"  # the master of a session that was made before us
HADOOP = "spark.hadoop."
# What decides about rows, on every machine.
ROWS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 would turn 9999-12-31 into 2262 for Polars
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.ansi.enabled": "true",  # overflow and bad casts are errors, as elsewhere, not wrapped numbers and nulls
    "spark.sql.sources.partitionOverwriteMode": "static",  # a full rebuild leaves no old partition
}
# What knows Delta; fixed when a session is made, so a submitted job's has to be given them (see spark_submit_options).
DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# One machine that has other things to do: nothing listens beyond it, little is split up.
LAPTOP = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
}
# An endpoint of one's own may not tell one version of an object from the next by its ETag, as S3 does.
STAND_IN = {f"{HADOOP}fs.s3a.change.detection.mode": "none"}
S3A = {f"{HADOOP}fs.s3a.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem"}
# The last one: else Java keeps a file below /tmp, whatever java.io.tmpdir says.
QUICK_START = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData")


@dataclass(frozen=True)
class SparkSettings:
    """``master``: ``local[N]``, or GIVEN. ``jars``: paths of what Spark needs for Delta and S3 (``pipeline.jars``).

    ``quick_start`` compiles little and collects garbage simply: right for minutes, wrong for hours. ``folder`` is where
    its scratch files and its log may lie (None: the system's temporary folder).
    """

    master: str = "local[*]"
    jars: tuple[str, ...] = ()
    memory: str = "2g"
    shuffle_partitions: int = 4
    quick_start: bool = True
    folder: str | None = None
    credentials: S3Credentials | None = None


_lock = threading.RLock()
_ours: list[Path] = []  # the scratch folder of the machine that was started here, while it runs
_reached: dict[str, str] = {}  # how the running machine reaches S3


def session(settings: SparkSettings) -> SparkSession:
    """The session of this process, made when there is none. Raises MissingExtraError, EngineError."""
    spark_java.spark_home()
    with _lock:
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        # PySpark knows its own running context by this name only.
        if SparkContext._active_spark_context is None and settings.master != GIVEN:
            _start(settings)
        if settings.master == GIVEN:
            os.environ.update(spark_java.packaged_java())
        spark = SparkSession.builder.getOrCreate()
        for name, value in {**ROWS, **_sizes(settings)}.items():
            spark.conf.set(name, value)
        if settings.credentials is not None:
            _reach(spark, settings.credentials)
        return spark


def stop() -> None:
    """End the session and the Java machine, if they were started here; its memory is free again."""
    with _lock:
        if not _ours:
            return
        from pyspark import SparkContext
        from pyspark.sql import SparkSession

        running: Any = SparkContext
        gateway = running._gateway
        active = SparkSession.getActiveSession() or SparkSession._instantiatedSession
        if active is not None:
            active.stop()
        spark_java.end(gateway)
        running._gateway = running._jvm = None
        _reached.clear()
        shutil.rmtree(_ours.pop(), ignore_errors=True)


def spark_submit_options(shuffle_partitions: int | None = None) -> dict[str, str]:
    """What a job that is submitted elsewhere is given as ``--conf``: a session takes it only when it is made."""
    options = {**ROWS, **DELTA}
    if shuffle_partitions is not None:
        options["spark.sql.shuffle.partitions"] = str(shuffle_partitions)
    return options


def s3a(url: str) -> str:
    """A place as Spark names it: ``s3a://`` for ``s3://``; a folder stays as it is."""
    return f"s3a://{url.removeprefix('s3://')}" if url.startswith("s3://") else url


def _sizes(settings: SparkSettings) -> dict[str, str]:
    """Into how many tasks work is split: the defaults are meant for big clusters."""
    return {
        "spark.sql.shuffle.partitions": str(settings.shuffle_partitions),
        "spark.databricks.delta.snapshotPartitions": str(min(settings.shuffle_partitions, 50)),
    }


def _start(settings: SparkSettings) -> None:
    from pyspark import SparkConf, SparkContext

    folder = Path(tempfile.mkdtemp(prefix="mirrorlake-spark-", dir=settings.folder))
    options = ["-Duser.timezone=UTC", f"-Djava.io.tmpdir={folder}", *(QUICK_START if settings.quick_start else ())]
    try:
        gateway = spark_java.start(settings.jars, folder, settings.memory, options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    _ours.append(folder)
    # A hook of ours ends the machine before Python's own shut down what it talks through.
    atexit.register(stop)
    running: Any = SparkContext
    running._gateway, running._jvm = gateway, gateway.jvm
    conf = SparkConf().setMaster(settings.master).setAppName("mirrorlake")
    told = {**ROWS, **LAPTOP, "spark.local.dir": str(folder), "spark.sql.warehouse.dir": str(folder / "warehouse")}
    if settings.jars:
        told |= DELTA
    for name, value in told.items():
        conf.set(name, value)
    try:
        SparkContext(conf=conf, gateway=gateway)
    except BaseException:
        stop()
        raise


def _reach(spark: SparkSession, credentials: S3Credentials) -> None:
    """Say how S3 is reached: to Hadoop itself, so that no key stands among Spark's settings."""
    options = {**S3A, **credentials.spark_options(), **(STAND_IN if credentials.endpoint else {})}
    if options == _reached:
        return
    context: Any = spark.sparkContext
    hadoop = context._jsc.hadoopConfiguration()
    for name in _reached.keys() - options.keys():
        hadoop.unset(name.removeprefix(HADOOP))
    for name, value in options.items():
        hadoop.set(name.removeprefix(HADOOP), value)
    if _reached:
        context._jvm.org.apache.hadoop.fs.FileSystem.closeAll()  # those that are open go on with what they were told
    _reached.clear()
    _reached.update(options)
