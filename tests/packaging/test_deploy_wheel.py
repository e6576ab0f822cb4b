"""The wheel that is deployed: the same code gives the same bytes, from a clone and from an installation."""

from __future__ import annotations

import importlib.metadata
import shutil
import zipfile
from pathlib import Path

import pytest
from wheel_environment import Environment, make_environment

from lake.errors import ConfigError, MissingExtraError
from pipeline.deploy import wheel as deployed_wheel
from pipeline.deploy.wheel import build_wheel, pinned_dependencies

REPOSITORY = Path(__file__).resolve().parents[2]


def files_of(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(REPOSITORY, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def environment(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("environment") / "venv", built)


@pytest.fixture
def installed(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is installed there, byte code and all, in the place of this clone."""
    environment.run("mirrorlake", "--version", cwd=environment.folder)
    (information,) = environment.packages.glob("mirrorlake-*.dist-info")
    distribution = importlib.metadata.PathDistribution(information)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: distribution)


def test_the_same_code_gives_the_same_bytes(built: Path, tmp_path: Path) -> None:
    assert build_wheel(REPOSITORY, tmp_path).read_bytes() == built.read_bytes()
    assert "pipeline/deploy/wheel.py" in files_of(built)


@pytest.mark.usefixtures("installed")
def test_an_installation_gives_back_the_wheel_that_it_came_from(built: Path, tmp_path: Path) -> None:
    packed = build_wheel(tmp_path, folder(tmp_path, "packed"))
    assert packed.name == built.name
    ours, theirs = files_of(packed), files_of(built)
    assert set(ours) == set(theirs)
    assert [name for name in theirs if ours[name] != theirs[name] and not name.endswith("RECORD")] == []
    assert build_wheel(tmp_path, folder(tmp_path, "again")).read_bytes() == packed.read_bytes()


@pytest.mark.usefixtures("installed")
def test_pip_takes_the_packed_wheel(environment: Environment, tmp_path: Path) -> None:
    packed = build_wheel(tmp_path, folder(tmp_path, "packed"))
    options = [
        "--quiet",
        "--no-index",
        "--no-deps",
        "--disable-pip-version-check",
        "--target",
        str(tmp_path / "target"),
    ]
    done = environment.run("python", "-m", "pip", "install", *options, str(packed), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    there = tmp_path / "target" / "pipeline" / "cli.py"
    assert there.read_bytes() == (REPOSITORY / "pipeline" / "cli.py").read_bytes()


def test_an_installation_that_lists_no_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    information = folder(tmp_path, "mirrorlake-0.1.0.dist-info")
    (information / "METADATA").write_text("Metadata-Version: 2.4\nName: mirrorlake\nVersion: 0.1.0\n")
    distribution = importlib.metadata.PathDistribution(information)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: distribution)
    with pytest.raises(ConfigError, match="does not list its files"):
        build_wheel(tmp_path, folder(tmp_path, "wheel"))


def test_what_hatchling_says_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)  # without the packages and files that it names
    with pytest.raises(ConfigError, match="could not be built"):
        deployed_wheel._from_sources(tmp_path, folder(tmp_path, "wheel"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="hatchling"):
        build_wheel(REPOSITORY, tmp_path)


def test_pins_are_the_base_and_all_that_it_needs() -> None:
    pins = dict(pin.split("==") for pin in pinned_dependencies())
    for name in ("polars", "deltalake", "h11"):  # h11: what httpx needs in turn
        assert pins[name] == importlib.metadata.version(name)
    assert not {"mirrorlake", "pyspark", "boto3", "streamlit", "pytest"} & set(pins)
