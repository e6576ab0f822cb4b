"""Rows on their way to Great Expectations: DuckDB reads them where they lie, and hands them over as Arrow."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lake.contract.model import Contract
from lake.duck import configure
from lake.sql import literal, quoted
from lake.storage.credentials import serve
from pipeline.quality.model import Batch
from pipeline.quality.suite import helper_columns

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def read_frame(contract: Contract, batch: Batch) -> pd.DataFrame:
    """The batch's rows and its helper columns as an Arrow-backed frame."""
    with opened(batch.database) as connection:
        serve(connection, batch.options)
        origin = batch.relation or f"read_parquet([{', '.join(map(literal, batch.files))}], union_by_name = true)"
        found = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {origin}").fetchall()]  # noqa: S608
        columns = [quoted(name) for name in contract.column_names if name in found]
        columns += [f"{sql} AS {quoted(name)}" for name, sql in helper_columns(contract).items()]
        return frame_of(connection, f"SELECT {', '.join(columns)} FROM {origin}")  # noqa: S608


@contextlib.contextmanager
def opened(database: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database file, read-only; None: one in memory."""
    import duckdb

    connection = duckdb.connect(database or ":memory:", read_only=database is not None)
    try:
        configure(connection)
        yield connection
    finally:
        connection.close()


def frame_of(connection: duckdb.DuckDBPyConnection, query: str) -> pd.DataFrame:
    """The rows of a query as an Arrow-backed frame."""
    import pandas as pd

    table: Any = connection.sql(query).to_arrow_table()
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def count_rows(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows ``schema.table`` has."""
    name = ".".join(map(quoted, table.split(".")))
    [(rows,)] = connection.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608
    return int(rows)
