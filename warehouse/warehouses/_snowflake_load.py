"""Load gold's committed snapshot into Snowflake's schema ``raw``: COPY into landing tables, checks, one transaction.

Per table, exactly the files of what changed are copied to a transient landing table and checked there. Then come the
definitions that are other ones now, because each of them commits. Then one transaction merges all tables, removes what
vanished, compares the counts and writes ``raw._load_history``. A load that finds its snapshot in the history does
nothing; one whose session was lost looks there first for what it committed.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lake.contract.model import Contract
from lake.errors import WarehouseError
from lake.sql import literal
from lake.writes import committing
from warehouse import snowflake_sql as sql
from warehouse.batch import OpenTable, Snapshot, chosen
from warehouse.history import Pending, TableLoad
from warehouse.load import LoadResult
from warehouse.warehouses._snowflake_session import Session

HISTORY = "raw._load_history"
_HISTORY_COLUMNS = """(
    entry BIGINT NOT NULL, load_id VARCHAR NOT NULL, table_name VARCHAR NOT NULL, lake_table VARCHAR,
    lake_version BIGINT, snapshot_number BIGINT, loaded_at TIMESTAMP_TZ(6) NOT NULL, rows_in BIGINT, inserted BIGINT,
    updated BIGINT, deleted BIGINT, rows_out BIGINT
)"""


@dataclass(frozen=True)
class Load:
    """One load: where it reads, where it writes, and its mark in the history."""

    session: Session
    database: str
    lake: str
    integration: str
    snapshot: Snapshot
    load_id: str

    @property
    def history(self) -> str:
        """The history's full name."""
        return f"{self.database}.{HISTORY}"


@dataclass(frozen=True)
class Loaded:
    """What a table holds, as its history and its number of rows agree."""

    lake_table: str
    version: int
    rows: int


def new_load_id(snapshot: Snapshot) -> str:
    """A mark that no other load has."""
    return f"{snapshot.number:08d}-{uuid.uuid4().hex[:12]}"


def load(work: Load, open_table: OpenTable, contracts: Mapping[str, Contract], *, full: bool) -> LoadResult:
    """Bring ``raw`` to the snapshot. May be called again with the same load after its session was lost."""
    wanted = chosen(work.snapshot, contracts)
    work.session.execute(f"CREATE TABLE IF NOT EXISTS {work.history} {_HISTORY_COLUMNS}")
    changed = _redefined(work, wanted)
    kept = [] if full else [contract.table for contract in wanted if contract.table not in changed]
    committed, newest = _committed(work), _newest(work.session, work.database, kept)
    steps = {
        contract.table: _pending(contract, open_table, work.snapshot.tables[contract.table], newest)
        for contract in wanted
        if contract.table not in committed
    }
    due = {table: step for table, step in steps.items() if step is not None}
    if due:
        _describe_files(work)
    landed = {table: _land(work, step) for table, step in due.items()}
    define(work, changed)
    tables = dict(committed)
    if due:
        with work.session.transaction() as commit:
            for table, step in due.items():
                tables[table] = _merge(work, step, landed[table])
            _enter(work, [(step.contract.table, step.lake_table, tables[table]) for table, step in due.items()])
            with committing("load.commit", work.session.place):
                commit()
    for table in steps.keys() - due.keys():
        tables[table] = TableLoad(rows_out=newest[table].rows, version=newest[table].version, unchanged=True)
    for table in due:
        work.session.execute(f"DROP TABLE IF EXISTS {work.database}.landing.{table}")
    return LoadResult(work.load_id, work.snapshot.number, {c.table: tables[c.table] for c in wanted})


def _redefined(work: Load, contracts: Collection[Contract]) -> dict[str, str]:
    """Table to the statement that makes it, of those that are new or whose definition is another one now."""
    found = work.session.execute(
        f"SELECT table_name, comment FROM {work.database}.information_schema.tables WHERE table_schema = 'RAW'"
    )
    known = {str(name).lower(): comment for name, comment in found.rows}
    created = {contract.table: sql.create_raw(contract, work.database) for contract in contracts}
    return {table: statement for table, statement in created.items() if known.get(table) != _shape(statement)}


