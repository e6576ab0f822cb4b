"""The jars for Spark: pinned alike in three files, fetched once, refused where their hash is another."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from lake.errors import DamagedError, StorageError
from pipeline.jars import command, hashes, jars

REPOSITORY = Path(__file__).resolve().parents[2]
GOOD = b"a jar"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project that pins one jar."""
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "jars.sha256").write_text(f"{hashlib.sha256(GOOD).hexdigest()}  a-1.jar\n")
    return tmp_path


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program ``mvn`` that puts the file ``gives`` into the folder that it is asked to, and counts its calls."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f"""#!/bin/sh
echo called >> {folder}/calls
for word in "$@"; do case "$word" in -DoutputDirectory=*) place="${{word#*=}}";; esac; done
[ -f {folder}/gives ] || {{ echo "[ERROR] no route to host"; exit 1; }}
mkdir -p "$place" && cp {folder}/gives "$place/a-1.jar"
"""
    (folder / "mvn").write_text(script)
    (folder / "mvn").chmod(0o755)
    (folder / "gives").write_bytes(GOOD)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_both_build_files_name_the_pinned_jars() -> None:
    pinned = set(hashes(REPOSITORY))
    pom = (REPOSITORY / "spark" / "pom.xml").read_text()
    versions = dict(re.findall(r"<(\w+\.version)>([\w.]+)</", pom))
    by_maven = re.findall(r"<artifactId>([\w.-]+)</artifactId>\s*<version>\$\{([\w.]+)\}", pom)
    by_ivy = re.findall(r'name="([\w.-]+)" rev="([\w.]+)"', (REPOSITORY / "spark" / "ivy.xml").read_text())
    assert {f"{name}-{versions[version]}.jar" for name, version in by_maven} == pinned
    assert {f"{name}-{version}.jar" for name, version in by_ivy} == pinned
    assert len(pinned) == 6


def test_they_are_fetched_once(root: Path, maven: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "jars"
    for _ in range(2):
        assert jars(folder, root) == (str(folder / "a-1.jar"),)
    assert (folder / "a-1.jar").read_bytes() == GOOD
    assert (maven / "calls").read_text().count("called") == 1
    assert [path.name for path in folder.iterdir()] == ["a-1.jar"]


def test_a_damaged_one_is_fetched_again(root: Path, maven: Path, tmp_path: Path) -> None:
    jars(tmp_path / "jars", root)
    (tmp_path / "jars" / "a-1.jar").write_bytes(b"half")
    jars(tmp_path / "jars", root)
    assert (tmp_path / "jars" / "a-1.jar").read_bytes() == GOOD


def test_another_file_than_the_pinned_is_refused(root: Path, maven: Path, tmp_path: Path) -> None:
    (maven / "gives").write_bytes(b"something else")
    with pytest.raises(DamagedError, match=r"a-1\.jar is not the file that the project pins"):
        jars(tmp_path / "jars", root)
    assert list((tmp_path / "jars").iterdir()) == []


def test_without_a_network_the_tool_is_quoted(root: Path, maven: Path, tmp_path: Path) -> None:
    (maven / "gives").unlink()
    with pytest.raises(StorageError, match=r"mvn said: .*no route to host") as caught:
        jars(tmp_path / "jars", root)
    assert "by hand" in str(caught.value)


def test_a_folder_that_cannot_be_written_is_named(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot make the folder"):
        jars(tmp_path / "file" / "jars", root)


@pytest.mark.spark
def test_without_maven_the_ivy_of_pyspark_does_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the start is tried, with a cache that says no: the network is for who sets up."""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    words = command(REPOSITORY / "spark", tmp_path)
    java, archive = Path(words[0]), Path(words[words.index("-jar") + 1])
    assert java.stat().st_mode & stat.S_IXUSR
    assert archive.name.startswith("ivy-")
    done = subprocess.run([str(java), "-jar", str(archive), "-?"], capture_output=True, text=True, check=False)
    for option in ("-ivy", "-cache", "-retrieve", "-types"):
        assert option in words
        assert option in done.stdout
