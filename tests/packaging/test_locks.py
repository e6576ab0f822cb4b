"""The locks: every package by version and hash, no address of anybody's, the same versions for running and testing."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
LOCKS = tuple(sorted(path.stem for path in (REPOSITORY / "locks").glob("*.txt")))
CLOUD = ("aws", "spark")  # what the rehearsal adds
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@cache
def text_of(lock: str) -> str:
    return (REPOSITORY / "locks" / f"{lock}.txt").read_text(encoding="utf-8")


@cache
def pins(lock: str) -> dict[str, set[Version]]:
    """Package to its versions: more than one where systems differ."""
    found: dict[str, set[Version]] = {}
    for line in text_of(lock).splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\"))
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            found.setdefault(canonicalize_name(requirement.name), set()).add(Version(specifier.version))
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_it_holds_versions_hashes_and_reasons_only(lock: str) -> None:
    lines = text_of(lock).splitlines()
    pinned = [place for place, line in enumerate(lines) if re.match(r"[a-z0-9]", line)]
    assert len(pinned) > 50
    for place in pinned:
        assert re.fullmatch(r"[a-z0-9._-]+==[0-9][^ ;]*( ; [^\\]+)? \\", lines[place]), lines[place]
        assert _HASH.fullmatch(lines[place + 1]), f"{lines[place]} has no hash"
    others = [line for line in lines if not re.match(r"[a-z0-9]", line) and not _HASH.fullmatch(line)]
    assert all(line.startswith("    #") for line in others), others


@pytest.mark.parametrize("lock", LOCKS)
def test_it_names_no_address(lock: str) -> None:
    assert not re.search(r"://|index-url|find-links|trusted-host|@ file|\.(com|org|net|io|dev)\b", text_of(lock))


@pytest.mark.parametrize(("smaller", "larger"), [("run", "rehearsal"), ("rehearsal", "test")])
def test_a_larger_lock_holds_the_smaller_with_the_same_versions(smaller: str, larger: str) -> None:
    small, large = pins(smaller), pins(larger)
    assert {name: versions for name, versions in small.items() if large.get(name) != versions} == {}
    assert set(large) > set(small)


@pytest.mark.parametrize("lock", ["run", "rehearsal", "test"])
def test_it_covers_what_is_asked_for(lock: str) -> None:
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    extras = {
        name: each for name, each in project["optional-dependencies"].items() if lock != "run" or name not in CLOUD
    }
    asked = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    asked += groups["rehearsal"] if lock != "run" else []
    asked += groups["test"] if lock == "test" else []
    for text in asked:
        requirement = Requirement(text)
        versions = pins(lock).get(canonicalize_name(requirement.name))
        assert versions, f"{text} is not in locks/{lock}.txt: run `just lock`"
        assert all(requirement.specifier.contains(version, prereleases=True) for version in versions), text


def test_what_is_locked_for_this_system_is_what_is_tested_with() -> None:
    """Found out where versions differ: the environment is not that of the lock."""
    from importlib.metadata import PackageNotFoundError, version

    differing = {}
    for line in text_of("run").splitlines():
        if re.match(r"[a-z0-9]", line):
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or Marker(str(requirement.marker)).evaluate():
                try:
                    installed = version(requirement.name)
                except PackageNotFoundError:
                    installed = "not installed"
                if installed not in requirement.specifier:
                    differing[str(requirement)] = installed
    assert differing == {}, "run `just test`, which installs what is locked"
