"""The DuckDB engine is set as every connection of ours: nothing is downloaded, no Python variable is a table."""

from __future__ import annotations

import contextlib

import pytest

from lake.engines.duckdb import DuckDBEngine


@pytest.mark.parametrize(
    "setting", ["autoinstall_known_extensions", "autoload_known_extensions", "python_enable_replacements"]
)
def test_the_engine_reaches_for_nothing_by_itself(setting: str) -> None:
    with contextlib.ExitStack() as resources:
        connection = DuckDBEngine()._connect(resources)
        assert connection.execute(f"SELECT current_setting('{setting}')").fetchone() == (False,)
