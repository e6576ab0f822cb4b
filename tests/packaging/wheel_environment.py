"""The wheel, and a fresh environment that holds it and nothing else but what it says that it needs.

The base dependencies are not installed again: the environment sees links to them where the tests' own lie, and to no
other package. So nothing is fetched, and a dependency that was forgotten shows.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES = ("lake", "warehouse", "pipeline")


def build_wheel(folder: Path) -> Path:
    """Build the wheel of the repository as it is now, without network: hatchling is already here."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def files_of(wheel: Path) -> set[str]:
    """The paths that the wheel holds."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def base_distributions() -> set[str]:
    """The base dependencies and all that they need, by normalised name."""
    waiting = [Requirement(text) for text in PYPROJECT["project"]["dependencies"]]
    found: dict[str, set[str]] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found and requirement.extras <= found[name]:
            continue
        extras = found.setdefault(name, set())
        extras |= requirement.extras
        try:
            needed = requires(requirement.name) or []
        except PackageNotFoundError:  # for another system or Python
            continue
        for text in needed:
            inner = Requirement(text)
            if inner.marker is None or any(inner.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
                waiting.append(inner)
    return set(found)


def show_base(folder: Path) -> None:
    """A folder of modules that holds the base dependencies as they are installed here, and no other package."""
    folder.mkdir()
    for name in base_distributions():
        try:
            there = distribution(name)
        except PackageNotFoundError:  # for another system or Python
            continue
        for top in {file.parts[0] for file in there.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(there.locate_file(top))


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        return self.folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"

    def run(self, *command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; nothing of the developer's variables or folders reaches it."""
        program, *arguments = command
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "NO_COLOR": "1", "COLUMNS": "160", **variables}
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


def make_environment(folder: Path, wheel: Path) -> Environment:
    """A fresh environment with the wheel alone."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    made = Environment(folder)
    install = ["-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--disable-pip-version-check", str(wheel)]
    subprocess.run([str(made.python), *install], check=True, capture_output=True, text=True)
    show_base(folder / "base")
    (made.packages / "base.pth").write_text(f"{folder / 'base'}\n")
    return made
