"""The judges of a contract, each as a function from rows to what it says against which of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import psycopg
from judged_rows import ROW, Fed
from psycopg import errors

from lake.contract.model import Contract, Reference
from lake.gate import gate
from pipeline.quality.checks import Checker
from pipeline.quality.frames import read_frame
from pipeline.quality.model import Batch
from warehouse.ddl import check_condition, create_table, foreign_key_name, rule_of

Verdict = dict[str, set[int]]
REFERENCE = "{0.columns[0]}.reference"


def by_gate(fed: Fed) -> Verdict:
    """Each row is a load of its own, so that the gate's counts are a row's; rows of one key share theirs."""
    payloads = [f"load={min(fed.broken['key']) if row in fed.broken['key'] else row}" for row in range(len(fed.frame))]
    named = fed.frame.rename({one.name: one.source_field for one in fed.contract.columns if one.source_field})
    raw = named.with_columns(
        pl.lit(date(2013, 7, 4)).alias("_run_date"),
        pl.lit(1, pl.Int64).alias("_load"),
        pl.Series("_payload", payloads),
        pl.int_range(pl.len()).alias("_position"),
    )
    gated = gate(fed.contract, raw, accept=set(payloads))
    assert gated.valid.height + gated.rejected.height + gated.duplicates == raw.height
    found: Verdict = {rule: set() for rule in fed.broken}
    for row, rules in gated.rejected.select("_position", "rules").iter_rows():
        for rule in rules:
            found[rule].add(row)
    for payload, rule in gated.counts.filter(pl.col("severity") == "warn").select("_payload", "rule").iter_rows():
        found[rule] |= {row for row, name in enumerate(payloads) if name == payload}
    return found


def by_great_expectations(checker: Checker, fed: Fed, folder: Path) -> Verdict:
    """``checks._result_format`` has to name rows by ``ROW``, all of them."""
    path = folder / f"{fed.contract.table}.parquet"
    fed.frame.write_parquet(path)
    frame = read_frame(fed.contract, Batch(fed.contract.table, fed.contract.table, files=(str(path),)))
    frame[ROW] = range(len(frame))
    found: Verdict = {}
    for result in checker.check_frame(fed.contract, frame, fed.contract.table):
        assert result.error is None, result
        assert result.unexpected == len(result.examples), result
        if result.rule in fed.broken:
            found[result.rule] = {int(example[ROW]) for example in result.examples}
            assert result.passed == (not found[result.rule])
            assert result.severity == _severity(fed.contract, result.rule)
    return found


def _severity(contract: Contract, name: str) -> str:
    return next((rule.severity for rule in contract.rules if rule.name == name), "error")


class DuckDbJudge:
    """A table with the constraints of the contract in DuckDB. It names a check by its text, so that is looked up."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA judged")

    def refusals(self, contract: Contract, rows: pl.DataFrame) -> list[str]:
        """What is said against each row alone: a rule's name, a reference's, ``key``, or nothing."""
        said = self._said(contract)
        return [self._refusal(contract, rows[place], said) for place in range(len(rows))]

    def together(self, contract: Contract, rows: pl.DataFrame, *, keep: bool = False) -> str:
        """What is said against the rows as one."""
        return self._refusal(contract, rows, self._said(contract), keep=keep)

    def create(self, contract: Contract, *, references: bool) -> None:
        self.connection.execute(create_table(contract, "duckdb", schema="judged", references=references))

    def close(self) -> None:
        self.connection.close()

    def _refusal(self, contract: Contract, rows: pl.DataFrame, said: Mapping[str, str], *, keep: bool = False) -> str:
        given = rows.to_arrow()
        try:
            self.connection.execute(f"BEGIN; INSERT INTO judged.{contract.table} SELECT * FROM given")
        except duckdb.ConstraintException as error:
            self.connection.execute("ROLLBACK")
            return next((rule for text, rule in said.items() if text in str(error)), str(error))
        finally:
            del given
        self.connection.execute("COMMIT" if keep else "ROLLBACK")
        return ""

    def _said(self, contract: Contract) -> dict[str, str]:
        texts = self.connection.execute(
            "SELECT constraint_text FROM duckdb_constraints() "
            "WHERE table_name = ? AND constraint_type = 'CHECK' ORDER BY constraint_index",
            [contract.table],
        ).fetchall()
        checked = [rule for rule in contract.rules if check_condition(rule, contract, "duckdb") is not None]
        said = {text: rule.name for rule, (text,) in zip(checked, texts, strict=True)}
        for rule in contract.rules:
            if rule.kind == "required":
                said[f"NOT NULL constraint failed: {contract.table}.{rule.columns[0]}"] = rule.name
        for reference in contract.references:
            said[f'key "{", ".join(f"{name}: " for name in reference.to_columns)}'] = REFERENCE.format(reference)
        return said | {"PRIMARY KEY or UNIQUE constraint violation": "key"}


