"""The analytical queries: written portably, equal on both databases, and right against plain Python."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest
import sqlglot
from sqlglot import exp
from star_lake import PLACES, StarLake, star

from lake.errors import ConfigError, UnknownChoiceError
from warehouse.backends import backend
from warehouse.backends.base import Backend, Rows
from warehouse.queries import Query, _read, queries, query
from warehouse.stage import stage

NAMES = dict(PLACES)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> StarLake:
    made = StarLake(tmp_path_factory.mktemp("queries") / "lake")
    made.fill(star())
    return made


def _staged(lake: StarLake, database: Backend) -> Backend:
    stage(lake.snapshot(), lake.table, lake.contracts, database, "run-1")
    return database


@pytest.fixture(scope="module")
def on_duckdb(lake: StarLake) -> Backend:
    return _staged(lake, backend("duckdb", folder=lake.root.parent / "staging"))


@pytest.fixture(scope="module")
def on_postgres(lake: StarLake, postgres_url: str) -> object:
    database = _staged(lake, backend("postgres", url=postgres_url, schema="queries"))
    yield database
    database.close()


def test_there_are_fifteen_numbered_in_a_row() -> None:
    assert [one.number for one in queries()] == [f"{number:02d}" for number in range(1, 16)]
    assert all(one.question.endswith("?") for one in queries())


@pytest.mark.postgres
@pytest.mark.parametrize("one", queries(), ids=lambda one: one.number)
def test_equal_rows_on_duckdb_and_postgres(one: Query, on_duckdb: Backend, on_postgres: Backend) -> None:
    expected = on_duckdb.query(one.sql)
    assert expected.rows, "a query without rows compares nothing"
    assert on_postgres.query(one.sql) == expected


@pytest.mark.parametrize("one", queries(), ids=lambda one: one.number)
def test_order_is_total_and_says_where_nulls_go(one: Query, on_duckdb: Backend) -> None:
    tree = sqlglot.parse_one(one.sql, dialect="postgres")
    offset_frames = {window.args["order"] for window in tree.find_all(exp.Window) if _by_value(window)}
    for order in tree.find_all(exp.Order):
        if order in offset_frames or isinstance(order.parent, exp.WithinGroup):
            continue
        assert "NULLS" in order.sql(dialect="duckdb").upper() or all(
            term.args.get("nulls_first") is not None for term in order.expressions
        )
    assert one.sql.count("nulls last") >= 1
    outer = [term.this.sql().split(".")[-1] for term in tree.args["order"].expressions]
    rows = on_duckdb.query(one.sql)
    places = [rows.columns.index(name) for name in outer if name in rows.columns]
    if len(places) == len(outer):  # every term is shown, so that it can be seen whether rows tie
        keys = [tuple(row[place] for place in places) for row in rows.rows]
        assert len(set(keys)) == len(keys)


def _by_value(window: exp.Window) -> bool:
    spec = window.args.get("spec")
    return bool(spec and spec.args.get("kind") == "RANGE")


@pytest.mark.postgres
def test_order_of_names_does_not_follow_the_language_of_the_database(on_postgres: Backend) -> None:
    """``New York`` stands before ``Newark`` by code point, after it in English; both databases have to agree."""
    texts = on_postgres.query(
        "SELECT table_name, column_name, collation_name FROM information_schema.columns "
        "WHERE table_schema = 'queries' AND data_type = 'text' AND table_name NOT LIKE '\\_%'"
    ).rows
    assert len(texts) >= 8
    assert {collation for _, _, collation in texts} == {"C"}
    names = [row[0] for row in on_postgres.query("SELECT location_name FROM dim_location ORDER BY 1").rows]
    assert names == sorted(NAMES.values()) == ["New York", "Newark", "zürich", "Ålesund"]


def _rounded(value: float, digits: int) -> Decimal:
    exact = Decimal(repr(value)).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _by_column(rows: Rows) -> list[dict[str, object]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


def test_monthly_climate_against_plain_python(lake: StarLake, on_duckdb: Backend) -> None:
    days = lake.table("weather_daily").scan().collect().to_dicts()
    answer = {(row["location_name"], row["month_number"]): row for row in _by_column(on_duckdb.query(query("1").sql))}
    assert len(answer) == len({(day["location_id"], day["weather_date"].month) for day in days})
    for (name, month), row in answer.items():
        mine = [d for d in days if NAMES[d["location_id"]] == name and d["weather_date"].month == month]
        rain = [d["precipitation_total_mm"] for d in mine if d["precipitation_total_mm"] is not None]
        means = [d["temperature_mean_c"] for d in mine if d["temperature_mean_c"] is not None]
        assert row["days"] == len(mine)
        assert row["precipitation_total_mm"] == _rounded(sum(rain), 1)
        assert row["temperature_mean_c"] == _rounded(sum(means) / len(means), 1)
        assert row["frost_days"] == sum((d["temperature_min_c"] or 0) < 0 for d in mine)
        assert row["wet_days"] == sum(d["wet_hours"] > 0 for d in mine)


def test_longest_dry_spells_against_plain_python(lake: StarLake, on_duckdb: Backend) -> None:
    days = lake.table("weather_daily").scan().sort("location_id", "weather_date").collect().to_dicts()
    expected: dict[str, list[tuple[int, date]]] = {}
    for place, mine in itertools.groupby(days, key=lambda day: day["location_id"]):
        for dry, spell in itertools.groupby(mine, key=lambda day: day["precipitation_total_mm"] == 0):
            if dry:
                dates = [day["weather_date"] for day in spell]
                expected.setdefault(NAMES[place], []).append((-len(dates), dates[0]))
    for name, rows in itertools.groupby(_by_column(on_duckdb.query(query("06").sql)), lambda r: r["location_name"]):
        found = [(row["days"], row["first_date"], row["last_date"]) for row in rows]
        best = sorted(expected[str(name)])[:3]
        assert found == [(-days, first, first + timedelta(days=-days - 1)) for days, first in best]


def test_missing_hours_against_plain_python(lake: StarLake, on_duckdb: Backend) -> None:
    hours = lake.table("fact_weather_hourly").scan().sort("location_id", "observed_at").collect().to_dicts()
    gaps = [
        (-int((after["observed_at"] - hour["observed_at"]).total_seconds() / 3600 - 1), hour["observed_at"], place)
        for place, mine in itertools.groupby(hours, key=lambda hour: hour["location_id"])
        for hour, after in itertools.pairwise(mine)
        if (after["observed_at"] - hour["observed_at"]).total_seconds() > 3600
    ]
    expected = [(NAMES[place], at.date(), at.hour, -hours) for hours, at, place in sorted(gaps)[:15]]
    assert on_duckdb.query(query("missing_hours").sql).rows == expected


def test_wind_percentiles_against_polars(lake: StarLake, on_duckdb: Backend) -> None:
    hours = lake.table("fact_weather_hourly").scan().drop_nulls("wind_speed_kmh").collect()
    for row in _by_column(on_duckdb.query(query("8").sql)):
        mine = hours.filter(
            pl.col("location_id").replace_strict(NAMES) == row["location_name"],
            pl.col("observed_at").dt.month() == row["month_number"],
        )["wind_speed_kmh"]
        assert row["hours"] == len(mine)
        for share, column in ((0.5, "median"), (0.9, "p90"), (0.99, "p99")):
            value = mine.quantile(share, "linear")
            assert value is not None
            assert float(str(row[f"wind_speed_{column}_kmh"])) == pytest.approx(value, abs=0.0501)


def test_an_unknown_query_lists_the_known() -> None:
    with pytest.raises(UnknownChoiceError, match="unknown query: '16'") as caught:
        query("16")
    assert "07 missing_hours" in str(caught.value)
    assert query("7") == query("07") == query("missing_hours") == query("07_missing_hours")


def test_a_query_without_a_question_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "16_mute.sql"
    path.write_text("select 1\n")
    with pytest.raises(ConfigError, match="does not say what it answers"):
        _read("16", "mute", path)
