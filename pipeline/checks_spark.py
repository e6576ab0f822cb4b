"""What `mirrorlake doctor` finds out about Spark: PySpark, the Java that it runs on, the jars that it needs besides.

Each finding is a tuple in the order of ``pipeline.checks.Check``: name, verdict, detail, fix.
"""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from lake.errors import MirrorlakeError

Found = tuple[str, Literal["ok", "warning", "failed"], str, str]
FIX = "just rehearse status sets PySpark and Java up; elsewhere: pip install 'mirrorlake[spark]', and Java 17"
JAVAS = ("8", "11", "17")  # https://spark.apache.org/docs/3.5.6/#downloading
JAVA_SECONDS = 20


def pyspark_and_java() -> Iterator[Found]:
    """Whether both are there, and fit each other."""
    from lake.engines.spark_java import java

    try:
        yield "pyspark", "ok", importlib.metadata.version("pyspark"), ""
    except importlib.metadata.PackageNotFoundError:
        yield "pyspark", "failed", "not installed", FIX
    try:
        yield _version(java())
    except (MirrorlakeError, OSError, subprocess.SubprocessError) as error:
        yield "java", "failed", error.what if isinstance(error, MirrorlakeError) else str(error), FIX


def _version(java: Path) -> Found:
    done = subprocess.run(  # noqa: S603 (the path is ours)
        [java, "-version"], capture_output=True, text=True, timeout=JAVA_SECONDS, check=False
    )
    told = re.search(r'version "(?:1\.)?((\d+)[^"]*)"', done.stderr + done.stdout)
    if told is None:
        return "java", "failed", f"{java} does not say its version", FIX
    if told[2] not in JAVAS:
        return "java", "warning", f"{told[1]} at {java}", f"Spark 3.5 is made for Java {', '.join(JAVAS)}; take 17"
    return "java", "ok", f"{told[1]} at {java}", ""


def jars_of_spark(folder: Path, root: Path, *, can_use_ivy: bool) -> Found:
    """Whether the jars lie in ``folder``, and else whether Maven, or Ivy (PySpark and Java), can fetch them."""
    from pipeline.jars import hashes

    wanted = hashes(root)
    there = sum((folder / name).is_file() for name in wanted)
    detail = f"{there} of {len(wanted)} in {folder}"
    if there == len(wanted):
        return "jars of Spark", "ok", detail, ""
    if can_use_ivy or shutil.which("mvn"):
        return "jars of Spark", "ok", f"{detail}; they are fetched when they are needed (run, deploy)", ""
    return "jars of Spark", "failed", f"{detail}, and nothing here can fetch them", f"install Maven; or {FIX}"