class PostgresJudge:
    """The same in Postgres, which names the constraint."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url)
        self.connection.execute("SET TimeZone = 'UTC'")
        self.schema = f"judged_{uuid.uuid4().hex[:12]}"
        self.connection.execute(f"CREATE SCHEMA {self.schema}")  # gone at the end: nothing is committed

    def refusals(self, contract: Contract, rows: pl.DataFrame) -> list[str]:
        return [self.together(contract, rows[place]) for place in range(len(rows))]

    def together(self, contract: Contract, rows: pl.DataFrame, *, keep: bool = False) -> str:
        places = ", ".join(["%s"] * rows.width)
        try:
            with self.connection.transaction(force_rollback=not keep), self.connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {self.schema}.{contract.table} VALUES ({places})", rows.rows())  # type: ignore[arg-type]
        except errors.IntegrityError as error:
            return _rule_of(contract, error)
        return ""

    def create(self, contract: Contract, *, references: bool) -> None:
        self.connection.execute(create_table(contract, "postgres", schema=self.schema, references=references))  # type: ignore[arg-type]

    def close(self) -> None:
        self.connection.rollback()
        self.connection.close()


def _rule_of(contract: Contract, error: errors.IntegrityError) -> str:
    name = error.diag.constraint_name or ""
    if isinstance(error, errors.NotNullViolation):
        return f"{error.diag.column_name}.required"
    if isinstance(error, errors.UniqueViolation):
        return "key"
    if isinstance(error, errors.ForeignKeyViolation):
        return next(REFERENCE.format(one) for one in contract.references if foreign_key_name(one) == name)
    rule = rule_of(contract, name)
    return rule.name if rule else name


def reference_name(reference: Reference) -> str:
    """How a judge calls a reference."""
    return REFERENCE.format(reference)


def make_raw(path: Path, fed: Mapping[str, Fed]) -> None:
    """A warehouse whose raw tables hold good and bad rows alike, as no load would leave it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened(path) as connection:
        connection.execute("CREATE SCHEMA raw")
        for one in fed.values():
            rows = one.numbered.select(*one.contract.column_names, ROW).to_arrow()
            connection.execute(create_table(one.contract, "duckdb", schema="raw", constraints=False))
            connection.execute(f"ALTER TABLE raw.{one.contract.table} ADD COLUMN {ROW} BIGINT")
            connection.execute(f"INSERT INTO raw.{one.contract.table} SELECT * FROM rows")
            del rows


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


class CompiledTest:
    """One of dbt's tests as SQL, asked about some of the rows."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str, table: str) -> None:
        self._connection = connection
        quoted = f'"raw"."{table}"'
        database = sql.split(f".{quoted}")[0].split()[-1].strip("(")
        self._name = f"{database}.{quoted}"
        assert self._name in sql, sql
        self._sql, self._table = sql, table

    def failing(self, rows: set[int]) -> list[tuple[Any, ...]]:
        """What the test finds among these rows."""
        chosen = ", ".join(map(str, sorted(rows))) or "null"
        some = f"(SELECT * FROM raw.{self._table} WHERE {ROW} IN ({chosen}))"
        return self._connection.execute(self._sql.replace(self._name, some)).fetchall()
