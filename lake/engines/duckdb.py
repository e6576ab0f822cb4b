"""The DuckDB engine: reads the Parquet files of a table's version itself and spills to disk when memory runs short."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import narwhals as nw

from lake.contract.model import Contract, Type
from lake.duck import configure
from lake.engines import Days, Input, windows
from lake.engines.frames import result
from lake.errors import EngineError, MirrorlakeError
from lake.sql import quoted
from lake.storage.credentials import serve
from lake.storage.faults import is_outage, storage_error
from lake.transforms.model import Frame, HourSpine, Transformation

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

ROWS_PER_BATCH = 131_072
# DuckDB's own default is 80 %: the writer of Delta tables beside it, who holds a part of every partition until it is
# full, then found no room at 100 million rows, and the system killed the process.
MEMORY_LIMIT = "50%"


def _native(kind: Type) -> str:
    plain = {
        "string": "VARCHAR",
        "integer": "BIGINT",
        "float": "DOUBLE",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMPTZ",
    }
    return f"DECIMAL({kind.precision}, {kind.scale or 0})" if kind.kind == "decimal" else plain[kind.kind]


class DuckDBEngine:
    """Runs transformations with DuckDB, each on a connection of its own that is closed after the last batch.

    ``memory_limit`` is DuckDB's own word (``4GB``, ``50%`` of memory); beyond it, it spills to a folder under
    ``temp_directory`` (None: the system's) that is removed with the connection.
    """

    name = "duckdb"

    def __init__(
        self, memory_limit: str = MEMORY_LIMIT, temp_directory: str | None = None, threads: int | None = None
    ) -> None:
        self.memory_limit = memory_limit
        self.temp_directory = temp_directory
        self.threads = threads

    def run(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> pa.RecordBatchReader:
        """See ``Engine.run``."""
        import pyarrow as pa

        resources = contextlib.ExitStack()
        try:
            connection = self._connect(resources)

            def frame(given: Input) -> Frame:
                return nw.from_native(_scan(connection, given))

            def spine(name: str, declared: HourSpine) -> Frame:
                return nw.from_native(_hours(connection, (spines or {})[name], declared))

            relation = result(transformation, inputs, contract, frame=frame, spine=spine, keep=keep).to_native()
            reader = relation.to_arrow_reader(ROWS_PER_BATCH)
        except MirrorlakeError:
            resources.close()
            raise
        except Exception as error:  # whatever the engine says, our callers know one error
            resources.close()
            if is_outage(error):
                raise storage_error(error, contract.table, "read") from error
            raise EngineError(f"duckdb failed on {contract.table}: {error}", where=contract.path or None) from error
        batches = _until_read(reader, resources, contract.table)
        next(batches)
        return pa.RecordBatchReader.from_batches(reader.schema, batches)

    def _connect(self, resources: contextlib.ExitStack) -> duckdb.DuckDBPyConnection:
        import duckdb

        spill = resources.enter_context(tempfile.TemporaryDirectory(prefix="mirrorlake-", dir=self.temp_directory))
        config: dict[str, str | bool | int | float | list[str]] = {
            "temp_directory": spill,
            "preserve_insertion_order": False,
            "memory_limit": self.memory_limit,
        }
        if self.threads:
            config["threads"] = self.threads
        connection = resources.enter_context(contextlib.closing(duckdb.connect(":memory:", config=config)))
        return configure(connection)


def _scan(connection: duckdb.DuckDBPyConnection, given: Input) -> duckdb.DuckDBPyRelation:
    """The contract's columns of the files; no file is an empty relation of the same types."""
    typed = [(quoted(column.name), _native(column.type)) for column in given.contract.columns]
    serve(connection, given.options)
    if not given.files:
        return connection.sql("SELECT " + ", ".join(f"NULL::{kind} AS {name}" for name, kind in typed) + " LIMIT 0")
    return connection.read_parquet(given.files, union_by_name=True).select(", ".join(name for name, _ in typed))


def _hours(connection: duckdb.DuckDBPyConnection, spans: pa.Table, spine: HourSpine) -> duckdb.DuckDBPyRelation:
    """Every hour from the first day's 00:00 to the last day's 23:00, per row of ``spans``."""
    by = ", ".join(quoted(name) for name in spine.by)
    hours = "generate_series(first_day::TIMESTAMPTZ, last_day::TIMESTAMPTZ + INTERVAL 23 HOUR, INTERVAL 1 HOUR)"
    return connection.from_arrow(spans).select(f"{by}, unnest({hours}) AS {quoted(spine.at)}")


def _until_read(
    reader: pa.RecordBatchReader, resources: contextlib.ExitStack, table: str
) -> Iterator[pa.RecordBatch | None]:
    """Hand the batches on, then close the connection and remove what it spilled.

    The first thing given is None: a generator that was begun also ends (and cleans up) when its reader is dropped
    unread, because the commit failed.
    """
    with resources:
        yield None
        try:
            yield from reader
        except Exception as error:
            if is_outage(error):
                raise storage_error(error, table, "read") from error
            raise EngineError(f"duckdb failed on {table}: {error}") from error


def create(**settings: object) -> DuckDBEngine:
    """The engine with its settings."""
    from narwhals._duckdb.expr import DuckDBExpr

    windows.install(DuckDBExpr)
    return DuckDBEngine(**settings)  # type: ignore[arg-type]
