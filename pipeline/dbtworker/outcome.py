"""From dbt's own results to plain values: what was built, which tests failed, and examples of the failing rows.

Runs in the dbt process, right after a build, while the adapter can still ask the warehouse.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

EXAMPLES = 5


class DbtFailedError(Exception):
    """dbt could not do what it was asked; ``path`` is the file that it names."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


def summary(results: Iterable[Any]) -> dict[str, Any]:
    """``models``, ``tests``, ``failures`` and ``skipped`` of a build, as JSON values (see ``dbtworker.result``).

    Raises DbtFailedError that names the file if a model failed, or a test could not be asked.
    """
    results = list(results)
    _refuse_broken(results)
    skipped = [result.node.name for result in results if result.status == "skipped"]
    results = [result for result in results if result.status != "skipped"]
    models = [result for result in results if result.node.resource_type == "model"]
    tests = [result for result in results if result.node.resource_type in ("test", "unit_test")]
    rows = _row_counts([model.node for model in models if model.node.config.materialized not in ("view", "ephemeral")])
    return {
        "models": [_model(model, rows) for model in models],
        "tests": [_test(test) for test in tests],
        "failures": [_failure(test) for test in tests if test.status in ("fail", "warn")],
        "skipped": skipped,
    }


def release() -> None:
    """Close every connection, and the DuckDB file with it: the next stage opens it from another process."""
    from dbt.adapters.factory import FACTORY

    adapters: dict[str, Any] = dict(FACTORY.adapters)
    for name, adapter in adapters.items():
        adapter.cleanup_connections()
        if name == "duckdb":
            adapter.connections.close_all_connections()


def _refuse_broken(results: list[Any]) -> None:
    broken = [result for result in results if result.status == "error"]
    broken.sort(key=lambda result: result.node.resource_type != "model")  # a test mostly breaks with its model
    if broken:
        skipped = sum(result.status == "skipped" for result in results)
        first = broken[0]
        names = ", ".join(result.node.name for result in broken)
        more = f"; {skipped} more were skipped" if skipped else ""
        raise DbtFailedError(f"dbt failed in {names}{more}\n{first.message}", first.node.original_file_path)


def _model(result: Any, rows: dict[str, int]) -> dict[str, Any]:
    node = result.node
    return {
        "name": node.name,
        "schema": node.schema,
        "materialized": node.config.materialized,
        "rows": rows.get(node.name),
        "seconds": round(result.execution_time, 3),
    }


def _test(result: Any) -> dict[str, Any]:
    return _about(result.node) | {
        "status": str(result.status),
        "failing_rows": int(result.failures or 0),
        "seconds": round(result.execution_time, 3),
    }


def _failure(result: Any) -> dict[str, Any]:
    node = result.node
    return _about(node) | {
        "message": (result.message or "").strip() or "failed",
        "failing_rows": int(result.failures or 0),
        "severity": "warn" if result.status == "warn" else "error",
        "path": node.original_file_path,
        "examples": _examples(node) if node.resource_type == "test" else [],
    }


def _about(node: Any) -> dict[str, Any]:
    """Which table, rule and column a test is about."""
    metadata = getattr(node, "test_metadata", None)
    judged = getattr(node, "attached_node", None) or getattr(node, "tested_node_unique_id", None)
    if judged is None and node.depends_on.nodes:
        judged = node.depends_on.nodes[0]
    rule = metadata.name if metadata else ("unit_test" if node.resource_type == "unit_test" else node.name)
    return {
        "name": node.name,
        "table": str(judged).split(".")[-1] if judged else node.name,
        "rule": rule,
        "column": getattr(node, "column_name", None),
    }


def _adapter() -> Any:
    from dbt.adapters.factory import FACTORY

    return next(iter(FACTORY.adapters.values()))


def _row_counts(nodes: list[Any]) -> dict[str, int]:
    """Rows of each table, by one query."""
    if not nodes:
        return {}
    parts = [f"select '{node.name}' as name, count(*) as row_count from {node.relation_name}" for node in nodes]  # noqa: S608
    return {row[0]: int(row[1]) for row in _ask(" union all ".join(parts))[1]}


def _examples(node: Any) -> list[dict[str, Any]]:
    """A few of the rows that the test found. None where they cannot be asked for: the count alone then tells."""
    with contextlib.suppress(Exception):
        names, rows = _ask(f"select * from (\n{node.compiled_code}\n) as failing limit {EXAMPLES}")  # noqa: S608
        return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
    return []


def _ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    adapter = _adapter()
    with adapter.connection_named("summary"):
        _, table = adapter.execute(query, fetch=True)
    return list(table.column_names), [tuple(row.values()) for row in table.rows]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
