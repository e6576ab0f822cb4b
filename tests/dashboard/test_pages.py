"""Every page on a real week, before the first run, on stale and on odd publications."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from dashboard_pages import OpenPage, assert_sound, charts, metrics, republish, rows, said

from dashboard.parts import ORIGIN, plain
from pipeline.spelling import spelled

PAGES = ("weather", "wind", "places", "operations")
DATA_PAGES = PAGES[:3]


@pytest.mark.parametrize("name", PAGES)
def test_week(published_week: Path, open_page: OpenPage, name: str) -> None:
    page = open_page(name)
    assert_sound(page)
    assert [title.value for title in page.title] == [name.capitalize()]
    assert ORIGIN in said(page)
    assert not page.warning


def test_cards_say_what_is_published(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    [(mean, strongest)] = rows(
        published_week, "SELECT avg(temperature_mean_c), max(wind_speed_max_kmh) FROM mart_weather_daily"
    )
    [(rain, wet)] = rows(
        published_week, "SELECT sum(precipitation_mm), count(*) FILTER (precipitation_mm > 0) FROM mart_weather_hourly"
    )
    assert metrics(page) == {
        "Mean temperature": f"{mean:.1f} °C",
        "Precipitation per place": f"{rain / 3:.1f} mm",
        "Wet hours per place": f"{wet / 3:.0f} h",
        "Strongest wind": f"{strongest:.0f} km/h",
    }
    assert charts(page) == 3


def test_wind_says_where_from(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("wind")
    [(calm, total)] = rows(
        published_week, "SELECT coalesce(sum(hours) FILTER (sector = 'calm'), 0), sum(hours) FROM mart_wind_rose"
    )
    [(sector,)] = rows(
        published_week,
        "SELECT sector FROM mart_wind_rose WHERE sector_number < 16 GROUP BY 1 ORDER BY sum(hours) DESC LIMIT 1",
    )
    assert metrics(page)["Mostly from"] == sector
    assert metrics(page)["Calm"] == f"{calm} h"
    assert f"of {total} h" in page.metric[1].delta
    assert "July 2013" in said(page)
    assert charts(page) == 1


def test_places_shows_map_and_completeness(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("places")
    totals, completeness = (frame.value for frame in page.dataframe)
    assert charts(page) == 1
    assert list(totals["place"]) == ["JFK", "LGA", "EWR"]
    expected = rows(published_week, "SELECT gap_hours FROM mart_data_status ORDER BY location_name")
    assert list(completeness["gap_hours"]) == [gaps for (gaps,) in expected]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_published_yet(open_page: OpenPage, name: str) -> None:
    page = open_page(name)
    assert_sound(page)
    assert "Nothing is published yet" in said(page)
    assert spelled("just dev-run") in said(page)
    assert not page.metric
    assert not page.dataframe


@pytest.mark.parametrize("name", DATA_PAGES)
def test_stale_publication(published_week: Path, open_page: OpenPage, name: str) -> None:
    behind = "UPDATE mart_data_status SET is_stale = true WHERE location_id = 'lga'"
    republish(published_week, "second", behind, stale=("openmeteo: 503 <b>busy</b>",))
    page = open_page(name)
    assert_sound(page)
    warnings = [warning.value for warning in page.warning]
    assert warnings[0] == f"Not up to date: {plain('openmeteo: 503 <b>busy</b>')}"
    assert warnings[1] == "Behind the others: LaGuardia Airport"
    assert any("stale" in badge.value for badge in page.markdown)
    assert not any("up to date]" in badge.value for badge in page.markdown)


@pytest.mark.parametrize("name", DATA_PAGES)
def test_published_tables_without_rows(published_week: Path, open_page: OpenPage, name: str) -> None:
    republish(
        published_week,
        "second",
        "DELETE FROM mart_weather_daily",
        "DELETE FROM mart_weather_hourly",
        "DELETE FROM mart_wind_rose",
        "UPDATE mart_data_status SET first_date = NULL, last_date = NULL, newest_observed_at = NULL",
    )
    page = open_page(name)
    assert_sound(page)
    assert "hold no day" in said(page)


@pytest.mark.parametrize("name", DATA_PAGES)
def test_no_place_at_all(published_week: Path, open_page: OpenPage, name: str) -> None:
    republish(published_week, "second", "DELETE FROM mart_locations", "DELETE FROM mart_data_status")
    page = open_page(name)
    assert_sound(page)
    assert "hold no day" in said(page)


def test_nothing_was_measured(published_week: Path, open_page: OpenPage) -> None:
    measures = ("temperature_mean_c", "temperature_min_c", "temperature_max_c", "temperature_mean_7d_c")
    others = ("precipitation_total_mm", "wet_hours", "wind_speed_max_kmh")
    empty = ", ".join(f"{name} = NULL" for name in (*measures, *others))
    republish(published_week, "second", f"UPDATE mart_weather_daily SET {empty}", "DELETE FROM mart_weather_hourly")
    page = open_page("weather")
    assert_sound(page)
    assert list(metrics(page).values()) == ["no data"] * 4
    assert_sound(open_page("places"))


def test_hostile_name_is_shown_as_text(published_week: Path, open_page: OpenPage) -> None:
    name = "**Bold** <script>alert(1)</script> $x$ [a](http://example.org)"
    change = "UPDATE {} SET location_name = '" + name + "', station_code = NULL WHERE location_id = 'lga'"
    republish(published_week, "second", *(change.format(mart) for mart in ("mart_locations", "mart_data_status")))
    for each in DATA_PAGES:
        page = open_page(each)
        assert_sound(page)
        assert "**Bold**" not in said(page)
        assert "](http" not in said(page)


def test_one_day(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.date_input(key="days").set_value((date(2013, 7, 4), date(2013, 7, 4))).run()
    assert_sound(page)
    [(mean,)] = rows(
        published_week, "SELECT avg(temperature_mean_c) FROM mart_weather_daily WHERE weather_date = '2013-07-04'"
    )
    assert metrics(page)["Mean temperature"] == f"{mean:.1f} °C"
    assert page.metric[0].delta  # the day before is published too
