"""``mirrorlake parity`` on two runs of dev: verdicts, exit codes, reports, dates, and sides that cannot be compared."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipeline.parity import opened
from pipeline.parity.model import Parity
from pipeline.parity.report import write_report
from tests.conftest import REPOSITORY, Outcome, RunCli
from warehouse import pointer

DAY = "2013-07-04"
TABLES = 32
LAYERS = {"silver", "gold", "staging", "raw", "marts", "published"}


def run(data: Path, *arguments: str) -> None:
    """``mirrorlake run`` into a folder, in a process of its own."""
    environment = {
        **os.environ,
        "MIRRORLAKE_ROOT": str(REPOSITORY),
        "MIRRORLAKE_DOTENV": "",
        "MIRRORLAKE_DATA": str(data),
    }
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.run", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def one_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of one day leaves."""
    data = tmp_path_factory.mktemp("parity") / "left"
    run(data, "--run-date", DAY)
    return data


@pytest.fixture
def right(one_day: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(one_day, tmp_path / "right"))


Compare = Callable[..., Outcome]


@pytest.fixture
def compare(one_day: Path, right: Path, run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Compare:
    """``compare("--json")``: both folders, reports in ``tmp_path / "reports"``."""
    monkeypatch.setenv("MIRRORLAKE_PARITY_FOLDER", str(tmp_path / "reports"))
    return lambda *arguments: run_cli("parity", f"dev={one_day}", f"dev={right}", *arguments)


def change(database: Path, *statements: str) -> None:
    with duckdb.connect(str(database)) as connection:
        for statement in statements:
            connection.execute(statement)


def verdicts(outcome: Outcome) -> dict[str, str]:
    """Table to verdict, of those that are not equal."""
    tables = json.loads(outcome.out)["tables"]
    return {f"{each['layer']}.{each['table']}": each["verdict"] for each in tables if each["verdict"] != "equal"}


def test_equal_sides(compare: Compare, one_day: Path, tmp_path: Path) -> None:
    outcome = compare("--json")
    assert outcome.exit_code == 0, outcome.text
    document = json.loads(outcome.out)
    assert verdicts(outcome) == {"silver.weather_forecasts": "absent"}
    assert (document["equal"], len(document["tables"])) == (True, TABLES + 1)
    assert {each["layer"] for each in document["tables"]} == LAYERS
    assert document["summary"].startswith("32 tables equal (")
    [report] = (tmp_path / "reports").glob("left-right-*.json")
    assert json.loads(report.read_text()) == document
    assert sum(1 for _ in (tmp_path / "reports").iterdir()) == 2


def test_no_comparison_replaces_the_report_of_another(tmp_path: Path) -> None:
    def written(left: str, right: str, *tables: str) -> str:
        paths = write_report(Parity(left, right, {}, None, (), 0.0, "now"), tmp_path, tables)
        assert paths["html"].is_file()
        return paths["html"].name

    compared = [
        ("dev", "rehearsal"),
        ("dev=data/rehearsal/dev", "rehearsal"),
        ("dev=here/dev", "rehearsal=here/rehearsal"),
        ("dev=there/dev", "rehearsal=there/rehearsal"),
        ("dev", "rehearsal", "dim_date"),
        ("dev", "rehearsal", "gold.dim_date"),
    ]
    names = [written(*each) for each in compared]
    assert len(set(names)) == len(compared)
    assert names == [written(*each) for each in compared], "the same comparison again has the same report"
    assert names[0] == "dev-rehearsal.html"


def test_a_changed_value_is_found_shown_and_explained(compare: Compare, right: Path, tmp_path: Path) -> None:
    change(
        right / "warehouse" / "warehouse.duckdb",
        "UPDATE marts.mart_weather_daily SET pressure_mean_hpa = pressure_mean_hpa::REAL",
    )
    outcome = compare()
    assert outcome.exit_code == 1
    assert re.search(r"marts +mart_weather_daily +3 +3 +different +3 rows with other values", outcome.out)
    assert "pressure_mean_hpa differs in 3 rows" in outcome.out
    assert "at location_id=ewr, weather_date=2013-07-04: 10" in outcome.out
    assert "likely float width: " in outcome.out
    assert "different: 31 tables equal" in outcome.out
    [written] = (tmp_path / "reports").glob("left-right-*.html")
    assert outcome.out.splitlines()[-1] == f"report: {written}"
    page = written.read_text()
    assert '<a href="#marts.mart_weather_daily">' in page
    assert "Likely float width" in page
    assert not re.search(r"https?:|<script|<link|@import|url\(", page), "nothing is loaded from anywhere"


def test_dates_restrict_what_is_compared(compare: Compare, right: Path) -> None:
    change(
        right / "warehouse" / "warehouse.duckdb",
        "UPDATE raw.fact_weather_hourly SET visibility_m = -1 WHERE observed_at < TIMESTAMPTZ '2013-07-04 05:00:00+00'",
        "UPDATE marts.mart_wind_rose SET hours = hours + 1",
    )
    tables = ("--table", "raw.fact_weather_hourly", "--table", "mart_wind_rose")
    assert verdicts(compare("--json", *tables, "--run-date", DAY)) == {
        "raw.fact_weather_hourly": "different",
        "marts.mart_wind_rose": "different",
    }
    other = compare("--json", *tables, "--run-date", "2013-07-05")
    assert verdicts(other) == {"marts.mart_wind_rose": "different"}, "the month has the day"
    rows = {each["table"]: each["left_rows"] for each in json.loads(other.out)["tables"] if each["layer"] == "raw"}
    assert rows == {"fact_weather_hourly": 0}
    assert verdicts(compare("--json", *tables, "--from", "2013-08-01", "--to", "2013-08-02")) == {}


def test_tables_that_only_one_side_has(compare: Compare, right: Path) -> None:
    change(
        right / "warehouse" / "warehouse.duckdb",
        "DROP TABLE marts.mart_wind_rose",
        "CREATE TABLE marts.mart_new AS SELECT 1 AS one",
        "CREATE TABLE marts._meta AS SELECT 1 AS one",
    )
    outcome = compare()
    assert outcome.exit_code == 1
    assert re.search(rf"mart_wind_rose .* different +dev={right} has no such table", outcome.out)
    assert re.search(r"mart_new .* different +dev=\S+/left has no such table", outcome.out)
    assert "_meta" not in outcome.out


def test_a_table_that_nobody_describes(compare: Compare, one_day: Path, right: Path, tmp_path: Path) -> None:
    left = Path(shutil.copytree(one_day, tmp_path / "other"))
    for data in (left, right):
        change(data / "warehouse" / "warehouse.duckdb", "CREATE TABLE marts.mart_new AS SELECT 1 AS one")
    shutil.rmtree(right / "published")
    sides = opened(f"dev={left}", f"dev={right}")
    from pipeline.parity import compare as compared

    found = {each.table: each for each in compared(*sides).tables if each.layer == "marts"}
    assert found["mart_new"].verdict == "failed"
    assert "by what its rows are known" in str(found["mart_new"].error)


def test_a_layer_that_cannot_be_read_does_not_hide_the_others(compare: Compare, right: Path) -> None:
    staged = pointer.current(right / "staging")
    assert staged is not None
    staged.write_bytes(b"no database")
    outcome = compare("--json")
    assert outcome.exit_code == 1
    found = verdicts(outcome)
    assert {name.partition(".")[0] for name, verdict in found.items() if verdict == "failed"} == {"staging"}
    assert len(found) == 5
    assert "the database file is damaged" in json.loads(outcome.out)["tables"][9]["error"]


def test_runs_over_other_days_are_said_to_be_that(compare: Compare, right: Path) -> None:
    run(right, "--run-date", "2013-07-03", "--job", "ingest openmeteo", "--job", "silver", "--job", "gold")
    outcome = compare("--run-date", DAY, "--table", "weather_hourly_rolling")
    assert outcome.exit_code == 1
    assert "other days: the sides hold 2013-07-04 to 2013-07-04 and 2013-07-03 to 2013-07-04" in outcome.out
    whole = compare("--table", "gold.weather_daily")
    assert "3 keys only in dev=" in whole.out
    assert "likely other days: weather_date goes from" in whole.out


def test_dates_that_one_side_was_not_run_for_are_named_before_all_else(compare: Compare, right: Path) -> None:
    assert json.loads(compare("--json").out)["notes"] == []
    run(right, "--run-date", "2013-07-05", "--job", "ingest openmeteo", "--job", "silver", "--job", "gold")
    outcome = compare("--run-date", DAY)
    (note,) = [line for line in outcome.out.splitlines() if line.startswith("note: ")]
    assert f"note: dev={right} was also run for 2013-07-05" in note
    assert note.endswith("mirrorlake --env dev run --from 2013-07-05 --to 2013-07-05")
    found = json.loads(compare("--run-date", DAY, "--json").out)
    traps = {value["trap"] for table in found["tables"] if table["table"] == "dim_date" for value in table["values"]}
    assert traps <= {None}, "what is compared whole differs by the day, not by a trap"


def test_sides_that_cannot_be_compared(run_cli: RunCli, one_day: Path, tmp_path: Path, project: Path) -> None:
    same = run_cli("parity", f"dev={one_day}", f"dev={one_day}/")
    assert (same.exit_code, "both sides are the same: lake" in same.err) == (2, True)
    empty = run_cli("parity", f"dev={one_day}", f"dev={tmp_path / 'nowhere'}")
    assert (empty.exit_code, "has no tables" in empty.err) == (1, True)
    assert not (tmp_path / "nowhere").exists()
    unknown = run_cli("parity", f"dev={one_day}", "dev", "--table", "orders")
    assert (unknown.exit_code, "unknown table: 'orders'" in unknown.err) == (2, True)
    unnamed = run_cli("parity", "dev=", "dev")
    assert (unnamed.exit_code, "names no side" in unnamed.err) == (2, True)


@pytest.mark.parametrize(("sides", "where"), [(("staging", "dev"), "A"), (("dev", "staging=data/x"), "B")])
def test_an_unknown_environment_is_said_with_the_argument_that_names_it(
    run_cli: RunCli, sides: tuple[str, str], where: str
) -> None:
    said = run_cli("parity", *sides)
    assert said.exit_code == 2
    assert said.err.splitlines() == [
        "error: unknown environment: 'staging'",
        f"  where: argument {where}",
        "  what to do: choose one of: dev, prod, rehearsal",
    ]


def test_dev_beside_an_environment_is_the_run_made_for_it(
    one_day: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_PARITY_DEV_DATA", str(one_day))
    left, right = opened("dev", f"dev={tmp_path / 'other'}")
    assert left.name == f"dev={one_day}"
    assert left.places["lake"] == f"{one_day}/lake"
    assert right.places["lake"] == f"{tmp_path / 'other'}/lake"
    asked, _ = opened(f"dev={tmp_path / 'mine'}", "dev=x")
    assert asked.name == f"dev={tmp_path / 'mine'}", "what was asked for wins"
    monkeypatch.setenv("MIRRORLAKE_PARITY_DEV_DATA", str(tmp_path / "not-made"))
    assert opened("dev", "dev=x")[0].name == "dev"


def test_a_report_that_cannot_be_written(compare: Compare, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("in the way")
    outcome = compare("--table", "dim_date")
    assert outcome.exit_code == 1
    assert "the report cannot be written" in outcome.err
