"""The Polars engine: lazy frames over the table's files, collected by the streaming engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import narwhals as nw
import polars as pl
import pyarrow as pa

from lake.contract.model import Contract
from lake.engines import Days, Input
from lake.engines.frames import result
from lake.errors import EngineError, MirrorlakeError
from lake.storage.faults import is_outage, storage_error
from lake.transforms.model import Frame, HourSpine, Transformation


def hours(spans: pa.Table, spine: HourSpine) -> pl.LazyFrame:
    """Every hour from the first day's 00:00 to the last day's 23:00, per row of ``spans``."""
    utc = pl.Datetime("us", "UTC")
    first = pl.col("first_day").cast(utc)
    last = pl.col("last_day").cast(utc) + pl.duration(hours=23)
    frame = pl.from_arrow(spans)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy().select(*spine.by, pl.datetime_ranges(first, last, "1h").alias(spine.at)).explode(spine.at)


class PolarsEngine:
    """Runs transformations with Polars; the result is collected, then handed over in batches."""

    name = "polars"

    def run(
        self,
        transformation: Transformation,
        inputs: Mapping[str, Input],
        contract: Contract,
        spines: Mapping[str, pa.Table] | None = None,
        keep: Sequence[Days] | None = None,
    ) -> pa.RecordBatchReader:
        """See ``Engine.run``."""

        def frame(given: Input) -> Frame:
            return nw.from_native(given.scan())

        def spine(name: str, declared: HourSpine) -> Frame:
            return nw.from_native(hours((spines or {})[name], declared))

        try:
            lazy = result(transformation, inputs, contract, frame=frame, spine=spine, keep=keep).to_native()
            collected = lazy.collect(engine="streaming")
        except MirrorlakeError:
            raise
        except (Exception, pl.exceptions.PanicException) as error:  # our callers know one error, and no panic
            if is_outage(error):
                raise storage_error(error, contract.table, "read") from error
            raise EngineError(f"polars failed on {contract.table}: {error}", where=contract.path or None) from error
        return collected.to_arrow(compat_level=pl.CompatLevel.oldest()).to_reader()


def create(**_settings: object) -> PolarsEngine:
    """The engine; it needs no settings."""
    return PolarsEngine()
