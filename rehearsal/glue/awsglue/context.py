"""The context that holds the Spark session."""

from __future__ import annotations

from typing import Any


class GlueContext:
    """Around a SparkContext; ``spark_session`` is its session."""

    def __init__(self, sparkContext: Any, **options: Any) -> None:  # noqa: N803 (AWS's name)
        from pyspark.sql import SparkSession

        self.spark_session = SparkSession(sparkContext)
