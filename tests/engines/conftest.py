"""Marks the tests of the Spark engine, and gives them one session for all."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("engine_name") == "spark":
            item.add_marker(pytest.mark.spark)


@pytest.fixture(autouse=True)
def session_for_spark(request: pytest.FixtureRequest) -> None:
    """The session is this process's: ``engine("spark")`` finds it. It begins before the first test that needs it."""
    if request.node.get_closest_marker("spark"):
        request.getfixturevalue("spark")
