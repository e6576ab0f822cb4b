"""What `mirrorlake doctor` finds out about this machine: each check says what it saw and, if it is bad, what helps."""

from __future__ import annotations

import importlib
import importlib.metadata
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lake.errors import MirrorlakeError
from pipeline.secret import mask
from pipeline.settings.model import REHEARSAL

if TYPE_CHECKING:
    from pipeline.settings import Settings

Verdict = Literal["ok", "warning", "failed"]
PYTHON = (3, 11)
FREE_BYTES_NEEDED = 200 * 1024**2
FREE_BYTES_COMFORTABLE = 2 * 1024**3
POSTGRES_SECONDS = 3
LINES_SHOWN = 8
# The extra without which a chosen backend cannot work.
EXTRA_OF = {
    ("staging", "postgres"): "postgres",
    ("warehouse", "snowflake"): "snowflake",
    ("engine", "spark here"): "spark",
    ("job", REHEARSAL): "spark",  # what stands in for Glue and EMR runs the job on this machine
    ("gold", "glue"): "aws",
    ("gold", "emr-serverless"): "aws",
    ("secrets", "by name"): "aws",
}
ALWAYS = ("places", "dbt", "quality")  # what `mirrorlake run` itself uses


@dataclass(frozen=True)
class Check:
    """One finding; ``fix`` says what to do unless all is well."""

    name: str
    verdict: Verdict
    detail: str
    fix: str = ""


def run_checks(settings: Settings) -> list[Check]:
    """All checks, in order. A check that raises an error of ours has failed with it."""
    checks: list[tuple[str, Callable[[Settings], Iterator[Check]]]] = [
        ("python", _python),
        ("packages", _packages),
        ("engines", _engines),
        ("spark", _spark),
        ("disk", _disk),
        ("data folder", _data_folder),
        ("profile", _profile),
        ("contracts", _contracts),
        ("recordings", _recordings),
        ("postgres", _postgres),
        ("lease", _lease),
    ]
    return [finding for name, check in checks for finding in _guarded(name, check, settings)]


def _guarded(name: str, check: Callable[[Settings], Iterator[Check]], settings: Settings) -> list[Check]:
    try:
        return list(check(settings))
    except MirrorlakeError as error:
        return [_failure(name, error)]


def _failure(name: str, error: MirrorlakeError) -> Check:
    """An error as a finding: its first lines, because some list every fault of every file."""
    first, *more = error.what.splitlines()
    shown = [line.strip() for line in more[:LINES_SHOWN]]
    if len(more) > LINES_SHOWN:
        shown.append(f"and {len(more) - LINES_SHOWN} lines more")
    where = f" ({error.where})" if error.where else ""
    return Check(name, "failed", mask("\n".join([first.removesuffix(":") + where, *shown])), mask(error.fix or ""))


def _python(_settings: Settings) -> Iterator[Check]:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, PYTHON))
    fits = sys.version_info[:2] == PYTHON
    yield Check(
        "python", "ok" if fits else "failed", f"{found} at {sys.prefix}", "" if fits else f"use Python {wanted}"
    )


def _packages(settings: Settings) -> Iterator[Check]:
    """Every requirement of ours against what is installed; extras only where something needs them."""
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError:
        yield Check("packages", "warning", "not compared: packaging is not installed", "pip install packaging")
        return
    needed = {*ALWAYS, *(extra for chosen, extra in EXTRA_OF.items() if chosen in _chosen(settings))}
    wrong, right = [], 0
    for text in importlib.metadata.requires("mirrorlake") or []:
        requirement = Requirement(text)
        if requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in ("", *needed)):
            continue
        found = _version(requirement.name)
        if found is None or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name}{requirement.specifier} (found: {found or 'nothing'})")
        else:
            right += 1
    if wrong:
        fix = (
            "just rehearse status sets up what the cloud's environments need"
            if needed & {"aws", "spark"}
            else "just setup"
        )
        yield Check("packages", "failed", "; ".join(wrong), fix)
    else:
        yield Check("packages", "ok", f"{right} requirements met; extras {', '.join(sorted(needed))}")


