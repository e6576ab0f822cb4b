"""Great Expectations as the second witness: what it finds, what it says, and that it dies with nobody noticing."""

from __future__ import annotations

import json
import re
import select
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from lake.contract.load import load_contracts
from lake.contract.model import Column, Contract, Type
from lake.contract.samples import sample
from lake.storage.objects import Objects
from pipeline.quality.checks import Checker, _plain
from pipeline.quality.client import QualityError, QualityWorker
from pipeline.quality.marts import _KINDS, read_marts
from pipeline.quality.model import Batch, CheckReport, CheckResult, from_dicts
from pipeline.quality.report import as_html, write_report
from pipeline.quality.suite import expectations, helper_columns

TABLE = "weather_observations"


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    process = QualityWorker(tmp_path_factory.mktemp("quality"))
    process.start()
    yield process
    process.close()


def good_rows() -> pl.DataFrame:
    return sample(load_contracts()[TABLE], 50, seed=3)


def parquet(folder: Path, frame: pl.DataFrame) -> Batch:
    path = folder / "rows.parquet"
    frame.write_parquet(path)
    return Batch(TABLE, f"silver.{TABLE}", files=(str(path),))


def failed(results: list[CheckResult]) -> dict[str, CheckResult]:
    return {result.rule: result for result in results if not result.passed}


def test_every_rule_of_every_contract_becomes_an_expectation() -> None:
    for contract in load_contracts().values():
        names = [expectation.meta["rule"] for expectation in expectations(contract)]
        assert {rule.name for rule in contract.rules} <= set(names)
        assert len(names) == len(set(names))
        assert "key" in names


def test_good_rows_pass(worker: QualityWorker, tmp_path: Path) -> None:
    results = worker.check([parquet(tmp_path, good_rows())])
    assert failed(results) == {}
    assert all(result.rows == 50 for result in results)


def test_each_fault_is_found_and_named(worker: QualityWorker, tmp_path: Path) -> None:
    frame = good_rows().with_row_index().with_columns(
        temperature_c=pl.when(pl.col("index") < 2).then(pl.lit(999.0)).otherwise("temperature_c"),
        location_id=pl.when(pl.col("index") == 5).then(pl.lit("NOT ALLOWED")).otherwise("location_id"),
        observed_at=pl.when(pl.col("index") == 7).then(None).otherwise("observed_at"),
    )  # fmt: skip
    found = failed(worker.check([parquet(tmp_path, frame.drop("index"))]))
    assert found["temperature_c.maximum"].unexpected == 2
    assert found["location_id.pattern"].unexpected == 1
    assert found["observed_at.required"].unexpected == 1
    example = found["temperature_c.maximum"].examples[0]
    assert set(example) == {"location_id", "observed_at", "temperature_c"}
    assert (
        "silver.weather_observations: temperature_c.maximum: 2 of 50 rows" in found["temperature_c.maximum"].sentence()
    )


def test_a_doubled_key_is_found(worker: QualityWorker, tmp_path: Path) -> None:
    frame = pl.concat([good_rows(), good_rows().head(1)])
    assert failed(worker.check([parquet(tmp_path, frame)]))["key"].unexpected == 2


def test_an_expression_rule_is_judged_by_its_own_sql(worker: QualityWorker, tmp_path: Path) -> None:
    contract = load_contracts()[TABLE]
    assert helper_columns(contract)
    frame = good_rows().with_columns(temperature_c=pl.lit(10.0), dew_point_c=pl.lit(20.0))
    rules = {rule.name for rule in contract.rules if rule.kind == "expression" and "dew_point_c" in rule.columns}
    assert rules <= set(failed(worker.check([parquet(tmp_path, frame)])))


