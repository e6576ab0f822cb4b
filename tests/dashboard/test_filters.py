"""Places and days: what they choose, that they stay while pages change, and what a newer publication does to them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from dashboard_pages import APP, OpenPage, assert_sound, charts, metrics, republish, rows, said
from streamlit.testing.v1 import AppTest

from dashboard.filters import Filters, short_names

JULY = [date(2013, 7, day) for day in range(8)[1:]]


def test_one_place(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.multiselect(key="place").set_value(["lga"]).run()
    assert_sound(page)
    [(mean, rain)] = rows(
        published_week,
        "SELECT avg(temperature_mean_c), sum(precipitation_total_mm) FROM mart_weather_daily WHERE location_id = 'lga'",
    )
    assert metrics(page)["Mean temperature"] == f"{mean:.1f} °C"
    # Of one place, so not "per place". The total may lie half-way between two shown values.
    assert abs(float(metrics(page)["Precipitation"].removesuffix(" mm")) - rain) < 0.051


def test_one_place_on_the_other_pages(published_week: Path, open_page: OpenPage) -> None:
    places = open_page("places")
    places.multiselect(key="place").set_value(["lga"]).run()
    assert [list(frame.value["place"]) for frame in places.dataframe] == [["LGA"], ["LGA"]]
    wind = open_page("wind")
    wind.multiselect(key="place").set_value(["lga"]).run()
    [(total,)] = rows(published_week, "SELECT sum(hours) FROM mart_wind_rose WHERE location_id = 'lga'")
    assert wind.metric[1].delta.endswith(f"of {total} h")


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({"place": ["ewr"], "days": ["2013-07-02", "2013-07-03"]}, ["ewr"]),
        ({"place": ["<script>"], "days": ["soon", "2013-99-99"]}, ["jfk", "lga", "ewr"]),
        ({"place": [], "days": ["2013-07-03", "2013-07-02"]}, ["jfk", "lga", "ewr"]),
        ({"place": ["'; DROP TABLE mart_locations"], "days": ["1999-01-01", "1999-01-02"]}, ["jfk", "lga", "ewr"]),
    ],
)
def test_the_address_chooses(published_week: Path, asked: dict[str, list[str]], places: list[str]) -> None:
    page = AppTest.from_file(str(APP), default_timeout=60)
    for name, values in asked.items():
        page.query_params[name] = values
    page.run()
    assert_sound(page)
    assert page.multiselect(key="place").value == places
    assert page.date_input(key="days").value == ((JULY[1], JULY[2]) if places == ["ewr"] else (JULY[0], JULY[-1]))


def test_they_stay_while_pages_change(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.multiselect(key="place").set_value(["lga", "ewr"]).run()
    page.date_input(key="days").set_value((JULY[1], JULY[3])).run()
    for name in ("places", "operations", "wind", "weather", "places"):
        page.switch_page(f"views/{name}.py").run()
        assert_sound(page)
        if name == "places":
            assert list(page.dataframe[0].value["place"]) == ["LGA", "EWR"]
            assert "2013-07-02 to 2013-07-04" in said(page)
        if name != "operations":
            assert page.query_params == {"place": ["lga", "ewr"], "days": ["2013-07-02", "2013-07-04"]}


def test_no_place(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.multiselect(key="place").set_value([]).run()
    assert_sound(page)
    assert "Choose at least one place" in said(page)


def test_one_date_of_two(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.date_input(key="days").set_value((JULY[2],)).run()
    assert_sound(page)
    assert "Choose the last day too" in said(page)


def test_no_rows_in_range(published_week: Path, open_page: OpenPage) -> None:
    gone = "WHERE location_id = 'lga' AND {} BETWEEN '2013-07-02' AND '2013-07-04'"
    republish(
        published_week,
        "second",
        f"DELETE FROM mart_weather_daily {gone.format('weather_date')}",
        f"DELETE FROM mart_weather_hourly {gone.format('observed_date')}",
    )
    page = open_page("weather")
    page.multiselect(key="place").set_value(["lga"])
    page.date_input(key="days").set_value((JULY[1], JULY[2])).run()
    assert_sound(page)
    assert "No data for these places and days" in said(page)
    assert not charts(page)
    page = open_page("places")
    page.multiselect(key="place").set_value(["lga"])
    page.date_input(key="days").set_value((JULY[1], JULY[2])).run()
    assert_sound(page)
    assert page.dataframe[0].value["temperature_mean_c"].isna().all()


def test_more_days_are_published(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    later = "UPDATE mart_data_status SET last_date = DATE '2013-07-09'"
    republish(published_week, "second", later)
    page.run()
    assert page.date_input(key="days").value == (JULY[0], date(2013, 7, 9))  # who saw all sees all


def test_fewer_days_and_places_are_published(published_week: Path, open_page: OpenPage) -> None:
    page = open_page("weather")
    page.multiselect(key="place").set_value(["lga", "ewr"])
    page.date_input(key="days").set_value((JULY[4], JULY[6])).run()
    republish(
        published_week,
        "second",
        "UPDATE mart_data_status SET last_date = DATE '2013-07-03'",
        "DELETE FROM mart_locations WHERE location_id = 'ewr'",
        "DELETE FROM mart_data_status WHERE location_id = 'ewr'",
    )
    page.run()
    assert_sound(page)
    assert page.multiselect(key="place").value == ["lga"]
    assert page.date_input(key="days").value == (JULY[0], JULY[2])


def test_short_names() -> None:
    places = pd.DataFrame(
        {
            "location_id": ["jfk", "boston", "queens"],
            "location_name": ["Kennedy", "Boston", "Queens"],
            "station_code": ["JFK", None, "JFK"],
        }
    )
    assert short_names(places) == {"jfk": "JFK (jfk)", "boston": "Boston", "queens": "JFK (queens)"}


def test_the_days_before() -> None:
    before = Filters(("jfk",), date(2013, 7, 3), date(2013, 7, 4), {}).before()
    assert (before.first, before.last, before.days) == (date(2013, 7, 1), date(2013, 7, 2), 2)
