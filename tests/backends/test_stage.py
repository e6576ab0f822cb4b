"""Staging on every backend: the same rows, all or nothing, and the database itself refuses what breaks a constraint."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from star_lake import StarLake, star

from lake.contract.model import Column, Contract, Partition, Type
from lake.errors import IntegrityError, UnknownChoiceError, WarehouseError
from warehouse.backends import backend, known
from warehouse.backends.base import Backend
from warehouse.stage import StageResult, stage


def _stage(lake: StarLake, database: Backend, run_id: str = "run-1") -> StageResult:
    return stage(lake.snapshot(), lake.table, lake.contracts, database, run_id)


def _staged_rows(lake: StarLake, database: Backend, name: str) -> list[tuple[object, ...]]:
    contract = lake.contracts[name]
    order = ", ".join(contract.primary_key)
    return database.query(f"SELECT {', '.join(contract.column_names)} FROM {name} ORDER BY {order}").rows


def _counts(lake: StarLake, database: Backend) -> dict[str, object]:
    return {name: database.query(f"SELECT count(*) FROM {name}").rows[0][0] for name in lake.contracts}


def test_backends_are_the_files_of_the_folder() -> None:
    assert known() == ("duckdb", "postgres")
    with pytest.raises(UnknownChoiceError, match=r"(?s)unknown backend: 'oracle'.*choose one of: duckdb, postgres"):
        backend("oracle")


def test_every_value_arrives_exactly(full_lake: StarLake, database: Backend) -> None:
    result = _stage(full_lake, database)
    assert result.target == database.target
    for name, rows in result.tables.items():
        expected = full_lake.rows(name)
        assert rows == len(expected) > 0
        assert _staged_rows(full_lake, database, name) == expected


def test_staging_again_replaces_what_was_there(full_lake: StarLake, database: Backend) -> None:
    first = _stage(full_lake, database)
    assert _stage(full_lake, database, "run-2").tables == first.tables
    full_lake.fill(star(days=3, places=1))
    _stage(full_lake, database, "run-3")
    for name in full_lake.contracts:
        assert _staged_rows(full_lake, database, name) == full_lake.rows(name)


def test_empty_tables_are_staged(lake: StarLake, database: Backend) -> None:
    lake.fill({name: rows.head(0) for name, rows in star(days=2, places=1).items()})
    assert set(_stage(lake, database).tables.values()) == {0}


def test_a_change_of_contract_makes_the_tables_anew(full_lake: StarLake, database: Backend) -> None:
    _stage(full_lake, database)
    contract = full_lake.contracts["dim_location"]
    wider = replace(
        contract, columns=(*contract.columns, Column("region_name", Type("string"), "Region.")), _by_name={}
    )
    full_lake.contracts["dim_location"] = wider
    full_lake.table("dim_location")  # its files do not have the column yet: it is null
    _stage(full_lake, database, "run-2")
    assert database.query("SELECT DISTINCT region_name FROM dim_location").rows == [(None,)]


TYPED = Contract(
    table="typed",
    layer="gold",
    version="1.0.0",
    description="One column of each type.",
    owner="tests",
    columns=(
        Column("name", Type("string"), "Key.", required=True),
        Column("amount_usd", Type("decimal", 18, 4), "Money."),
        Column("share", Type("float"), "Share."),
        Column("pieces", Type("integer"), "Count."),
        Column("is_good", Type("boolean"), "Flag."),
        Column("sold_date", Type("date"), "Day."),
        Column("sold_at", Type("timestamp"), "Moment."),
    ),
    primary_key=("name",),
    rules=(),
    partition=Partition("sold_date", "month"),
    warehouse=True,
)
VALUES = [
    ("", Decimal("0.0001"), 0.1 + 0.2, 2**63 - 1, True, date(1900, 1, 1), datetime(1900, 1, 1, tzinfo=UTC)),
    ("a,\"b\"\n\tc\\N'd;--", Decimal("-12345678901234.5678"), 1e-300, -(2**63), False, date(2199, 12, 31),
     datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("null", None, None, None, None, date(2013, 3, 10), None),
    ("äöü 雪 🌨", Decimal("1"), -1.7976931348623157e308, 0, None, date(2013, 3, 10),
     datetime(2013, 3, 10, 7, 30, tzinfo=UTC)),
]  # fmt: skip


def test_every_type_and_awkward_values(lake: StarLake, database: Backend) -> None:
    lake.contracts = {"typed": TYPED}
    lake.put("typed", pl.DataFrame(VALUES, schema=list(TYPED.column_names), orient="row", infer_schema_length=None))
    _stage(lake, database)
    assert sorted(_staged_rows(lake, database, "typed"), key=str) == sorted(VALUES, key=str)


def _break(frames: dict[str, pl.DataFrame], name: str) -> str:
    """Break one constraint in the frames; the table that is refused."""
    daily, hourly = frames["weather_daily"], frames["fact_weather_hourly"]
    day = (pl.col("location_id") == "newark") & (pl.col("weather_date") == date(2013, 1, 22))
    hour = (pl.col("location_id") == "newark") & (pl.col("observed_at") == hourly["observed_at"][5])
    broken = {
        "key": ("weather_daily", pl.concat([daily, daily.filter(day)])),
        "location": ("weather_daily", daily.with_columns(_where(day, "location_id", "nowhere"))),
        "date": ("weather_daily", daily.with_columns(_where(day, "date_key", 20990101))),
        "not null": ("dim_location", frames["dim_location"].with_columns(time_zone=None)),
        "range": ("fact_weather_hourly", hourly.with_columns(_where(hour, "wind_speed_kmh", 1687.2))),
        "enum": ("fact_weather_hourly", hourly.with_columns(_where(hour, "condition", "hail"))),
        "expression": ("fact_weather_hourly", hourly.with_columns(_where(hour, "dew_point_c", 44.0))),
    }
    table, frames[broken[name][0]] = broken[name]
    return table


def _where(condition: pl.Expr, column: str, value: object) -> pl.Expr:
    return pl.when(condition).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("key", ["primary key (location_id, weather_date)", "2 rows", "location_id=newark, weather_date=2013-01-22"]),
        ("location", ["location_id__reference to dim_location (location_id)", "1 row,", "location_id=nowhere"]),
        ("date", ["date_key__reference to dim_date (date_key)", "date_key=20990101", "weather_date=2013-01-22"]),
        ("not null", ["time_zone not null", "2 rows", "location_id=new-york, time_zone=null"]),
        ("range", ["wind_speed_kmh__maximum (wind_speed_kmh <= 400.0)", "wind_speed_kmh=1687.2"]),
        ("enum", ["condition__enum", "condition=hail"]),
        ("expression", ["dew_point_not_above_temperature", "dew_point_c=44.0", "temperature_c="]),
    ],
)
def test_a_broken_constraint_is_named_with_rows_and_nothing_is_staged(
    full_lake: StarLake, database: Backend, fault: str, words: list[str]
) -> None:
    _stage(full_lake, database)
    before = _counts(full_lake, database)
    frames = star(days=12, places=2, seed=8)
    table = _break(frames, fault)
    full_lake.fill(frames)
    with pytest.raises(IntegrityError) as caught:
        _stage(full_lake, database, "run-2")
    message = str(caught.value)
    assert f"{table}: " in message
    assert all(word in message for word in words), message
    assert _counts(full_lake, database) == before
    _assert_still_serves(full_lake, database)


def _assert_still_serves(lake: StarLake, database: Backend) -> None:
    """After a refusal the next good batch goes in as ever."""
    lake.fill(star(days=2, places=1))
    assert _stage(lake, database, "run-3").tables["dim_date"] == 2


def test_values_of_sensitive_columns_are_masked(full_lake: StarLake, database: Backend) -> None:
    contract = full_lake.contracts["weather_daily"]
    columns = tuple(
        replace(column, classification="pii") if column.name == "location_id" else column for column in contract.columns
    )
    full_lake.contracts["weather_daily"] = replace(contract, columns=columns, _by_name={})
    frames = star(days=12, places=2)
    _break(frames, "location")
    full_lake.fill(frames)
    with pytest.raises(IntegrityError) as caught:
        _stage(full_lake, database)
    assert "location_id=****, weather_date=2013-01-22" in str(caught.value)
    assert "nowhere" not in str(caught.value)


def test_a_snapshot_without_a_needed_table_is_refused(full_lake: StarLake, database: Backend) -> None:
    snapshot = full_lake.snapshot()
    del snapshot.tables["dim_date"]
    with pytest.raises(WarehouseError, match=r"snapshot 2 has no dim_date"):
        stage(snapshot, full_lake.table, full_lake.contracts, database, "run-1")


def test_tables_that_are_not_for_the_warehouse_stay_out(full_lake: StarLake, tmp_path: Path) -> None:
    database = backend("duckdb", folder=tmp_path / "staging")
    full_lake.contracts["weather_daily"] = replace(full_lake.contracts["weather_daily"], warehouse=False)
    assert set(_stage(full_lake, database).tables) == {"dim_date", "dim_location", "fact_weather_hourly"}