def _shape(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()


def define(work: Load, created: Mapping[str, str]) -> None:
    """Make these tables anew, empty. Their shape is kept as a comment.

    The history says first that nothing stands in such a table: each definition commits by itself, and a load that
    dies in between must not leave an empty table that counts as loaded (see ``unloaded``).
    """
    if created:
        _enter(work, [(table, None, None) for table in created])
    for table, statement in created.items():
        with committing("load.define", f"{work.session.place}: raw.{table}"):
            work.session.execute(f"{statement} COMMENT = {literal(_shape(statement))}")


def unloaded(session: Session, database: str, tables: Collection[str]) -> list[str]:
    """Those of these tables that do not stand as their newest load left them: gone, made anew since, or other rows."""
    found = session.execute(f"SELECT table_name FROM {database}.information_schema.tables WHERE table_schema = 'RAW'")
    there = {str(name).lower() for (name,) in found.rows}
    if HISTORY.removeprefix("raw.") not in there:
        return sorted(tables)
    return sorted(set(tables) - _newest(session, database, [table for table in tables if table in there]).keys())


def _committed(work: Load) -> dict[str, TableLoad]:
    """What this very load has committed already, where the answer to its COMMIT was lost."""
    rows = work.session.execute(
        f"SELECT table_name, rows_in, inserted, updated, deleted, rows_out, lake_version FROM {work.history} "
        f"WHERE load_id = {literal(work.load_id)} AND lake_version IS NOT NULL"
    ).rows
    names = ("rows_in", "inserted", "updated", "deleted", "rows_out", "version")
    found: dict[str, TableLoad] = {}
    for table, *cells in rows:
        counts: dict[str, Any] = {name: int(str(cell)) for name, cell in zip(names, cells, strict=True)}
        found[str(table)] = TableLoad(**counts)
    return found


def _newest(session: Session, database: str, tables: Collection[str]) -> dict[str, Loaded]:
    """What stands in each of these tables by the newest row of its history.

    Left out, so loaded whole, is a table that was made anew, and one that holds another number of rows than its last
    load left: somebody changed it by hand.
    """
    if not tables:
        return {}
    rows = session.execute(
        f"SELECT table_name, lake_table, lake_version, rows_out FROM {database}.{HISTORY} "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY table_name ORDER BY entry DESC NULLS LAST) = 1"
    ).rows
    found = {str(table): told for table, *told in rows}
    newest: dict[str, Loaded] = {}
    for table in tables:
        lake_table, version, rows_out = found.get(table, (None, None, None))
        if version is not None:
            rows_now = session.number(f"SELECT COUNT(*) FROM {database}.raw.{table}")
            if int(str(rows_out)) == rows_now:
                newest[table] = Loaded(str(lake_table), int(str(version)), rows_now)
    return newest


def _pending(contract: Contract, open_table: OpenTable, version: int, newest: Mapping[str, Loaded]) -> Pending | None:
    """What has to be read to bring the table to ``version``; None where that is what stands there."""
    table = open_table(contract.table)
    lake_table = table.identity()
    stands = newest.get(contract.table)
    loaded = stands.version if stands and stands.lake_table == lake_table else None
    if loaded == version:
        return None
    # None, so all of it: never loaded, it cannot be told, or somebody went back to an older version.
    changed = table.changed_partitions(loaded, version) if loaded is not None else None
    return Pending(contract, lake_table, version, tuple(table.files(version, changed)), changed)


def _describe_files(work: Load) -> None:
    """The file format and the stage, as the environment says now."""
    values = {"database": work.database, "lake": work.lake, "integration": work.integration}
    for file in ("01_file_formats.sql", "02_stages.sql"):
        for statement in sql.statements(sql.filled(file, values)):
            work.session.execute(statement)


def _land(work: Load, step: Pending) -> int:
    """Copy the files into an empty landing table and check it; rows read. WarehouseError where a check fails."""
    work.session.execute(sql.create_landing(step.contract, work.database))
    copied = 0
    for statement in sql.copies(step.contract, work.database, [_key(work, file) for file in step.files]):
        copied += _copied(work.session.execute(statement).rows)
    if copied != len(step.files):
        raise WarehouseError(
            f"COPY loaded {copied} of {len(step.files)} files of {step.contract.table}",
            where=work.session.place,
            fix="run again; if it comes again, check that nothing else writes to schema landing",
        )
    counts = {
        str(rule): int(str(count))
        for rule, count in work.session.execute(sql.validate_landing(step.contract, work.database)).rows
    }
    rows = counts.pop("rows")
    for rule, count in counts.items():
        if count:
            raise _refused(work, step.contract, rule, count)
    return rows