def test_a_database_table_is_read_in_place(worker: QualityWorker, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    rows = good_rows()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA raw")
        connection.register("rows", rows.to_arrow())
        connection.execute(f"CREATE TABLE raw.{TABLE} AS FROM rows")
    results = worker.check([Batch(TABLE, "warehouse", database=str(path), relation=f'raw."{TABLE}"')])
    assert results
    assert failed(results) == {}


def test_a_missing_column_fails_and_says_so(worker: QualityWorker, tmp_path: Path) -> None:
    found = failed(worker.check([parquet(tmp_path, good_rows().drop("visibility_m"))]))
    assert "visibility_m.exists" in found
    assert found["visibility_m.maximum"].error == "its column is missing"


MARTS = """
models:
  - name: mart_days
    columns:
      - {name: place, data_type: varchar, constraints: [{type: not_null}]}
      - {name: day, data_type: date, constraints: [{type: not_null}]}
      - {name: hours, data_type: bigint, constraints: [{type: not_null}]}
      - {name: mean_c, data_type: double}
    data_tests:
      - unique_combination: {arguments: {columns: [place, day]}}
      - same_row_count: {arguments: {compare_to: "source('raw', 'days')"}}
  - name: mart_places
    columns:
      - {name: place, data_type: varchar, data_tests: [unique]}
"""
_DAYS = (
    "SELECT * FROM (VALUES ('a', DATE '2013-07-01', 24, 20.5), ('b', DATE '2013-07-01', 23, NULL)) "
    "t(place, day, hours, mean_c)"
)


def build(folder: Path, *changes: str) -> Batch:
    """A warehouse as dbt leaves it, then changed by hand."""
    (folder / "marts.yml").write_text(MARTS)
    with duckdb.connect(str(folder / "built.duckdb")) as connection:
        connection.execute(f"CREATE SCHEMA raw; CREATE TABLE raw.days AS {_DAYS}; CREATE SCHEMA marts")
        connection.execute(
            "CREATE TABLE marts.mart_days (place VARCHAR, day DATE, hours BIGINT, mean_c DOUBLE);"
            "INSERT INTO marts.mart_days FROM raw.days; CREATE VIEW marts.mart_places AS SELECT place FROM raw.days"
        )
        for change in changes:
            connection.execute(change)
    return Batch("", "build", database=str(folder / "built.duckdb"), marts=str(folder))


def test_what_dbt_built_is_checked_against_its_description(worker: QualityWorker, tmp_path: Path) -> None:
    results = worker.check([build(tmp_path)])
    assert failed(results) == {}
    assert {result.table for result in results} == {"build.mart_days", "build.mart_places"}
    assert {"columns", "hours.type", "day.required", "key", "rows as in raw.days"} <= {each.rule for each in results}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        ("INSERT INTO marts.mart_days FROM marts.mart_days", {"key", "rows as in raw.days"}),
        ("DELETE FROM marts.mart_days WHERE place = 'a'", {"rows as in raw.days"}),
        ("UPDATE marts.mart_days SET hours = NULL WHERE place = 'a'", {"hours.required"}),
        ("UPDATE marts.mart_days SET day = NULL WHERE place = 'a'", {"day.required"}),
        ("ALTER TABLE marts.mart_days ALTER hours TYPE DOUBLE", {"hours.type"}),
        ("ALTER TABLE marts.mart_days ALTER day TYPE TIMESTAMP", {"day.type"}),
        ("ALTER TABLE marts.mart_days DROP mean_c", {"columns", "mean_c.type"}),
        ("ALTER TABLE marts.mart_days ADD surprise INTEGER", {"columns"}),
        ("DROP VIEW marts.mart_places", {"built"}),
        ("CREATE TABLE marts.mart_left_over AS SELECT 1 AS x", {"described"}),
        ("INSERT INTO raw.days FROM raw.days", {"key", "rows as in raw.days"}),
    ],
)
def test_a_mart_that_is_not_as_described_fails(
    worker: QualityWorker, tmp_path: Path, change: str, rules: set[str]
) -> None:
    found = failed(worker.check([build(tmp_path, change)]))
    assert set(found) == rules
    assert all(result.critical for result in found.values())
    assert "mart" in next(iter(found.values())).sentence()


def test_the_projects_marts_are_read_from_their_description() -> None:
    marts = read_marts(Path(__file__).resolve().parents[2] / "dbt" / "models" / "marts")
    assert len(marts) == 8
    assert all(mart.key and mart.required for mart in marts.values())
    assert marts["mart_calendar"].key == ("calendar_date",)
    assert {mart.rows_of for mart in marts.values()} == {None, "raw.fact_weather_hourly", "raw.weather_daily"}
    assert {kind for mart in marts.values() for kind in mart.columns.values()} <= set(_KINDS)