def _chosen(settings: Settings) -> set[tuple[str, str]]:
    gold = settings.gold
    by_name = any(shown.startswith("secret:") for shown, _ in settings.origins.values())
    return {
        ("staging", settings.staging.backend),
        ("warehouse", settings.warehouse.backend),
        ("engine", f"{gold.engine} {gold.runs_on}"),
        ("gold", gold.runs_on),
        ("job", "here" if gold.runs_on == "here" else settings.env),
        ("secrets", "by name" if by_name else "given"),
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _engines(_settings: Settings) -> Iterator[Check]:
    for name in ("polars", "duckdb", "deltalake", "obstore"):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            yield Check(name, "failed", f"cannot be imported: {error}", "just setup")
        else:
            yield Check(name, "ok", f"imports, version {_version(name)}")


def _spark(settings: Settings) -> Iterator[Check]:
    """Where gold is built by Spark: PySpark and Java if that is on this machine, and the jars (deploy takes them)."""
    from pipeline import checks_spark

    if settings.gold.engine != "spark":
        return
    found = [Check(*each) for each in checks_spark.pyspark_and_java()]
    if {("engine", "spark here"), ("job", REHEARSAL)} & _chosen(settings):
        yield from found
    usable = all(each.verdict != "failed" for each in found)
    yield Check(*checks_spark.jars_of_spark(settings.spark.jars, settings.root, can_use_ivy=usable))


def _disk(settings: Settings) -> Iterator[Check]:
    folder = _nearest(settings.data)
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1024**3:,.1f} GiB free at {folder}"
    if free < FREE_BYTES_NEEDED:
        yield Check("disk", "failed", detail, "free some space, or point MIRRORLAKE_DATA to another disk")
    elif free < FREE_BYTES_COMFORTABLE:
        yield Check("disk", "warning", detail, "enough for the demonstration's year, not for much more")
    else:
        yield Check("disk", "ok", detail)


def _data_folder(settings: Settings) -> Iterator[Check]:
    folder = _nearest(settings.data)
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"mirrorlake")
    except OSError as error:
        detail = f"cannot write to {folder}: {error.strerror}"
        yield Check("data folder", "failed", detail, "check its rights, or set MIRRORLAKE_DATA")
    else:
        yield Check("data folder", "ok", f"{settings.data} can be written")


def _nearest(path: Path) -> Path:
    """``path``, or the nearest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _profile(settings: Settings) -> Iterator[Check]:
    settings.require_supported()
    yield Check("profile", "ok", f"{settings.env} is complete")


def _contracts(_settings: Settings) -> Iterator[Check]:
    from lake.contract.load import load_contracts

    yield Check("contracts", "ok", f"{len(load_contracts())} contracts read")


def _recordings(settings: Settings) -> Iterator[Check]:
    from pipeline.sources import source, sources

    for name in sources():
        opened = source(name, settings)
        if opened.live:
            continue
        recorded = opened.recorded
        if recorded:
            yield Check(f"recordings of {name}", "ok", recorded)
        else:
            detail = f"none in {settings.samples / name}"
            yield Check(f"recordings of {name}", "failed", detail, "restore samples/, or run with --live")


def _postgres(settings: Settings) -> Iterator[Check]:
    url = settings.staging.url
    if url is None or url.is_reference:
        return
    try:
        import psycopg
    except ImportError:
        yield Check("postgres", "failed", "its driver is not installed", "pip install 'mirrorlake[postgres]'")
        return
    try:
        with psycopg.connect(url.reveal(), connect_timeout=POSTGRES_SECONDS) as connection:
            version = connection.info.server_version // 10_000
        yield Check("postgres", "ok", f"version {version} answers at {url.shown()}")
    except psycopg.Error as error:
        reason = mask(" ".join(str(error).split()))
        yield Check("postgres", "failed", f"{url.shown()}: {reason}", "start it, or check MIRRORLAKE_STAGING_URL")


def _lease(settings: Settings) -> Iterator[Check]:
    if "://" in settings.lake.root and (settings.lacks_standins or settings.missing()):
        return  # the profile's check has said so
    from pipeline.lease import describe
    from pipeline.workspace import Workspace

    yield Check("lease", "ok", describe(Workspace(settings).objects))
