"""The jars that Spark needs for Delta and S3: fetched once, verified by hash, kept in a folder.

spark/pom.xml and spark/ivy.xml name the same files with the same versions; by Maven where it is installed, else by the
Ivy that lies in the PySpark wheel. What counts is spark/jars.sha256: nothing else is ever put on Spark's path.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from lake.errors import DamagedError, StorageError
from lake.storage.faults import storage_error

FETCH_SECONDS = 300
# Glue and EMR bring Hadoop's S3 file system and AWS's library themselves; what stands in for them brings neither.
OF_THE_PLATFORM = ("hadoop-aws", "aws-java-sdk")
# Java has a trust store of its own; the system's also knows the certificates that the machine's owner added.
TRUST_STORES = ("/etc/ssl/certs/java/cacerts", "/etc/pki/java/cacerts")


def jars(folder: Path, root: Path) -> tuple[str, ...]:
    """The paths of all jars in ``folder``, in order of name; what is not there or is damaged is fetched first.

    ``root`` is the project's. Raises StorageError (cannot be fetched, cannot be written), DamagedError (another hash).
    """
    wanted = hashes(root)
    if any(digest(folder / name) != hash_ for name, hash_ in wanted.items()):
        _fetch(folder, root, wanted)
    return tuple(str(folder / name) for name in sorted(wanted))


def hashes(root: Path) -> dict[str, str]:
    """Name and SHA-256 of each jar, as the project pins them."""
    lines = (root / "spark" / "jars.sha256").read_text(encoding="utf-8").splitlines()
    return {name: hash_ for hash_, name in (line.split() for line in lines if line.strip())}


def digest(path: Path) -> str | None:
    """The SHA-256 of a file; None where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _fetch(folder: Path, root: Path, wanted: dict[str, str]) -> None:
    """Fetch all into a scratch folder, verify, then move each into place: two that fetch at once do no harm."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
    except OSError as error:
        raise storage_error(error, str(folder), "make the folder") from None
    try:
        _run(command(root / "spark", scratch), folder)
        for name, hash_ in wanted.items():
            _refuse_other(scratch / "jars" / name, hash_)
        for name in wanted:
            (scratch / "jars" / name).replace(folder / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def command(spark: Path, scratch: Path) -> list[str]:
    """What fetches the jars into ``scratch``/jars; its own cache stays in ``scratch`` too."""
    maven = shutil.which("mvn")
    if maven is not None:
        told = ["-q", "-B", "-f", str(spark / "pom.xml"), f"-Dmaven.repo.local={scratch / 'm2'}"]
        return [maven, *told, "dependency:copy-dependencies", f"-DoutputDirectory={scratch / 'jars'}"]
    from lake.engines import spark_java

    ivy = next((spark_java.spark_home() / "jars").glob("ivy-*.jar"))
    trusted = next((store for store in TRUST_STORES if Path(store).is_file()), None)
    java = [str(spark_java.java()), *([f"-Djavax.net.ssl.trustStore={trusted}"] if trusted else [])]
    place = f"{scratch}/jars/[artifact]-[revision].[ext]"
    told = [
        "-ivy",
        str(spark / "ivy.xml"),
        "-cache",
        str(scratch / "ivy"),
        "-retrieve",
        place,
        "-types",
        "jar",
        "bundle",
    ]
    return [*java, "-jar", str(ivy), *told]


def _run(words: list[str], folder: Path) -> None:
    fix = f"is the network there? Or put the files of spark/jars.sha256 into {folder} by hand"
    try:
        done = subprocess.run(  # noqa: S603 (our own words)
            words, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StorageError(f"the jars for Spark cannot be fetched: {error}", where=words[0], fix=fix) from None
    if done.returncode:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        why = next((line for line in said if "ERROR" in line or "WARN" in line), said[-1] if said else "no word")
        raise StorageError(
            f"the jars for Spark cannot be fetched: {Path(words[0]).name} said: {why.strip()[:300]}",
            where=str(folder),
            fix=fix,
        )


def _refuse_other(path: Path, wanted: str) -> None:
    found = digest(path)
    if found is None:
        raise StorageError(
            f"{path.name} was not among what was fetched", fix="are pom.xml, ivy.xml and jars.sha256 in step?"
        )
    if found != wanted:
        raise DamagedError(
            f"{path.name} is not the file that the project pins: its SHA-256 is {found}",
            where="spark/jars.sha256",
            fix="do not use it; fetch it from another repository, or find out who changed it",
        )
