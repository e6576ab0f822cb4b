"""``mirrorlake query`` and ``mirrorlake sql`` on the command line, and the generated page of queries."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from star_lake import StarLake, star

from lake.errors import WarehouseError
from pipeline.answers import print_answer
from pipeline.generate import queries as generator
from warehouse.backends import backend
from warehouse.backends.base import Rows
from warehouse.publish import publish
from warehouse.queries import Query, queries
from warehouse.stage import stage

RunCli = Callable[..., Any]
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def filled(project: Path) -> StarLake:
    """A project whose lake has a small star, staged; nothing published."""
    lake = StarLake(project / "lake")
    lake.fill(star(days=6, places=2))
    stage(lake.snapshot(), lake.table, lake.contracts, backend("duckdb", folder=project / "staging"), "run-1")
    return lake


def _publish(project: Path) -> None:
    warehouse = project / "warehouse.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA marts; CREATE TABLE marts.mart_x AS SELECT i FROM range(150) t(i)")
    publish(warehouse, project / "published", "run-1")


def test_query_lists_all_with_their_questions(run_cli: RunCli) -> None:
    listed = run_cli("query")
    assert listed.exit_code == 0
    assert all(one.question in listed.out for one in queries())
    assert [row["query"] for row in json.loads(run_cli("query", "--json").out)] == [one.number for one in queries()]


def test_query_as_table_json_and_csv(run_cli: RunCli, filled: StarLake) -> None:
    table = run_cli("query", "2")
    assert table.exit_code == 0, table.err
    assert table.out.startswith("Which three days were the warmest at each place?\n\nlocation_name")
    documents = json.loads(run_cli("query", "02", "--json").out)
    rows = list(csv.DictReader(io.StringIO(run_cli("query", "warmest_days", "--csv").out)))
    assert len(documents) == len(rows) == 6
    assert {str(value) for value in documents[0].values()} == set(rows[0].values())
    assert documents[0]["weather_date"][:4] == "2013"


def test_query_shows_its_sql_without_a_database(run_cli: RunCli) -> None:
    shown = run_cli("query", "07", "--show-sql")
    assert shown.out == (REPOSITORY / "warehouse/queries/07_missing_hours.sql").read_text()


def test_query_before_anything_is_staged_and_wrong_choices(run_cli: RunCli) -> None:
    early = run_cli("query", "1")
    assert (early.exit_code, "nothing is staged yet" in early.err, "mirrorlake run" in early.err) == (1, True, True)
    assert run_cli("query", "16").exit_code == 2
    assert "choose one of: duckdb, postgres" in run_cli("query", "1", "--backend", "oracle").err
    assert "staging.url" in run_cli("query", "1", "--backend", "postgres").err
    assert run_cli("query", "1", "--json", "--csv").exit_code == 2


@pytest.mark.postgres
def test_query_on_postgres(
    run_cli: RunCli, filled: StarLake, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = backend("postgres", url=postgres_url)
    stage(filled.snapshot(), filled.table, filled.contracts, database, "run-1")
    database.close()
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", postgres_url)
    there = run_cli("query", "1", "--backend", "postgres", "--json")
    assert there.exit_code == 0, there.err
    assert there.out == run_cli("query", "1", "--json").out


def test_sql_lists_tables_and_answers(run_cli: RunCli, filled: StarLake, project: Path) -> None:
    before = run_cli("sql")
    assert before.out.split() == ["table", "layer", *(word for n in sorted(filled.contracts) for word in (n, "gold"))]
    assert json.loads(run_cli("sql", "select count(*) as n from dim_date", "--json").out) == [{"n": 6}]
    _publish(project)
    assert "mart_x" in run_cli("sql").out
    shown = run_cli("sql", "from mart_x order by i")
    assert (len(shown.out.splitlines()), "more rows" in shown.err) == (101, True)
    assert len(run_cli("sql", "from mart_x", "--csv").out.splitlines()) == 151
    assert run_cli("sql", "from mart_x order by i", "--csv", "--limit", "2").out == "i\n0\n1\n"


def test_sql_refuses_with_exit_code_2_and_no_traceback(run_cli: RunCli, filled: StarLake) -> None:
    for statement in ("drop table x", "select 1; select 2", "select * from nope", "selec", "copy dim_date to 'x.csv'"):
        refused = run_cli("sql", statement)
        assert refused.exit_code == 2, refused.text
        assert "what to do" in refused.err
        assert "Traceback" not in refused.text
    assert run_cli("sql", "select 1", "--json", "--csv").exit_code == 2


def test_answers_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ["a", "a", "b", "c", "d", "e"]
    row = [Decimal("1.50"), Decimal("7"), datetime(2013, 7, 4, 12, tzinfo=UTC), date(2013, 7, 4), True, b"\x01\xff"]
    print_answer(columns, [row, [None] * 6], as_json=True)
    first, second = json.loads(capsys.readouterr().out)
    assert first == {"a": 1.5, "a_2": 7, "b": "2013-07-04T12:00:00Z", "c": "2013-07-04", "d": True, "e": "01ff"}
    assert set(second.values()) == {None}
    print_answer(columns[2:5], [row[2:5], [None] * 3], as_csv=True)
    assert capsys.readouterr().out == "b,c,d\n2013-07-04T12:00:00Z,2013-07-04,true\n,,\n"
    print_answer(["at", "year"], [[row[2], 2013], [datetime(2013, 7, 4, 12, 0, 1, tzinfo=UTC), 20130704]])
    assert [line.split() for line in capsys.readouterr().out.splitlines()][1:] == [
        ["2013-07-04", "12:00", "2013"],
        ["2013-07-04", "12:00:01", "20130704"],
    ]


def test_a_section_of_the_page() -> None:
    query = Query("16", "two_words", "Why?", "-- question: Why?\nselect 1\n")
    page = generator.page({"16": Rows(("a", "b"), [(2013, "x|y")] * 14)}, [query])
    assert "- [16](#16-two-words) Why?" in page
    assert "## 16 two words\n\nWhy?\n\n```sql\nselect 1\n```\n\n| a | b |\n| --- | --- |\n| 2013 | x\\|y |\n" in page
    assert page.endswith("\n2 more rows.\n")


def test_the_command_writes_the_page_or_says_that_it_is_not_in_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr("pipeline.settings.project_root", lambda: tmp_path)
    monkeypatch.setattr(generator, "answers", lambda _: {one.number: Rows(("a",), [(1,)]) for one in queries()})
    runner = CliRunner()
    stale = runner.invoke(generator.command, ["--check"])
    assert (stale.exit_code, "not in step: docs/queries.md" in stale.output) == (1, True)
    assert runner.invoke(generator.command, []).output == "written: docs/queries.md\n"
    assert runner.invoke(generator.command, ["--check"]).exit_code == 0

    def broken(_: Path) -> None:
        raise WarehouseError("no database")

    monkeypatch.setattr(generator, "answers", broken)
    failed = runner.invoke(generator.command, [])
    assert (failed.exit_code, "error: no database" in failed.output) == (1, True)


@pytest.mark.slow
def test_the_page_is_in_step_with_queries_and_recordings(tmp_path: Path) -> None:
    written = (REPOSITORY / generator.PAGE).read_text(encoding="utf-8")
    assert generator.page(generator.answers(tmp_path), queries()) == written, f"run: {generator.COMMAND}"
