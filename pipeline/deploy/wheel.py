"""The wheel of what is running here: built from the project's sources, or, where only a wheel is installed, from that.

Each gives the same bytes for the same code, so the wheel's hash is its version.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

from lake.errors import ConfigError, MissingExtraError

NAME = "mirrorlake"
EPOCH = (2020, 2, 2, 0, 0, 0)  # the time that hatchling gives to files of a wheel, too
_OWN_TO_AN_INSTALLATION = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json")


def build_wheel(root: Path, folder: Path) -> Path:
    """Write the wheel into ``folder``. ``root`` is the project's; its sources are taken if they are what runs here."""
    running = Path(__file__).resolve().parents[2]
    if running == root.resolve() and (root / "pyproject.toml").is_file():
        return _from_sources(root, folder)
    return _from_installation(folder)


def pinned_dependencies() -> list[str]:
    """The base dependencies and all that these need, at the versions installed here: ``polars==2.1.0``.

    So a job in the cloud runs on what the deploying machine was tested with.
    """
    from packaging.requirements import Requirement

    waiting = [Requirement(text) for text in metadata.requires(NAME) or []]
    pins: dict[str, str] = {}
    while waiting:
        requirement = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            continue  # for another system or Python
        if found.metadata["Name"] not in pins:
            pins[found.metadata["Name"]] = found.version
            waiting += [Requirement(text) for text in found.requires or []]
    return [f"{name}=={version}" for name, version in sorted(pins.items(), key=lambda pin: pin[0].lower())]


def _from_sources(root: Path, folder: Path) -> Path:
    """By hatchling itself, without network and without any other build tool."""
    if importlib.util.find_spec("hatchling") is None:
        raise MissingExtraError("hatchling", "aws")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 (fixed words)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise ConfigError(
            f"the wheel could not be built: {done.stderr.strip().splitlines()[-1:] or done.returncode}",
            where=str(root / "pyproject.toml"),
            fix="mend what hatchling complains about, then repeat",
        )
    return wheels[0]


def _from_installation(folder: Path) -> Path:
    """Pack the files of the installed distribution again."""
    distribution = metadata.distribution(NAME)
    path = folder / f"{NAME}-{distribution.version}-py3-none-any.whl"
    files = {str(file): Path(str(file.locate())) for file in distribution.files or [] if _belongs(str(file))}
    information = next((name.split("/")[0] for name in files if name.endswith(".dist-info/METADATA")), None)
    if information is None or f"{NAME}-{distribution.version}.dist-info" != information or len(files) < 10:
        raise ConfigError(
            "the installed package does not list its files, so no wheel can be made of it",
            where=str(distribution.locate_file("")),
            fix="deploy from a clone, or install the wheel by pip",
        )
    content = {name: file.read_bytes() for name, file in files.items()}
    record = f"{information}/RECORD"
    content[record] = _record(content, record)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            archive.writestr(zip_entry(name), content[name])
    return path


def _belongs(name: str) -> bool:
    """Whether an installed file came from the wheel: no byte code, no script, nothing that the installer wrote."""
    return not name.startswith("..") and not name.endswith(".pyc") and Path(name).name not in _OWN_TO_AN_INSTALLATION


def _record(content: dict[str, bytes], own: str) -> bytes:
    """RECORD as the wheel's specification wants it: path, hash, size; itself without both."""
    import base64
    import hashlib

    lines = []
    for name in sorted(content):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content[name])}")
    return "\n".join([*lines, f"{own},,", ""]).encode()


def zip_entry(name: str) -> zipfile.ZipInfo:
    """An entry that is the same whenever and wherever it is written."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry
