"""Publish: copy the audited marts to a new file and make it visible in one step (write, audit, publish).

Readers resolve the pointer for every query, so a publication shows on the next one, and none ever sees half of it.
The published file holds tables only, no view into the build, and says by ``_publication`` what it was made from.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from lake.errors import DamagedError, StorageError, WarehouseError
from warehouse import pointer
from warehouse.duck import explained, literal, memory, quoted
from warehouse.history import TABLE as HISTORY

if TYPE_CHECKING:
    import duckdb

MARTS = "marts"
PUBLISHED = "published"  # the name under which readers attach the published file
TRIES = 5


@dataclass(frozen=True)
class Published:
    """The file that is current now, rows by table, and the snapshot that the warehouse was loaded from."""

    path: Path
    tables: dict[str, int]
    snapshot: int | None


def publish(
    warehouse_path: Path,
    folder: Path,
    run_id: str,
    *,
    keep: int = 2,
    code_version: str = "",
    stale: Sequence[str] = (),
) -> Published:
    """Copy every table of schema ``marts`` to ``<folder>/<run_id>.duckdb`` and point to it.

    ``stale`` are the reasons for which some of it is not up to date; the pointer tells them to readers.
    Raises WarehouseError where there are no marts, DamagedError and StorageError for the files; what was published
    before stays.
    """
    if not warehouse_path.exists():
        raise WarehouseError(
            "there is no warehouse to publish from", where=str(warehouse_path), fix="run the pipeline: mirrorlake run"
        )
    published_at = datetime.now(UTC)
    with pointer.building(folder, run_id) as path:
        with explained(path), memory() as connection:
            build = warehouse_path.stem  # dbt's views name their database so
            with explained(warehouse_path):
                connection.execute(f"ATTACH {literal(str(warehouse_path))} AS {quoted(build)} (READ_ONLY)")
                connection.execute(f"ATTACH {literal(str(path))} AS _candidate")
                tables = _copy(connection, build)
                snapshot = _snapshot(connection, build)
            connection.execute(
                "CREATE TABLE _candidate.main._publication AS SELECT ?::VARCHAR AS run_id, "
                "?::TIMESTAMPTZ AS published_at, ?::BIGINT AS snapshot_number, ?::VARCHAR AS code_version, "
                "?::VARCHAR[] AS stale",
                [run_id, published_at, snapshot, code_version, list(stale)],
            )
            connection.execute("DETACH _candidate")
        made = pointer.finish(
            folder,
            path,
            run_id,
            site="publish",
            keep=keep,
            published_at=published_at.isoformat(),
            snapshot=snapshot,
            stale=list(stale),
        )
    return Published(made, tables, snapshot)


def _copy(connection: duckdb.DuckDBPyConnection, build: str) -> dict[str, int]:
    names = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_catalog = ? AND table_schema = ? ORDER BY 1",
        [build, MARTS],
    ).fetchall()
    if not names:
        raise WarehouseError(
            f"the warehouse has no table in schema {MARTS!r}", where=build, fix="build them: mirrorlake run --job dbt"
        )
    connection.execute(f"CREATE SCHEMA _candidate.{MARTS}")
    rows: dict[str, int] = {}
    for (name,) in names:
        table = f"_candidate.{MARTS}.{quoted(name)}"
        connection.execute(f"CREATE TABLE {table} AS FROM {quoted(build)}.{MARTS}.{quoted(name)}")
        rows[name] = _first(connection.execute(f"SELECT count(*) FROM {table}")) or 0
    return rows


def _snapshot(connection: duckdb.DuckDBPyConnection, build: str) -> int | None:
    schema, table = HISTORY.split(".")
    there = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = ? AND table_schema = ? AND table_name = ?",
        [build, schema, table],
    ).fetchone()
    if there is None:
        return None
    # The newest, not the highest: numbers begin again where the lake was made anew beside this file.
    return _first(
        connection.execute(
            f"SELECT snapshot_number FROM {quoted(build)}.{HISTORY} WHERE snapshot_number IS NOT NULL "
            "ORDER BY entry DESC NULLS LAST LIMIT 1"
        )
    )


def _first(cursor: duckdb.DuckDBPyConnection) -> int | None:
    row = cursor.fetchone()
    return None if row is None or row[0] is None else int(row[0])


def published_path(folder: Path) -> Path | None:
    """The published file; None before the first publication. DamagedError where it or its pointer is broken."""
    path = pointer.current(folder)
    if path is not None and not path.exists():
        again = pointer.current(folder)  # two publications may have passed between pointer and file
        if again == path:
            raise DamagedError(
                "the published file is gone", where=str(path), fix="publish again: mirrorlake run --force"
            )
        path = again
    return path


@contextlib.contextmanager
def open_published(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What is published now, read-only: names without schema, no external access, configuration locked.

    Each call is a database of its own that attaches the file: connections neither share settings nor locks. Resolve
    anew for each query; a connection that is kept goes on with the publication that it has opened. StorageError
    before the first publication.
    """
    with memory() as connection:
        attach_published(connection, folder)
        lock(connection)
        yield connection


def attach_published(connection: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    """Attach the published file as ``published`` and look names up there first; the file is the result."""
    for _ in range(TRIES):
        path = published_path(folder)
        if path is None:
            raise StorageError(
                "nothing is published yet", where=str(folder), fix="run the pipeline first: mirrorlake run"
            )
        try:
            with explained(path):
                connection.execute(f"ATTACH {literal(str(path))} AS {PUBLISHED} (READ_ONLY)")
        except StorageError:
            if path.exists():
                raise
            continue  # it was removed since the pointer was read: newer ones have come
        connection.execute(f"SET search_path = 'published.{MARTS},published.main'")
        return path
    raise StorageError("the published file changes faster than it can be opened", where=str(folder), fix="try again")


def lock(connection: duckdb.DuckDBPyConnection) -> None:
    """No files, no extensions, no network from here on, and no way back."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
