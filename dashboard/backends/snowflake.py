"""Snowflake: the schema ``published``, read in the role that sees nothing else, by one session of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pandas as pd

from dashboard.backends import SupersededError, Version
from lake.errors import UsageError
from pipeline.settings import Settings
from pipeline.warehouses import open_warehouse
from warehouse.warehouses.snowflake import LostSessionError, SnowflakeReader, SnowflakeWarehouse

T = TypeVar("T")

_readers: dict[str, SnowflakeReader] = {}  # by place; opened when first used
_one_at_a_time = threading.RLock()  # pages are threads of one process


def place(settings: Settings) -> str:
    """Account, database and schema."""
    return open_warehouse(settings).published_place


def current(settings: Settings) -> Version | None:
    """What the published schema says of itself; None before the first publication."""
    return _answered(settings, _version)


def ask(settings: Settings, version: Version, sql: str, parameters: Sequence[object]) -> pd.DataFrame:
    """The rows, if that version was still the published one after they were read: else they may be of another."""
    if "%" in sql:
        raise UsageError("a percent sign cannot stand in a question to Snowflake", where=sql)

    def asked(reader: SnowflakeReader) -> pd.DataFrame:
        table = reader.session.fetch_arrow(sql.replace("?", "%s"), list(parameters))
        if _version(reader) != version:
            raise SupersededError(version.name)
        return _frame(table)

    return _answered(settings, asked)


def _answered(settings: Settings, question: Callable[[SnowflakeReader], T]) -> T:
    """The answer to a question, asked again in a new session where the old one was lost."""
    where = place(settings)
    with _one_at_a_time:
        for is_last in (False, True):
            try:
                if where not in _readers:
                    warehouse = open_warehouse(settings)
                    assert isinstance(warehouse, SnowflakeWarehouse)
                    _readers[where] = warehouse.open_reader()
                return question(_readers[where])
            except LostSessionError:
                lost = _readers.pop(where, None)
                if lost is not None:
                    lost.session.close()
                if is_last:
                    raise
    raise AssertionError("the last try returns or raises")


def _version(reader: SnowflakeReader) -> Version | None:
    standing = reader.standing()
    return Version(standing.run_id, standing.published_at, standing.stale) if standing else None


def _frame(table: Any) -> pd.DataFrame:
    """As the pages know frames from DuckDB: numbers as such however narrow they came, dates as timestamps."""
    import pyarrow as pa

    def kind(found: Any) -> Any:
        if pa.types.is_decimal(found):
            return pa.int64() if found.scale == 0 else pa.float64()
        if pa.types.is_integer(found):
            return pa.int64()
        return pa.timestamp("us") if pa.types.is_date(found) else found

    schema = pa.schema([pa.field(field.name, kind(field.type)) for field in table.schema])
    frame: pd.DataFrame = table.cast(schema).to_pandas()
    return frame
