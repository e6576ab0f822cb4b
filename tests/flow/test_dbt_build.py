"""The dbt worker on a small warehouse: what it builds, that incremental equals full, and how it fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from small_warehouse import ask, make_warehouse, opened

from lake.errors import MissingExtraError, StorageError, WarehouseError
from pipeline.dbtworker.worker import DbtWorker

REPOSITORY = Path(__file__).resolve().parents[2]
HOURLY = "mart_weather_hourly"
MARTS = {
    "mart_calendar",
    "mart_data_status",
    "mart_locations",
    "mart_weather_daily",
    "mart_weather_hourly",
    "mart_weather_metrics_daily",
    "mart_weather_metrics_monthly",
    "mart_wind_rose",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def worker(place: Path) -> Iterator[DbtWorker]:
    """One process for all tests: the file that it builds in lies at one path, and is made anew by each test."""
    with _worker(place) as worker:
        yield worker


@pytest.fixture
def warehouse(place: Path) -> Iterator[Path]:
    path = make_warehouse(place / "warehouse.duckdb")
    yield path
    path.unlink()


def _worker(place: Path, project: Path = REPOSITORY / "dbt") -> DbtWorker:
    environment = {"MIRRORLAKE_WAREHOUSE_PATH": str(place / "warehouse.duckdb")}
    return DbtWorker(project, place / "state", profiles=REPOSITORY / "profiles", environment=environment)


def test_build_makes_every_mart_and_passes_every_test(worker: DbtWorker, warehouse: Path) -> None:
    result = worker.build({"run_date": "2013-07-04"}, unit_tests=True)
    assert result.failures == ()
    assert result.skipped == ()
    assert set(result.rows) == MARTS
    assert result.rows[HOURLY] == 7 * (24 + 24 + 23)
    assert result.rows["mart_weather_metrics_monthly"] == 6
    assert {test.rule for test in result.tests} >= {
        *("not_null", "unique", "relationships", "accepted_range", "accepted_values", "unit_test"),
        *("expression_is_true", "matches_pattern", "unique_combination", "fresh_on_run_date", "same_row_count"),
    }
    assert sum(test.rule == "unit_test" for test in result.tests) >= 4
    schemas = {model.schema for model in result.models}
    assert schemas == {"staging", "intermediate", "marts"}
    # The file is free again although the worker lives: another stage may write it.
    with opened(warehouse) as connection:
        connection.execute("create table raw.written (a integer)")


def test_unit_tests_are_left_out_of_a_run(worker: DbtWorker, warehouse: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    result = worker.build(select=["+mart_locations"], progress=lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(number + 1, len(seen)) for number in range(len(seen))]
    assert {model.name for model in result.models} == {"stg_weather__locations", "mart_locations"}
    assert "unit_test" not in {test.rule for test in result.tests}


CHANGES = {
    "a row changed": "update raw.fact_weather_hourly set temperature_c = 0 where hour_of_day = 5",
    "a value became null": "update raw.fact_weather_hourly set wind_speed_kmh = null where hour_of_day = 7",
    "a null became a value": "update raw.fact_weather_hourly set wind_gust_kmh = 77 where wind_gust_kmh is null",
    "a row vanished": "delete from raw.fact_weather_hourly where location_id = 'lga' and hour_of_day = 9",
    "a day vanished": "delete from raw.fact_weather_hourly where date_key = 20130630",
    "a place was renamed": "update raw.dim_location set location_name = 'Elsewhere' where location_id = 'ewr'",
    "all rows vanished": "delete from raw.fact_weather_hourly",
    "days came": (
        "insert into raw.fact_weather_hourly select * replace (observed_at - interval 7 day as observed_at) "
        "from raw.fact_weather_hourly where date_key = 20130704 and location_id = 'ewr' and hour_of_day > 22"
    ),
    "nothing": "select 1",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_incremental_equals_full(worker: DbtWorker, warehouse: Path, change: str) -> None:
    chain = ["+mart_weather_hourly", "+mart_weather_daily", "mart_wind_rose", "int_weather__wind_classified"]
    worker.build(select=chain, exclude=["test_type:data"])
    with opened(warehouse) as connection:
        connection.execute(change)
    worker.build(select=chain, exclude=["test_type:data"])
    incremental = ask(warehouse, f"from marts.{HOURLY} order by all")
    worker.build(select=chain, exclude=["test_type:data"], full_refresh=True)
    full = ask(warehouse, f"from marts.{HOURLY} order by all")
    assert incremental == full
    assert len(full) == ask(warehouse, "select count(*) from raw.fact_weather_hourly")[0][0]


def test_unchanged_rows_are_not_written_again(worker: DbtWorker, warehouse: Path, place: Path) -> None:
    for _ in range(2):
        worker.build(select=["+mart_weather_hourly"])
    compiled = place / "state" / "target" / "compiled" / "mirrorlake" / "models" / "marts" / "weather"
    increment = (compiled / f"{HOURLY}.sql").read_text()
    assert ask(warehouse, increment) == []
    with opened(warehouse) as connection:
        connection.execute(
            "update raw.fact_weather_hourly set temperature_c = 1 where location_id = 'jfk' and hour_of_day = 5"
        )
        rows = connection.execute(f"select location_id, hour_of_day, temperature_c from ({increment})").fetchall()
    assert rows == [("jfk", 5, 1.0)] * 7


def test_a_mart_with_other_columns_than_its_contract_is_built_anew(worker: DbtWorker, warehouse: Path) -> None:
    worker.build(select=["+mart_weather_hourly"])
    with opened(warehouse) as connection:
        connection.execute(f"alter table marts.{HOURLY} drop column visibility_m")
    result = worker.build(select=["+mart_weather_hourly"])
    assert result.rows[HOURLY] == 497
    assert ask(warehouse, f"select min(visibility_m) from marts.{HOURLY}") == [(16000.0,)]


def test_a_failing_test_names_table_rule_count_and_rows(worker: DbtWorker, warehouse: Path) -> None:
    with opened(warehouse) as connection:
        connection.execute("update raw.fact_weather_hourly set precipitation_mm = -1 where hour_of_day = 4")
    result = worker.build()
    (failure,) = result.errors
    assert (failure.table, failure.rule, failure.column) == (
        "fact_weather_hourly",
        "accepted_range",
        "precipitation_mm",
    )
    assert failure.failing_rows == 21
    assert len(failure.examples) == 5
    assert {row["precipitation_mm"] for row in failure.examples} == {-1}
    assert failure.path == "models/staging/weather/_weather__sources.yml"
    assert "fact_weather_hourly" in str(failure)
    assert "21" in str(failure)
    assert {HOURLY, "mart_wind_rose"} <= set(result.skipped)  # what stands on wrong rows is not built
    assert HOURLY not in result.rows


def test_a_mart_is_judged_too(worker: DbtWorker, warehouse: Path) -> None:
    with opened(warehouse) as connection:
        connection.execute("update raw.fact_weather_hourly set hour_of_day = 5 where hour_of_day = 4")
    result = worker.build(exclude=["source:*"])
    (failure,) = result.errors
    assert (failure.table, failure.rule, failure.failing_rows) == (HOURLY, "expression_is_true", 21)
    assert failure.name == "mart_weather_hourly_hour_matches_timestamp"
    assert result.skipped[0] == "mart_data_status"


def test_stale_data_warns_and_does_not_fail(worker: DbtWorker, warehouse: Path) -> None:
    result = worker.build({"run_date": "2013-07-09"})
    assert result.errors == ()
    assert {(failure.rule, failure.severity) for failure in result.failures} == {("fresh_on_run_date", "warn")}
    assert worker.build({"run_date": "2013-07-05"}).failures == ()


def test_a_failing_model_names_its_file(worker: DbtWorker, warehouse: Path) -> None:
    with opened(warehouse) as connection:
        connection.execute("alter table raw.dim_location drop column country_code")
    with pytest.raises(WarehouseError) as caught:
        worker.build(exclude=["source:*"])
    assert caught.value.where == "models/staging/weather/stg_weather__locations.sql"
    assert "country_code" in str(caught.value)
    assert "more were skipped" in str(caught.value)
    # The worker is as good as before.
    warehouse.unlink()
    make_warehouse(warehouse)
    assert worker.build().failures == ()


def test_a_wrong_selector_is_no_silent_success(worker: DbtWorker, warehouse: Path) -> None:
    assert worker.build(select=["nothing_like_that"]).models == ()
    with pytest.raises(WarehouseError, match="could not build"):
        worker.build(select=["state:modified"])


def test_a_held_file_is_an_error_that_names_it(worker: DbtWorker, warehouse: Path) -> None:
    with duckdb.connect(str(warehouse)), pytest.raises(WarehouseError, match=r"warehouse\.duckdb"):
        worker.build()


def test_a_damaged_parsed_project_is_read_anew(worker: DbtWorker, place: Path, tmp_path: Path) -> None:
    worker.wait_until_parsed()
    whole = (place / "state" / "target" / "partial_parse.msgpack").read_bytes()
    kept = tmp_path / "state" / "target" / "partial_parse.msgpack"
    kept.parent.mkdir(parents=True)
    make_warehouse(tmp_path / "warehouse.duckdb", days=1)
    kept.write_bytes(whole[: len(whole) // 2])
    with _worker(tmp_path) as again:
        assert again.build(select=["+mart_locations"]).rows == {"mart_locations": 3}
    assert len(kept.read_bytes()) > len(whole) / 2


def test_the_project_is_only_read_and_says_why_it_cannot_be(tmp_path: Path) -> None:
    project = tmp_path / "dbt"
    shutil.copytree(REPOSITORY / "dbt", project, symlinks=True, ignore=shutil.ignore_patterns("target", "logs"))
    before = sorted(project.rglob("*"))
    make_warehouse(tmp_path / "warehouse.duckdb", days=1)
    with _worker(tmp_path, project) as own:
        own.build(select=["+mart_locations"])
    assert sorted(project.rglob("*")) == before
    (project / "models" / "broken.sql").write_text("select * from {{ ref('no_such_model') }}")
    with _worker(tmp_path, project) as own:
        with pytest.raises(WarehouseError, match="no_such_model"):
            own.build()
        (project / "models" / "broken.sql").unlink()
        assert own.build(select=["+mart_locations"]).failures == ()  # mended, the same worker starts anew


def test_without_dbt_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dbt.py").write_text("raise ImportError('hidden', name='dbt')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with _worker(tmp_path) as own, pytest.raises(MissingExtraError, match="dbt"):
        own.build()


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, where the folder should be")
    with pytest.raises(StorageError, match="the files of the dbt process"), _worker(tmp_path):
        pass


def test_a_process_that_ends_is_reported(place: Path, warehouse: Path, tmp_path: Path) -> None:
    own = _worker(tmp_path)
    own.start()
    assert own._helper.process is not None
    own._helper.process.kill()
    with pytest.raises(WarehouseError, match=r"exit code -9"):
        own.build()
    own.close()


def test_a_build_that_takes_too_long_is_stopped(worker: DbtWorker, tmp_path: Path) -> None:
    with _worker(tmp_path) as own, pytest.raises(WarehouseError, match="too long"):
        own.wait_until_parsed(timeout_seconds=0.05)


PARENT = """
import sys, time
from pathlib import Path
from pipeline.dbtworker.worker import DbtWorker
worker = DbtWorker(Path(sys.argv[1]), Path(sys.argv[2]), profiles=Path(sys.argv[3]))
worker.start()
print(worker._helper.process.pid, flush=True)
time.sleep(60)
"""


def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    # A dbt that is busy for a minute, as a large build would be.
    (tmp_path / "dbt.py").write_text("import time; time.sleep(60)")
    folders = [str(REPOSITORY / "dbt"), str(tmp_path / "state"), str(REPOSITORY / "profiles")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *folders], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return " Z " not in Path(f"/proc/{pid}/stat").read_text() if Path(f"/proc/{pid}/stat").exists() else True
