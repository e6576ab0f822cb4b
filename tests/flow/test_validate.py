"""``mirrorlake validate`` on a folder: what it finds where all is well, and that it sees each thing that is not."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from lake.gold.snapshot import latest_snapshot
from lake.storage.objects import Objects
from pipeline.cli import main
from pipeline.settings import load_settings
from pipeline.validation import Finding, Question, validate
from pipeline.workspace import Workspace
from warehouse import pointer

if TYPE_CHECKING:
    from tests.conftest import RunCli

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of one run over one day, through every stage."""
    folder = tmp_path_factory.mktemp("validate") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORLAKE_DATA", str(folder))
        patch.setenv("MIRRORLAKE_DOTENV", "")
        assert main(["run", "--run-date", "2013-07-03"]) == 0
    return folder


@pytest.fixture
def data(built: Path, project: Path) -> Path:
    """A copy of it, as ``project``."""
    shutil.copytree(built, project)
    return project


def found(**question: object) -> dict[tuple[str, str], Finding]:
    asked = Question(Workspace(load_settings()), **question)  # type: ignore[arg-type]
    return {(each.part, each.subject): each for each in validate(asked)}


def failed(**question: object) -> dict[tuple[str, str], Finding]:
    return {key: each for key, each in found(**question).items() if each.verdict == "failed"}


def test_after_a_run_nothing_fails_and_nothing_is_left_behind(data: Path, run_cli: RunCli) -> None:
    before = {info.key: info.modified for info in Objects(str(data / "lake")).list("")}
    said = run_cli("validate")
    assert said.exit_code == 0, said.text
    assert "72 rows, as in gold" in said.out
    assert "create-only, read, replace, delete" in said.out
    assert "0 failed" in said.out
    assert {info.key: info.modified for info in Objects(str(data / "lake")).list("")} == before
    document = json.loads(run_cli("validate", "--json", "--read-only").out)
    assert {each["verdict"] for each in document["findings"]} == {"ok", "skipped"}
    assert not any(each["subject"] == "rights" for each in document["findings"])


def test_before_the_first_run_it_says_what_is_missing(project: Path, run_cli: RunCli) -> None:
    said = run_cli("validate")
    assert said.exit_code == 1
    assert "nothing was received yet" in said.out
    assert "gold has no committed snapshot yet" in said.out
    assert "nothing is published yet" in said.out


def test_an_incomplete_profile_is_all_that_is_said(project: Path, run_cli: RunCli) -> None:
    said = run_cli("--env", "prod", "validate")
    assert said.exit_code == 1
    assert "cannot run yet" in said.out
    assert re.search(
        r"failed +profile +snowflake\.user +not set \(environment: MIRRORLAKE_SNOWFLAKE_USER\)\n", said.out
    )
    assert said.out.count("what to do: set these variables, in the shell or in .env.prod (docs/promotion.md)") == 1
    assert "lake" not in {line.split()[1] for line in said.out.splitlines() if line.startswith("failed")}


def test_data_that_does_not_reach_the_run_date_fails(data: Path) -> None:
    late = failed(run_date=date(2013, 7, 9))
    assert "2013-07-09; 48 h are allowed" in late["freshness", "weather_observations"].detail
    assert not failed(run_date=date(2013, 7, 4))


def test_rows_that_are_missing_in_a_store_are_counted(data: Path) -> None:
    with duckdb.connect(str(data / "warehouse" / "warehouse.duckdb")) as connection:
        connection.execute("DELETE FROM raw.fact_weather_hourly")
    staged = pointer.current(data / "staging")
    assert staged is not None
    with duckdb.connect(str(staged)) as connection:
        connection.execute("DELETE FROM staging.fact_weather_hourly")
    wrong = failed()
    assert set(wrong) == {("warehouse", "fact_weather_hourly"), ("staging", "fact_weather_hourly")}
    assert wrong["warehouse", "fact_weather_hourly"].detail == "0 rows, 72 in gold's snapshot 1"
    assert wrong["warehouse", "fact_weather_hourly"].fix == "mirrorlake run"


def test_published_tables_that_are_not_as_they_were_published_fail(data: Path, run_cli: RunCli) -> None:
    file = pointer.current(data / "published")
    assert file is not None
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE marts.mart_weather_daily SET temperature_max_c = 1 WHERE location_id = 'jfk'")
    [(_, changed)] = failed().items()
    assert (changed.part, changed.detail) == ("published", "not as publish left it")
    with duckdb.connect(str(file)) as connection:
        connection.execute("DELETE FROM marts.mart_weather_daily WHERE location_id = 'jfk'")
    [(_, short)] = failed().items()
    assert short.detail == "mart_weather_daily: 2 rows, 3 were built; not as publish left it"
    assert run_cli("run", "--run-date", "2013-07-03").exit_code == 0
    assert not failed()


def test_a_damaged_file_is_named(data: Path) -> None:
    [file] = (data / "lake" / "silver" / "weather_observations").rglob("*.parquet")
    file.write_bytes(b"no parquet")
    assert "cannot be read" in failed()["silver", "weather_observations"].detail


def test_gold_that_is_gone_fails(data: Path) -> None:
    shutil.rmtree(data / "lake" / "gold" / "weather_daily")
    assert ("gold", "weather_daily") in failed()
    assert latest_snapshot(Objects(str(data / "lake"))) is not None


def test_a_lake_that_may_not_be_written_fails(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        from lake.errors import StorageError

        raise StorageError("cannot write: permission denied", where="there", fix="ask somebody")

    monkeypatch.setattr(Objects, "put_new", refuse)
    assert failed()["lake", "there"].fix == "ask somebody"
    assert not failed(may_write=False)


def test_a_store_that_creates_twice_is_no_place_for_a_lake(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Objects, "put_new", Objects.put)
    assert "created twice" in failed()["lake", "rights"].detail


def test_the_mirror_is_looked_at_where_there_is_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = data.parent / "mirror"
    monkeypatch.setenv("MIRRORLAKE_LAKE_MIRROR", str(place))
    assert found()["mirror", str(place)].detail == "nothing copied yet"


def test_a_secret_that_cannot_be_read_is_named_by_its_setting(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIRRORLAKE_ALERTS_WEBHOOK_URL", "secret:nobody/has/it")
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("MIRRORLAKE_S3_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("MIRRORLAKE_S3_SECRET_ACCESS_KEY", "s")
    wrong = failed()
    assert set(wrong) == {("secrets", "alerts.webhook_url")}
    assert "no answer" in wrong["secrets", "alerts.webhook_url"].detail


def test_a_source_that_is_asked_live_has_to_have_answered_lately(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("freshness", "openmeteo/archive") not in found(), "recordings are exempt"
    monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_LIVE", "true")
    assert found()["freshness", "openmeteo/archive"].verdict == "ok"
    for manifest in (data / "lake" / "bronze").rglob("manifest.json"):
        text = json.loads(manifest.read_text())
        text["fetched_at"] = "2020-01-01T00:00:00+00:00"
        manifest.write_text(json.dumps(text))
    late = failed()["freshness", "openmeteo/archive"]
    assert "are allowed" in late.detail
