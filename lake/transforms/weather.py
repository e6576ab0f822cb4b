"""The weather's gold tables: hours on a complete spine, their 7-day windows, days, and the star schema.

Silver -> weather_hourly -> weather_hourly_rolling, weather_daily, dim_date -> fact_weather_hourly. Every function is
pure: no clock, no run date, no engine of its own.
"""

from __future__ import annotations

from typing import Annotated

import narwhals as nw

from lake.transforms.calendar import date_key
from lake.transforms.meteorology import DEGREE_DAY_BASE_C, WET_MM, apparent_temperature_c, condition
from lake.transforms.model import Frame, HourSpine, transformation

KEY = ["location_id", "observed_at"]
MEASURES = (
    "temperature_c", "dew_point_c", "relative_humidity_percent", "precipitation_mm", "wind_speed_kmh",
    "wind_direction_degrees", "wind_gust_kmh", "pressure_hpa", "visibility_m",
)  # fmt: skip
HOURS_7D = 168
DAYS_7D = 7


def _hour(at: str) -> nw.Expr:
    return nw.col(at).dt.truncate("1h")


def _one_per_hour(observations: Frame) -> Frame:
    """What stands for each hour: the observation on the hour, else the last one within it, moved to the hour.

    Places whose zone is off by half an hour report between the hours. Rows within an hour that has its own stay as
    they are, and meet no hour of the spine. The usual case, all on the hour and so unique by key, needs no sort.
    """
    within = (
        observations.filter(nw.col("observed_at") != _hour("observed_at"))
        .with_columns(_hour=_hour("observed_at"))
        .unique(["location_id", "_hour"], keep="last", order_by=["observed_at"])
        .join(observations.select(*KEY), left_on=["location_id", "_hour"], right_on=KEY, how="anti")
        .with_columns(observed_at=nw.col("_hour"))
    )
    return nw.concat([observations.select(*KEY, *MEASURES), within.select(*KEY, *MEASURES)])


@transformation
def weather_hourly(
    weather_observations: Frame,
    weather_locations: Frame,
    *,
    hour_spine: Annotated[Frame, HourSpine("weather_observations", by=("location_id",), at="observed_at")],
) -> Frame:
    """Every UTC hour of each place, gaps flagged, with what is derived from the hour's own measures.

    ``weather_locations`` is read for the reference alone: an observation whose place has not arrived is held back
    before it comes here (``lake.engines.frames.hold``), and so is its place's spine.
    """
    observed = _one_per_hour(weather_observations).with_columns(_observed=nw.lit(value=True))
    return hour_spine.join(observed, on=KEY, how="left").with_columns(
        observed_date=nw.col("observed_at").dt.date(),
        is_gap=nw.col("_observed").is_null(),
        apparent_temperature_c=apparent_temperature_c(
            nw.col("temperature_c"), nw.col("relative_humidity_percent"), nw.col("wind_speed_kmh")
        ),
        dew_point_spread_c=nw.col("temperature_c") - nw.col("dew_point_c"),
        condition=condition(
            nw.col("precipitation_mm"), nw.col("temperature_c"), nw.col("visibility_m"), nw.col("wind_speed_kmh")
        ),
    )


def _window(value: nw.Expr, order: str) -> nw.Expr:
    """Over the rows of one place in the order of ``order``, which is unique within it."""
    return value.over("location_id", order_by=order)


