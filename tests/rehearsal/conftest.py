"""One set of stand-ins per test process, and buckets, databases and settings of one's own per test.

Each server starts when a test first asks for it. What tests make bears a name of their own, so they may run together.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import needs
import pytest

from lake.storage.credentials import S3Credentials
from rehearsal import accounts
from rehearsal.aws import REGION, Aws
from rehearsal.base import StandInError, standins_python
from rehearsal.postgres import Postgres
from rehearsal.snowflake import Snowflake
from rehearsal.standins import StandIns

if TYPE_CHECKING:
    from tests.rehearsal.snowflake_world import World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs stand-ins, whatever it says."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.rehearsal)


@pytest.fixture(scope="session")
def installed() -> None:
    """The stand-ins' own environment is there."""
    try:
        standins_python()
    except StandInError as error:
        needs.lacking(str(error))


@pytest.fixture(scope="session")
def standins(installed: None) -> Iterator[StandIns]:
    """The stand-ins of this test process, none of them up yet."""
    # Not pytest's own folder: the server of Postgres runs as another user, who could not read it.
    with tempfile.TemporaryDirectory(prefix="mirrorlake-standins-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        standing = StandIns(Path(folder))
        yield standing
        standing.stop()


@pytest.fixture(scope="session")
def aws(standins: StandIns) -> Aws:
    """S3, Glue, IAM, Secrets Manager and so on."""
    return standins.aws


@pytest.fixture(scope="session")
def network_postgres(standins: StandIns) -> Postgres:
    """Postgres over the network, with TLS and a password."""
    return standins.postgres


@pytest.fixture(scope="session")
def snowflake(standins: StandIns) -> Snowflake:
    """Snowflake."""
    return standins.snowflake


@pytest.fixture
def unique() -> str:
    """A name that no other test has: lower case letters and digits."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def bucket(aws: Aws, unique: str) -> str:
    """An empty bucket of the test's own; it goes with the stand-in."""
    return accounts.bucket(aws, f"mirrorlake-{unique}")


@pytest.fixture
def s3_credentials(standins: StandIns) -> S3Credentials:
    """Those of who runs the platform."""
    key, secret = standins.run_key
    return S3Credentials(REGION, standins.aws.url, True, key, secret)


@pytest.fixture
def bare(snowflake: Snowflake, s3_credentials: S3Credentials, bucket: str, unique: str) -> Iterator[World]:
    """A Snowflake account that nobody has set up, beside an empty lake in a bucket."""
    from tests.rehearsal.snowflake_world import world

    made = world(snowflake, s3_credentials, bucket, unique)
    yield made
    made.close()


@pytest.fixture
def staging_url(network_postgres: Postgres, unique: str) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    import psycopg

    def run(statement: str) -> None:
        with psycopg.connect(network_postgres.owner_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    run(f'CREATE DATABASE "{unique}" OWNER mirrorlake')
    yield network_postgres.url_of(unique)
    run(f'DROP DATABASE IF EXISTS "{unique}" WITH (FORCE)')


@dataclass(frozen=True)
class Rehearsal:
    """A test's own part of the stand-ins."""

    standins: StandIns
    bucket: str
    variables: dict[str, str]
    data: Path


@pytest.fixture
def rehearsal(
    standins: StandIns, bucket: str, staging_url: str, unique: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Rehearsal:
    """The environment ``rehearsal`` on the stand-ins, all of them up, with bucket and databases of the test's own.

    Set by variables, so that it holds in this process and in subprocesses.
    """
    variables = {
        **standins.variables,
        "LAKE_ENV": "rehearsal",
        "MIRRORLAKE_LAKE_ROOT": f"s3://{bucket}/lake",
        "MIRRORLAKE_DEPLOY_ARTIFACTS": f"s3://{bucket}/artifacts",
        "MIRRORLAKE_DEPLOY_JOB": f"gold-{unique}",
        "MIRRORLAKE_DEPLOY_CATALOG": f"catalog_{unique}",
        "MIRRORLAKE_STAGING_URL": staging_url,
        "MIRRORLAKE_SNOWFLAKE_DATABASE": unique.upper(),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Rehearsal(standins, bucket, variables, project)