def _key(work: Load, file: str) -> str:
    """A file's name below the stage."""
    prefix = work.lake.rstrip("/") + "/"
    if not file.startswith(prefix):
        raise WarehouseError(
            "Snowflake can only read a lake that lies in a bucket, by its stage",
            where=file,
            fix="set lake.root to an s3:// URL, as profiles/rehearsal.toml and prod.toml do",
        )
    return file.removeprefix(prefix)


def _copied(rows: list[tuple[object, ...]]) -> int:
    """Files that a COPY says it has loaded. It says nothing of them one by one where it had none to load."""
    return sum(len(row) > 1 and str(row[1]).upper() == "LOADED" for row in rows)


def _refused(work: Load, contract: Contract, rule: str, count: int) -> WarehouseError:
    broken = sql.checks(contract, work.database)[rule]
    found = work.session.execute(sql.examples(contract, work.database, broken))
    words = "; ".join(", ".join(f"{n}={v}" for n, v in zip(found.columns, row, strict=True)) for row in found.rows)
    return WarehouseError(
        f"the landing of {contract.table} is refused: {rule}: {count} row{'s' * (count != 1)}, such as {words}",
        where=contract.path or contract.table,
        fix="the warehouse keeps what it had; mend the transformation, then run again",
    )


def _merge(work: Load, step: Pending, rows_in: int) -> TableLoad:
    """Merge, remove, compare the counts; within the load's transaction."""
    contract, touched = step.contract, sql.touched(step.contract, step.partitions)
    merged = work.session.execute(sql.merge(contract, work.database))
    done = {name: int(str(cell)) for name, cell in zip(merged.columns, merged.rows[0], strict=True)}
    gone = work.session.execute(sql.remove_vanished(contract, work.database, touched))
    deleted = int(str(gone.rows[0][0]))
    ((touched_rows, landed, rows),) = work.session.execute(sql.reconcile(contract, work.database, touched)).rows
    if step.partitions != set() and touched_rows != landed:
        raise WarehouseError(
            f"after the merge {contract.table} has {touched_rows} rows where {landed} landed; nothing was kept",
            where=work.session.place,
            fix="check that nothing else writes to schemas raw and landing, then run again",
        )
    inserted, updated = (done.get(f"number of rows {what}", 0) for what in ("inserted", "updated"))
    return TableLoad(rows_in, inserted, updated, deleted, int(str(rows)), step.version)


def _enter(work: Load, done: Sequence[tuple[str, str | None, TableLoad | None]]) -> None:
    """Rows of the history: (table, lake table, what was done); None says that the table was made anew."""
    listed, values = [], []
    for position, (table, lake_table, load) in enumerate(done, start=1):
        made: tuple[object, ...] = (None,) * 7
        if load:
            counts = (load.rows_in, load.inserted, load.updated, load.deleted, load.rows_out)
            made = (load.version, work.snapshot.number, *counts)
        values += [work.load_id if load else "", table, lake_table, *made]
        listed.append(f"({position}, " + ", ".join(["%s"] * (3 + len(made))) + ")")
    names = (
        "load_id, table_name, lake_table, lake_version, snapshot_number, rows_in, inserted, updated, deleted, rows_out"
    )
    numbers = ", ".join(f"v.{name}::BIGINT" for name in names.split(", ")[5:])
    work.session.execute(
        f"INSERT INTO {work.history} SELECT latest.entry + v.place, v.load_id, v.table_name, v.lake_table, "
        f"v.lake_version::BIGINT, v.snapshot_number::BIGINT, CURRENT_TIMESTAMP(), {numbers} "
        f"FROM (VALUES {', '.join(listed)}) AS v (place, {names}) "
        f"CROSS JOIN (SELECT COALESCE(MAX(entry), 0) AS entry FROM {work.history}) AS latest",
        values,
    )
