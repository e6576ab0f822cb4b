"""Every layer against an oracle that shares no code with it: three dates run one by one, then the year's totals."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.workspace import Workspace, open_workspace
from tests.conftest import RunCli
from tests.flow.oracle import FIELDS, PLACES, Oracle, days_between, same

# The clock goes forward, a plain summer's day, the clock goes back. Out of order, on purpose.
THREE_DATES = (date(2013, 11, 3), date(2013, 3, 10), date(2013, 7, 4))
YEAR = days_between(date(2013, 1, 1), date(2013, 12, 30))


def rows(workspace: Workspace, table: str) -> list[dict[str, Any]]:
    return workspace.table(table).scan().collect().to_dicts()


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    import duckdb

    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(sql).fetchall()


@pytest.mark.slow
def test_three_dates_in_every_layer(run_cli: RunCli) -> None:
    for day in THREE_DATES:
        done = run_cli("run", "--run-date", str(day), "--json")
        assert done.exit_code == 0, done.text
    oracle, workspace = Oracle.of(THREE_DATES), open_workspace()
    assert len(workspace.bronze.loads("openmeteo", "archive")) == len(THREE_DATES) * len(PLACES)
    check_silver(workspace, oracle)
    check_hourly(workspace, oracle)
    check_daily(rows(workspace, "weather_daily"), oracle)
    check_fact_and_dimensions(workspace, oracle)
    check_databases(workspace, oracle)


def check_silver(workspace: Workspace, oracle: Oracle) -> None:
    silver = {(row["location_id"], row["observed_at"]): row for row in rows(workspace, "weather_observations")}
    assert silver.keys() == oracle.observed.keys()
    for key, expected in oracle.observed.items():
        assert all(same(silver[key][name], expected[name]) for name in FIELDS.values()), key


def check_hourly(workspace: Workspace, oracle: Oracle) -> None:
    hourly = {(row["location_id"], row["observed_at"]): row for row in rows(workspace, "weather_hourly")}
    assert hourly.keys() == {(place, at) for place in PLACES for at in oracle.hours}
    for key, row in hourly.items():
        assert row["is_gap"] == (key not in oracle.observed), key
        if not row["is_gap"]:
            assert all(same(row[name], value) for name, value in oracle.derived(*key).items()), key


def check_daily(daily: list[dict[str, Any]], oracle: Oracle) -> None:
    found = {(row["location_id"], row["weather_date"]): row for row in daily}
    assert found.keys() == {(place, day) for place in PLACES for day in oracle.days}
    for (place, day), row in found.items():
        for name, expected in oracle.day(place, day).items():
            assert same(row[name], expected), (place, day, name, row[name], expected)


def check_fact_and_dimensions(workspace: Workspace, oracle: Oracle) -> None:
    fact = {(row["location_id"], row["observed_at"]): row for row in rows(workspace, "fact_weather_hourly")}
    assert fact.keys() == oracle.observed.keys()
    for (_, at), row in fact.items():
        assert (row["date_key"], row["hour_of_day"]) == (int(f"{at:%Y%m%d}"), at.hour)
    dates = {row["calendar_date"]: row for row in rows(workspace, "dim_date")}
    assert sorted(dates) == oracle.days
    for day, row in dates.items():
        assert (row["iso_year"], row["iso_week"], row["day_of_week"]) == tuple(day.isocalendar())
        assert row["month_name"] == f"{day:%B}"
    assert {row["location_id"] for row in rows(workspace, "dim_location")} == set(PLACES)


def check_databases(workspace: Workspace, oracle: Oracle) -> None:
    from warehouse import pointer
    from warehouse.publish import published_path

    settings = workspace.settings
    staged = pointer.current(settings.staging.folder)
    published = published_path(settings.publish.folder)
    assert staged is not None
    assert published is not None
    count = [(len(oracle.observed),)]
    assert ask(staged, "SELECT count(*) FROM staging.fact_weather_hourly") == count
    assert ask(settings.warehouse.path, "SELECT count(*) FROM raw.fact_weather_hourly") == count
    assert ask(published, "SELECT count(*) FROM marts.mart_weather_hourly") == count
    marts = ask(published, "SELECT location_id, weather_date, temperature_mean_c FROM marts.mart_weather_daily")
    for place, day, mean in marts:
        assert same(mean, oracle.day(place, as_date(day))["temperature_mean_c"]), (place, day)


def as_date(value: object) -> date:
    return value.date() if isinstance(value, datetime) else date.fromisoformat(str(value))


JOBS = ("--job", "ingest", "--job", "silver", "--job", "gold")


@pytest.mark.slow
def test_the_years_totals(run_cli: RunCli) -> None:
    done = run_cli(
        "run",
        "--from",
        str(YEAR[0]),
        "--to",
        str(YEAR[-1]),
        "--job",
        "ingest",
        "--job",
        "silver",
        "--job",
        "gold",
        "--json",
    )
    assert done.exit_code == 0, done.text
    stages = {stage["stage"]: stage for stage in json.loads(done.out)["stages"]}
    oracle, workspace = Oracle.of(YEAR), open_workspace()
    observations = next(t for t in stages["silver"]["tables"] if t["table"] == "weather_observations")
    assert (observations["rows_in"], observations["valid"], observations["rejected"]) == (26_115, 26_114, 1)
    assert len(oracle.observed) == 26_114
    daily = workspace.table("weather_daily").scan().collect()
    assert daily.height == len(YEAR) * len(PLACES)
    for place in PLACES:
        of = daily.filter(pl.col("location_id") == place)
        rain = oracle.values(place, oracle.hours, "precipitation_mm")
        assert same(math.fsum(of["precipitation_total_mm"].drop_nulls()), math.fsum(rain))
        assert of["observed_hours"].sum() == sum(key[0] == place for key in oracle.observed)
        assert of["wet_hours"].sum() == sum(value >= 0.1 for value in rain)
    check_daily(daily.to_dicts(), oracle)
