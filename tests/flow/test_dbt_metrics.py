"""``mirrorlake metrics``: what MetricFlow computes equals the metric marts; wrong words are told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_warehouse import make_warehouse, opened

from lake.errors import DamagedError, UnknownChoiceError, WarehouseError
from pipeline.dbtworker.metrics import Metrics, Question
from pipeline.dbtworker.worker import DbtWorker
from pipeline.settings import load_settings
from warehouse.publish import open_published, publish
from warehouse.warehouses.duckdb import DuckDBReader

REPOSITORY = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which 40 days are built and published."""
    data = tmp_path_factory.mktemp("metrics") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORLAKE_ROOT", str(REPOSITORY))
        patch.setenv("MIRRORLAKE_DATA", str(data))
        settings = load_settings("dev")
    path = make_warehouse(settings.warehouse.path, days=40)
    with opened(path) as connection:  # a day without any observation: no value, no share, no error
        connection.execute("delete from raw.fact_weather_hourly where location_id = 'lga' and date_key = 20130705")
        connection.execute(
            "update raw.weather_daily set temperature_mean_c = null, temperature_min_c = null, "
            "temperature_max_c = null, temperature_mean_7d_c = null, precipitation_total_mm = null, "
            "heating_degree_days_c = null, cooling_degree_days_c = null, wet_hours = 0, observed_hours = 0, "
            "gap_hours = 24 where location_id = 'lga' and date_key = 20130705"
        )
    with DbtWorker.of(settings) as worker:
        assert worker.build().failures == ()
    publish(path, settings.publish.folder, "run-1")
    return data


@pytest.fixture
def call(data: Path, run_cli: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("MIRRORLAKE_DATA", str(data))
    return run_cli


@pytest.fixture
def metrics(data: Path) -> Metrics:
    return Metrics.read(data / "dbt" / "target" / "semantic_manifest.json")


@pytest.mark.parametrize(
    ("word", "mart", "column"),
    [
        ("day", "mart_weather_metrics_daily", "weather_date"),
        ("month", "mart_weather_metrics_monthly", "month_start_date"),
    ],
)
def test_metrics_equal_the_metric_marts(metrics: Metrics, data: Path, word: str, mart: str, column: str) -> None:
    names = tuple(metrics.metrics)
    with open_published(data / "published") as connection:
        answer = metrics.ask(DuckDBReader(connection), Question(names, (word, "location")))
        expected = connection.execute(
            f"select {column}, location_id, {', '.join(names)} from {mart} order by all"
        ).fetchall()
    assert answer.columns == (word, "location", *names)
    assert len(answer.rows) == len(expected) == (120 if word == "day" else 9)
    for row, other in zip(answer.rows, expected, strict=True):
        assert row[:2] == other[:2]
        for name, value, same in zip(names, row[2:], other[2:], strict=True):
            assert value == same or math.isclose(value, same, abs_tol=1e-9), (name, row, other)
    if word == "day":
        empty = next(row for row in expected if row[:2] == (date(2013, 7, 5), "lga"))
        assert dict(zip(names, empty[2:], strict=True))["wet_hour_share"] is None


def test_metrics_over_all_places_weigh_them_alike(metrics: Metrics, data: Path) -> None:
    with open_published(data / "published") as connection:
        answer = metrics.ask(DuckDBReader(connection), Question(("wet_hours", "average_temperature_c"), ("year",)))
        days = connection.execute("select wet_hours, temperature_mean_c from mart_weather_daily").fetchall()
    ((year, wet, mean),) = answer.rows
    temperatures = [temperature for _, temperature in days if temperature is not None]
    assert (year, wet) == (date(2013, 1, 1), sum(hours for hours, _ in days))
    assert math.isclose(mean, math.fsum(temperatures) / len(temperatures), abs_tol=1e-9)


def test_without_argument_metrics_and_words_are_listed(call: Call) -> None:
    listed = call("metrics")
    assert listed.exit_code == 0
    for word in ("average_temperature_c", "heating_degree_days_c", "group by: day, week, month", "station_code"):
        assert word in listed.out
    document = json.loads(call("metrics", "--json").out)
    assert {metric["name"] for metric in document["metrics"]} >= {"precipitation_total_mm", "wet_hours"}


def test_values_by_day_and_place(call: Call) -> None:
    asked = call(
        *("metrics", "wet_hours", "--group-by", "day,station_code", "--json"),
        *("--from", "2013-06-29", "--to", "2013-06-30", "--location", "Newark Liberty", "--location", "jfk"),
    )
    rows = json.loads(asked.out)
    assert [(row["day"], row["station_code"]) for row in rows] == [
        ("2013-06-29", "EWR"),
        ("2013-06-29", "JFK"),
        ("2013-06-30", "EWR"),
        ("2013-06-30", "JFK"),
    ]
    table = call("metrics", "average_temperature_c", "--from", "2013-07-01", "--to", "2013-07-01")
    assert table.out.splitlines()[0].split() == ["day", "average_temperature_c"]
    assert table.out.splitlines()[1].startswith("2013-07-01")
    assert 'FROM "published"."marts"."mart_weather_daily"' in call("metrics", "wet_hours", "--sql").out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_such"], "unknown metric: 'no_such'"),
        (["wet_hours", "--group-by", "hour"], "choose one of: country_code, day"),
        (["wet_hours", "--location", "Boston'); drop table x; --"], "choose one of: New York JFK"),
        (["wet_hours", "--from", "2013-7-1"], "YYYY-MM-DD"),
        (["wet_hours", "--from", "2013-07-02", "--to", "2013-07-01"], "swap them"),
        (["--group-by", "day"], "no metric is named"),
        (["wet_hours", "--group-by", ""], "--group-by is given, but empty"),
    ],
)
def test_wrong_words_are_told(call: Call, arguments: list[str], said: str) -> None:
    asked = call("metrics", *arguments)
    assert asked.exit_code == 2
    assert said in asked.err
    assert "Traceback" not in asked.text


def test_before_the_first_run(run_cli: Call, project: Path) -> None:
    asked = run_cli("metrics", "wet_hours")
    assert asked.exit_code == 1
    assert "nothing is published yet" in asked.err
    assert "mirrorlake run" in asked.err


def test_a_damaged_manifest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "semantic_manifest.json"
    for text in ("", "{", "[]", "{}"):
        path.write_text(text)
        with pytest.raises(DamagedError, match="cannot be read"):
            Metrics.read(path)


def test_a_question_about_what_is_not_there_fails_clearly(metrics: Metrics) -> None:
    with duckdb.connect() as connection:
        with pytest.raises(UnknownChoiceError, match="metric"):
            metrics.ask(DuckDBReader(connection), Question(("nope",)))
        with pytest.raises(WarehouseError, match="could not be computed"):
            metrics.ask(DuckDBReader(connection), Question(("wet_hours",)))
