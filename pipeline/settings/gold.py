"""What can be set of gold: the engine, where it runs, and how Spark does."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pipeline.settings.values import POSITIVE


@dataclass(frozen=True)
class GoldSettings:
    """What executes the transformations, on which machine, and how finely their tables are partitioned.

    ``runs_on``: this process, or a job of AWS Glue or EMR Serverless that the stage starts and waits for.
    ``partition_by``: ``day`` overrules the contracts, so that every table that is partitioned at all is so by the day.
    """

    engine: Literal["polars", "duckdb", "spark"] = "polars"
    runs_on: Literal["here", "glue", "emr-serverless"] = "here"
    partition_by: Literal["contract", "day"] = "contract"


@dataclass(frozen=True)
class SparkSettings:
    """How the engine ``spark`` runs: on this machine (``local[*]``), or in the session that is there (``given``).

    ``jars`` keeps what Spark needs for Delta and S3, for all environments. ``quick_start`` compiles little: right for
    minutes of work, wrong for hours.
    """

    master: str = "local[*]"
    memory: str = "2g"
    shuffle_partitions: int = field(default=4, metadata=POSITIVE)
    quick_start: bool = True
    jars: Path = Path("data/jars")
