"""What tests of the dashboard share: publishing again, with other rows, without a run; and what a page says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from streamlit.testing.v1 import AppTest

from tests.conftest import REPOSITORY
from warehouse import pointer

APP = REPOSITORY / "dashboard" / "app.py"
OpenPage = Callable[[str], AppTest]


def republish(data: Path, run_id: str, *statements: str, stale: tuple[str, ...] = ()) -> Path:
    """Publish what is current once more, changed by ``statements`` on schema ``marts``."""
    folder = data / "published"
    now = pointer.current(folder)
    assert now is not None
    with pointer.building(folder, run_id) as path:
        shutil.copy(now, path)
        with duckdb.connect(str(path)) as connection:
            connection.execute("SET search_path = 'marts'")
            for statement in statements:
                connection.execute(statement)
        published_at = datetime.now(UTC).isoformat()
        return pointer.finish(
            folder, path, run_id, site="publish", published_at=published_at, snapshot=1, stale=list(stale)
        )


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What the published file says, asked without the dashboard."""
    now = pointer.current(data / "published")
    assert now is not None
    with duckdb.connect(str(now), read_only=True) as connection:
        connection.execute("SET search_path = 'marts'")
        return connection.execute(sql).fetchall()


def metrics(page: AppTest) -> dict[str, str]:
    """Label and value of every card."""
    return {metric.label: str(metric.value) for metric in page.metric}


def said(page: AppTest) -> str:
    """All that a page says in words."""
    kinds = (page.title, page.subheader, page.markdown, page.caption, page.info, page.warning, page.error, page.success)
    return "\n".join(str(element.value) for kind in (*kinds, page.code) for element in kind)


def charts(page: AppTest) -> int:
    """How many charts a page shows."""
    return len(page.get("vega_lite_chart"))


def assert_sound(page: AppTest) -> None:
    """Neither a traceback nor an error."""
    assert not page.exception, page.exception
    assert not page.error, [error.value for error in page.error]
