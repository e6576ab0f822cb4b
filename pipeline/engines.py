"""The engine that the settings ask for, opened for one stage: of Spark one session, however many tables and dates."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lake.engines import CommittingEngine, Engine, engine

if TYPE_CHECKING:
    from pipeline.settings import Settings


@contextmanager
def opened_engine(settings: Settings) -> Iterator[Engine]:
    """The engine; what it started is ended afterwards. Raises MissingExtraError, StorageError (jars), EngineError."""
    made = engine(settings.gold.engine, **_arguments(settings))
    try:
        yield made
    finally:
        if isinstance(made, CommittingEngine):
            made.close()


def _arguments(settings: Settings) -> dict[str, object]:
    """What the engine takes beside its name."""
    if settings.gold.engine != "spark":
        return {}
    from lake.engines.spark_session import GIVEN
    from pipeline.jars import jars

    spark = settings.spark
    return {
        "master": spark.master,
        "jars": () if spark.master == GIVEN else jars(spark.jars, settings.root),
        "memory": spark.memory,
        "shuffle_partitions": spark.shuffle_partitions,
        "quick_start": spark.quick_start,
        "credentials": settings.s3.credentials() if "://" in settings.lake.root else None,
    }
