"""Publications while somebody looks: the next interaction shows them, and no page ever mixes two."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from dashboard_pages import OpenPage, assert_sound, metrics, republish, said

from dashboard import backends
from dashboard.backends import duckdb as duckdb_backend
from dashboard.published import current
from lake.errors import DamagedError
from pipeline.settings import Settings
from warehouse import pointer

WARM = (
    "UPDATE mart_weather_daily SET temperature_mean_c = {degrees}",
    "UPDATE mart_weather_hourly SET temperature_c = {degrees}",
    "UPDATE mart_locations SET station_code = 'T{degrees}' WHERE location_id = 'lga'",
)


def publish_degrees(data: Path, degrees: int) -> None:
    """One more publication, in which it is so warm everywhere, and LaGuardia's code says so."""
    republish(data, f"degrees-{degrees}", *(change.format(degrees=degrees) for change in WARM))


def test_next_interaction_shows_it(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    before = metrics(page)["Mean temperature"]
    publish_degrees(published_week, 41)
    assert metrics(page)["Mean temperature"] == before
    page.run()
    assert_sound(page)
    assert metrics(page)["Mean temperature"] == "41.0 °C"


@pytest.mark.parametrize("times", [1, 2, 4])
def test_a_page_never_mixes_versions(
    published_week: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Publish in the middle of a page: once, so that its version is still kept, and more often, so that it is gone."""
    publish_degrees(published_week, 40)
    pending = list(range(41, 41 + times))
    asked = []

    def publish_after_the_second(
        settings: Settings, version: backends.Version, sql: str, parameters: Sequence[object]
    ) -> pd.DataFrame:
        answer = original(settings, version, sql, parameters)
        asked.append(version.name)
        while len(asked) == 2 and pending:
            publish_degrees(published_week, pending.pop(0))
        return answer

    original = duckdb_backend.ask
    monkeypatch.setattr(duckdb_backend, "ask", publish_after_the_second)
    page = open_page("weather")
    assert_sound(page)
    assert not pending
    degrees = 40 if times == 1 else 40 + times
    assert metrics(page)["Mean temperature"] == f"{degrees}.0 °C"
    assert page.multiselect(key="place").options[1] == f"T{degrees}"


def test_an_answer_is_of_the_version_that_was_asked(published_week: Path) -> None:
    publish_degrees(published_week, 40)
    first = current()
    publish_degrees(published_week, 41)
    second = current()
    assert first is not None
    assert second is not None
    question = "SELECT max(temperature_mean_c) AS t FROM mart_weather_daily"
    assert second.ask(question)["t"][0] == 41
    assert first.ask(question)["t"][0] == 40


def test_a_version_that_is_gone_is_superseded(published_week: Path) -> None:
    first = current()
    assert first is not None
    for degrees in (41, 42):
        publish_degrees(published_week, degrees)
    with pytest.raises(backends.SupersededError):
        duckdb_backend.ask(first.settings, first.version, "SELECT 1", ())


def test_the_same_name_with_other_rows(published_week: Path) -> None:
    """After a reset a run may publish under a name that was there before: the instant tells them apart."""
    question = "SELECT max(temperature_mean_c) AS t FROM mart_weather_daily"
    seen = []
    for degrees in (40, 41, 42):
        republish(published_week, "same", f"UPDATE mart_weather_daily SET temperature_mean_c = {degrees}")
        found = current()
        assert found is not None
        seen.append((found.version.name, found.ask(question)["t"][0]))
    assert [value for _, value in seen] == [40, 41, 42]
    republish(published_week, "same", "UPDATE mart_weather_daily SET temperature_mean_c = 43")
    found = current()
    assert found is not None
    assert found.version.name in [name for name, _ in seen]
    assert found.ask(question)["t"][0] == 43


@pytest.mark.parametrize("name", ["weather", "wind", "places"])
@pytest.mark.parametrize("damage", ["junk", "cut", "gone", "pointer", "instant", "column"])
def test_damage_is_explained(published_week: Path, open_page: OpenPage, name: str, damage: str) -> None:
    path = pointer.current(published_week / "published")
    assert path is not None
    entry = path.parent / pointer.NAME
    if damage == "junk":
        path.write_bytes(b"no database" * 1000)
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif damage == "gone":
        path.unlink()
    elif damage == "pointer":
        entry.write_text("{")
    elif damage == "instant":
        entry.write_text(f'{{"file": "{path.name}"}}')
    else:
        republish(published_week, "second", "ALTER TABLE mart_data_status DROP COLUMN is_stale")
    page = open_page(name)
    assert not page.exception
    assert [error.value.split("**")[1] for error in page.error] == ["This page cannot be shown."]
    where, fix = (code.value for code in page.code[1:]) if damage != "column" else (page.code[1].value, "run")
    assert str(published_week / "published") in where
    assert "run" in fix


def test_operations_shows_runs_though_the_published_file_is_gone(published_week: Path, open_page: OpenPage) -> None:
    path = pointer.current(published_week / "published")
    assert path is not None
    path.unlink()
    page = open_page("operations")
    assert not page.exception
    assert "the published file is gone" in said(page)
    assert len(page.dataframe) >= 2


def test_a_file_that_vanishes_without_a_newer_one_is_damage(published_week: Path) -> None:
    found = current()
    assert found is not None
    (published_week / "published" / found.version.name).unlink()
    with pytest.raises(DamagedError, match="the published file is gone"):
        duckdb_backend.ask(found.settings, found.version, "SELECT 1", ())
