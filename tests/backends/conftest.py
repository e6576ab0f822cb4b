"""Backends of a test's own: a folder of DuckDB, a schema in the one Postgres of the test process."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from star_lake import StarLake, star

from warehouse.backends import backend
from warehouse.backends.base import Backend

BACKENDS = ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)]


MakeBackend = Callable[..., Backend]


@pytest.fixture
def make_backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeBackend]:
    """``make_backend("postgres")``: a backend of its own folder or schema, closed at the end."""
    made: list[Backend] = []

    def make(name: str, **settings: object) -> Backend:
        if name == "postgres":
            url = request.getfixturevalue("postgres_url")
            settings = {"url": url, "schema": f"staging_{uuid.uuid4().hex[:12]}", "wait_seconds": 0.01, **settings}
        else:
            settings = {"folder": tmp_path / "staging", **settings}
        made.append(backend(name, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(params=BACKENDS)
def database(request: pytest.FixtureRequest, make_backend: MakeBackend) -> Backend:
    """Every staging backend in turn."""
    return make_backend(request.param)


@pytest.fixture
def lake(tmp_path: Path) -> StarLake:
    """An empty lake with the star's contracts."""
    return StarLake(tmp_path / "lake")


@pytest.fixture
def full_lake(lake: StarLake) -> StarLake:
    """A lake with a small star: two places, twelve days in January."""
    lake.fill(star(days=12, places=2))
    return lake
