"""Publish in Snowflake: the audited schema is cloned, readers get their rights on the clone, and it is swapped in.

A clone copies nothing but metadata, and a swap is one step: readers see the publication before or the new one. What
was published before is then the candidate, until the next publication. Rights travel with a swapped schema, so they
are granted before. The table ``_publication`` in it says what it was made from; by it a publication is known again
where the answer to the swap was lost: done once more, it would push the publication before out of the candidate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lake.errors import DamagedError, MirrorlakeError, WarehouseError
from lake.writes import committing
from warehouse.warehouses._snowflake_load import HISTORY
from warehouse.warehouses._snowflake_session import Session, is_not_there
from warehouse.warehouses.base import Publication

MARTS, PUBLISHED, CANDIDATE = "marts", "published", "candidate"
META = "_publication"
_COLUMNS = "run_id VARCHAR, published_at TIMESTAMP_TZ(6), snapshot_number BIGINT, code_version VARCHAR, stale VARCHAR"


@dataclass(frozen=True)
class Wanted:
    """What is to be published. ``at`` and the run make it known again."""

    run_id: str
    at: datetime
    code_version: str
    stale: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """A publication as its own table tells of it."""

    run_id: str
    published_at: datetime
    snapshot: int | None
    stale: tuple[str, ...]

    @property
    def name(self) -> str:
        """By what it is known again."""
        return f"{self.run_id} {self.published_at.isoformat()}"


def wanted(run_id: str, code_version: str, stale: Sequence[str]) -> Wanted:
    """A publication of now."""
    return Wanted(run_id, datetime.now(UTC), code_version, tuple(stale))


def publish(session: Session, database: str, reader_role: str, asked: Wanted) -> Publication:
    """Clone, grant, swap. May be called again with the same publication after its session was lost."""
    tables = _counted(session, database)
    try:
        standing = current(session, database)
    except DamagedError:
        standing = None  # what cannot say what it is, is replaced
    if standing is None or (standing.run_id, standing.published_at) != (asked.run_id, asked.at):
        snapshot = _snapshot(session, database)
        candidate = f"{database}.{CANDIDATE}"
        session.execute(f"CREATE OR REPLACE SCHEMA {candidate} CLONE {database}.{MARTS}")
        _describe(session, f"{candidate}.{META}", asked, snapshot)
        for right in (
            f"USAGE ON SCHEMA {candidate}",
            f"SELECT ON ALL TABLES IN SCHEMA {candidate}",
        ):
            session.execute(f"GRANT {right} TO ROLE {reader_role}")
        with committing("publish.swap", session.place):
            session.execute(f"ALTER SCHEMA {candidate} SWAP WITH {database}.{PUBLISHED}")
    else:
        snapshot = standing.snapshot
    return Publication(asked.run_id, tables, snapshot)


def current(session: Session, database: str) -> Standing | None:
    """What is published now; None before the first publication. DamagedError where its table does not say."""
    where = f"{session.place}: {PUBLISHED}.{META}"
    try:
        rows = session.execute(
            f"SELECT run_id, published_at, snapshot_number, stale FROM {database}.{PUBLISHED}.{META}"
        ).rows
    except MirrorlakeError as error:
        if is_not_there(error):
            return None
        raise
    if len(rows) != 1 or not isinstance(rows[0][1], datetime):
        raise DamagedError(
            "the published schema does not say what it is", where=where, fix="publish again: mirrorlake run --force"
        )
    run_id, at, snapshot, stale = rows[0]
    assert isinstance(at, datetime)
    number = int(str(snapshot)) if snapshot is not None else None
    return Standing(str(run_id), at.astimezone(UTC), number, tuple(json.loads(str(stale))))


def tables_of(session: Session, database: str, schema: str) -> list[str]:
    """The tables of a schema by name, in lower case, but not what is metadata of ours; none without that schema.

    SHOW needs no warehouse: a run that finds nothing to do wakes none up, and so costs nothing.
    """
    try:
        found = session.execute(f"SHOW TABLES IN SCHEMA {database}.{schema}")
    except MirrorlakeError as error:
        if is_not_there(error):
            return []
        raise
    place = found.columns.index("name")
    return sorted(name for row in found.rows if not (name := str(row[place]).lower()).startswith("_"))


def _counted(session: Session, database: str) -> Mapping[str, int]:
    names = tables_of(session, database, MARTS)
    if not names:
        raise WarehouseError(
            f"the warehouse has no table in schema {MARTS!r}",
            where=session.place,
            fix="build them: mirrorlake run --job dbt",
        )
    counted = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {database}.{MARTS}.{name}" for name in names)
    return {str(name): int(str(rows)) for name, rows in session.execute(counted).rows}


def _describe(session: Session, table: str, asked: Wanted, snapshot: int | None) -> None:
    session.execute(f"CREATE OR REPLACE TABLE {table} ({_COLUMNS})")
    session.execute(
        f"INSERT INTO {table} SELECT %s, %s::TIMESTAMP_TZ(6), %s, %s, %s",
        (asked.run_id, asked.at.isoformat(sep=" "), snapshot, asked.code_version, json.dumps(asked.stale)),
    )


def _snapshot(session: Session, database: str) -> int | None:
    """Of the newest load; None where none was recorded."""
    try:
        rows = session.execute(
            f"SELECT snapshot_number FROM {database}.{HISTORY} WHERE snapshot_number IS NOT NULL "
            "ORDER BY entry DESC NULLS LAST LIMIT 1"
        ).rows
    except MirrorlakeError as error:
        if is_not_there(error):
            return None
        raise
    return int(str(rows[0][0])) if rows else None