def test_examples_mask_what_is_sensitive() -> None:
    assert _plain({"place": "jfk", "phone": "555"}, {"phone"}) == {"place": "jfk", "phone": "****"}


DOUBLED = "INSERT INTO marts.mart_days FROM marts.mart_days"


def test_examples_of_a_mart_mask_what_a_contract_calls_sensitive(tmp_path: Path) -> None:
    secret = Column("place", Type("string"), "Where somebody lives.", classification="pii")
    contract = Contract("people", "gold", "1.0.0", "", "", (secret,), ("place",), ())
    found = failed(Checker().check_marts(build(tmp_path, DOUBLED), [contract]))
    assert {example["place"] for example in found["key"].examples} == {"****"}
    assert {example["day"][:10] for example in found["key"].examples} == {"2013-07-01"}


@pytest.mark.parametrize("said", ["meta: {sensitive: true}", "config: {meta: {sensitive: true}}"])
def test_examples_of_a_mart_mask_what_its_description_calls_sensitive(
    worker: QualityWorker, tmp_path: Path, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = MARTS.replace("{name: place,", f"{{name: place, {said},")
    monkeypatch.setitem(globals(), "MARTS", described)
    found = failed(worker.check([build(tmp_path, DOUBLED)]))
    assert {example["place"] for example in found["key"].examples} == {"****"}


def test_what_cannot_be_read_is_an_error_not_a_pass(worker: QualityWorker, tmp_path: Path) -> None:
    with pytest.raises(QualityError, match="could not run"):
        worker.check([Batch(TABLE, "gone", files=(str(tmp_path / "gone.parquet"),))])


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """A checking process that a test may spoil."""
    process = QualityWorker(tmp_path / "own")
    yield process
    process.close()


def process_of(worker: QualityWorker) -> subprocess.Popen[str]:
    worker.start()
    assert worker._helper.process is not None
    return worker._helper.process


def test_a_killed_worker_is_reported(own: QualityWorker, tmp_path: Path) -> None:
    process_of(own).kill()
    with pytest.raises(QualityError, match=r"ended by itself \(exit code -9\)"):
        own.check([parquet(tmp_path, good_rows())])


def test_a_worker_that_dies_after_it_was_ready_is_reported(own: QualityWorker, tmp_path: Path) -> None:
    process = process_of(own)
    select.select([process.stdout], [], [], 60)
    process.kill()
    process.wait()
    with pytest.raises(QualityError, match="ended by itself"):
        own.check([parquet(tmp_path, good_rows())])


def test_a_worker_that_takes_too_long_is_stopped(own: QualityWorker, tmp_path: Path) -> None:
    with pytest.raises(QualityError, match="took too long"):
        own.check([parquet(tmp_path, good_rows())], ready_seconds=0.05)
    assert failed(own.check([parquet(tmp_path, good_rows())])) == {}  # by a new process


def test_a_worker_that_complains_at_length_still_answers(
    own: QualityWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "great_expectations.py").write_text("print('a warning ' * 100_000)\nraise ImportError('not this one')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(QualityError) as caught:
        own.check([parquet(tmp_path, good_rows())], ready_seconds=30)
    assert "exit code 1" in str(caught.value)
    assert "MissingExtraError" in str(caught.value)


def test_report_holds_all_and_fetches_nothing(tmp_path: Path) -> None:
    bad = CheckResult("silver.x", "a<b", "error", passed=False, rows=9, unexpected=2, examples=({"k": "<script>"},))
    report = CheckReport("run-1", [bad, CheckResult("silver.x", "warned", "warn", passed=False, rows=9, unexpected=1)])
    page = as_html(report)
    assert "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=|https?://", page)
    assert [result.rule for result in report.critical] == ["a<b"]
    keys = write_report(Objects(str(tmp_path)), report)
    stored = json.loads((tmp_path / keys["json"]).read_text())
    assert from_dicts(stored["results"]) == report.results
    assert stored["counts"] == {"rules": 2, "passed": 0, "critical": 1, "warnings": 1}