@transformation
def weather_hourly_rolling(weather_hourly: Frame) -> Frame:
    """Means and sums of the observed values of this and the 167 hours before: 168 rows of a spine are 7 days.

    Null where the window has no observation; a window at the start of a place has fewer hours.
    """

    def mean(measure: str) -> nw.Expr:
        return _window(nw.col(measure).rolling_mean(HOURS_7D, min_samples=1), "observed_at")

    precipitation = _window(nw.col("precipitation_mm").rolling_sum(HOURS_7D, min_samples=1), "observed_at")
    observed = nw.when(nw.col("is_gap")).then(nw.lit(0.0)).otherwise(nw.lit(1.0))
    return (
        weather_hourly.select(
            *KEY, "temperature_c", "relative_humidity_percent", "wind_speed_kmh", "precipitation_mm", _observed=observed
        )
        .with_columns(
            temperature_mean_7d_c=mean("temperature_c"),
            relative_humidity_mean_7d_percent=mean("relative_humidity_percent"),
            wind_speed_mean_7d_kmh=mean("wind_speed_kmh"),
            # A running sum may leave -1e-17 where it has been raining: a sum of amounts is never below zero.
            precipitation_sum_7d_mm=precipitation.clip(lower_bound=0.0),
            _observed_7d=_window(nw.col("_observed").rolling_sum(HOURS_7D, min_samples=1), "observed_at"),
        )
        .with_columns(observed_hours_7d=nw.col("_observed_7d").round(0).cast(nw.Int64()))
    )


def _count_where(predicate: nw.Expr) -> nw.Expr:
    """How many rows of a group hold; a null does not."""
    return nw.when(predicate).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64()).sum()


@transformation
def weather_daily(weather_hourly: Frame) -> Frame:
    """One row per place and UTC day of the spine.

    Means, minima, maxima and totals are of the observed values, null where there is none. Wet hours have at least
    WET_MM of precipitation. Degree days count from the day's mean temperature against DEGREE_DAY_BASE_C.
    """
    days = weather_hourly.group_by("location_id", "observed_date").agg(
        temperature_mean_c=nw.col("temperature_c").mean(),
        temperature_min_c=nw.col("temperature_c").min(),
        temperature_max_c=nw.col("temperature_c").max(),
        _temperature_sum=nw.col("temperature_c").sum(),
        _temperature_hours=nw.col("temperature_c").count().cast(nw.Float64()),
        _precipitation_sum=nw.col("precipitation_mm").sum(),
        _precipitation_hours=nw.col("precipitation_mm").count(),
        wet_hours=_count_where(nw.col("precipitation_mm") >= WET_MM),
        observed_hours=_count_where(~nw.col("is_gap")),
        gap_hours=_count_where(nw.col("is_gap")),
        wind_speed_mean_kmh=nw.col("wind_speed_kmh").mean(),
        wind_speed_max_kmh=nw.col("wind_speed_kmh").max(),
        pressure_mean_hpa=nw.col("pressure_hpa").mean(),
    )
    week_sum = _window(nw.col("_temperature_sum").rolling_sum(DAYS_7D, min_samples=1), "observed_date")
    week_hours = _window(nw.col("_temperature_hours").rolling_sum(DAYS_7D, min_samples=1), "observed_date")
    mean = nw.col("temperature_mean_c")
    return days.with_columns(_week_sum=week_sum, _week_hours=week_hours).with_columns(
        weather_date=nw.col("observed_date"),
        date_key=date_key(nw.col("observed_date")),
        temperature_mean_7d_c=nw.when(nw.col("_week_hours") > 0.5).then(nw.col("_week_sum") / nw.col("_week_hours")),
        precipitation_total_mm=nw.when(nw.col("_precipitation_hours") > 0).then(nw.col("_precipitation_sum")),
        heating_degree_days_c=(DEGREE_DAY_BASE_C - mean).clip(lower_bound=0.0),
        cooling_degree_days_c=(mean - DEGREE_DAY_BASE_C).clip(lower_bound=0.0),
    )


@transformation
def dim_location(weather_locations: Frame) -> Frame:
    """The places, one row each."""
    return weather_locations


@transformation
def fact_weather_hourly(weather_hourly: Frame, weather_hourly_rolling: Frame) -> Frame:
    """The observed hours (gaps left out) with the keys of their dimensions and the 7-day values of their hour."""
    week = weather_hourly_rolling.select(*KEY, "temperature_mean_7d_c", "precipitation_sum_7d_mm")
    return (
        weather_hourly.filter(~nw.col("is_gap"))
        .join(week, on=KEY, how="left")
        .with_columns(
            date_key=date_key(nw.col("observed_at")),
            hour_of_day=nw.col("observed_at").dt.hour().cast(nw.Int64()),
        )
    )
