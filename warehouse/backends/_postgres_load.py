"""One load of Postgres staging: definitions, TRUNCATE, COPY and the load's mark, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lake.errors import IntegrityError
from lake.writes import committing
from warehouse.backends._postgres_errors import Refused, judged
from warehouse.batch import Batch, select
from warehouse.ddl import create_table
from warehouse.duck import memory
from warehouse.violations import refused

if TYPE_CHECKING:
    from psycopg import sql

ROWS_PER_BATCH = 65_536
LOCK_TIMEOUT = "60s"
_LOADS = (
    "CREATE TABLE IF NOT EXISTS {} (mark text PRIMARY KEY, run_id text NOT NULL, snapshot_number bigint NOT NULL, "
    "loaded_at timestamptz NOT NULL DEFAULT now(), rows text NOT NULL)"
)


@dataclass
class Load:
    """What is loaded where. ``mark`` is unique to this load; ``current`` is the table at work."""

    url: str
    schema: str
    batches: Sequence[Batch]
    run_id: str
    snapshot: int
    mark: str
    target: str
    current: Batch | None = field(default=None, init=False)

    def run(self) -> dict[str, int]:
        """Do it, and give the rows by table. Raises Lost, IntegrityError, StorageError, WarehouseError."""
        import adbc_driver_postgresql.dbapi as adbc

        try:
            with judged(self.url, self.target), adbc.connect(self.url) as connection:
                with connection.cursor() as cursor:
                    self._define(cursor)
                    rows = {batch.contract.table: self._copy(cursor, batch) for batch in self.batches}
                    self._mark(cursor, rows)
                with committing("staging.commit", self.target):
                    connection.commit()
        except Refused as error:
            raise self._integrity_error(str(error)) from None
        return rows

    def _define(self, cursor: Any) -> None:
        """Schema and tables, made anew where their definition is another one, and empty."""
        from psycopg import sql

        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(_text(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(self.schema))))
        cursor.execute(_text(sql.SQL(_LOADS).format(self._name("_loads"))))
        names = [self._name(batch.contract.table) for batch in self.batches]
        schema = _text(sql.Identifier(self.schema))
        wanted = [create_table(batch.contract, "postgres", schema=schema) for batch in self.batches]
        # The key holds all definitions: a table cannot be made anew without those that refer to it.
        key = f"mirrorlake {hashlib.sha256(''.join(wanted).encode()).hexdigest()}"
        listed = sql.SQL(", ").join(names)
        if all(self._comment(cursor, name) == key for name in names):
            cursor.execute(_text(sql.SQL("TRUNCATE {}").format(listed)))
            return
        cursor.execute(_text(sql.SQL("DROP TABLE IF EXISTS {}").format(listed)))
        for name, definition in zip(names, wanted, strict=True):
            cursor.execute(definition)
            cursor.execute(_text(sql.SQL("COMMENT ON TABLE {} IS {}").format(name, sql.Literal(key))))

    def _comment(self, cursor: Any, name: sql.Identifier) -> str | None:
        cursor.execute("SELECT obj_description(to_regclass($1), 'pg_class')", (name.as_string(None),))
        row = cursor.fetchone()
        return None if row is None else row[0]

    def _copy(self, cursor: Any, batch: Batch) -> int:
        """Stream the batch's Parquet files into its table by binary COPY; memory is that of a few batches of rows."""
        from psycopg import sql

        self.current = batch
        table = batch.contract.table
        with memory() as source:
            reader = source.sql(select(source, batch)).to_arrow_reader(ROWS_PER_BATCH)
            cursor.adbc_ingest(table, reader, mode="append", db_schema_name=self.schema)
        cursor.execute(_text(sql.SQL("ANALYZE {}").format(self._name(table))))
        cursor.execute(_text(sql.SQL("SELECT count(*) FROM {}").format(self._name(table))))
        return int(cursor.fetchone()[0])

    def _mark(self, cursor: Any, rows: dict[str, int]) -> None:
        from psycopg import sql

        statement = sql.SQL("INSERT INTO {} (mark, run_id, snapshot_number, rows) VALUES ($1, $2, $3, $4)")
        values = (self.mark, self.run_id, self.snapshot, json.dumps(rows))
        cursor.execute(_text(statement.format(self._name("_loads"))), values)

    def _name(self, table: str) -> sql.Identifier:
        from psycopg import sql

        return sql.Identifier(self.schema, table)

    def _integrity_error(self, said: str) -> IntegrityError:
        assert self.current is not None
        return refused(self.batches, self.current.contract, said, where=self.target)


def _text(statement: sql.Composable) -> str:
    return statement.as_string(None)
