"""Bodies of Open-Meteo: what is read, what is refused and how it is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lake.errors import PayloadError
from pipeline.sources.openmeteo_body import read_body, refuse_other_place
from pipeline.sources.openmeteo_units import CONVERSIONS, UNITS


def document(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "latitude": 40.6,
        "longitude": -73.8,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "elevation": 4.0,
        "hourly_units": {"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h"},
        "hourly": {
            "time": ["2013-07-01T00:00", "2013-07-01T01:00"],
            "temperature_2m": [20.5, None],
            "wind_speed_10m": [3, 4.5],
        },
    }
    return {**found, **changes}


def data(**changes: Any) -> bytes:
    return json.dumps(document(**changes)).encode()


def hourly(**fields: Any) -> dict[str, Any]:
    return {**document()["hourly"], **fields}


def units(**fields: Any) -> dict[str, Any]:
    return {**document()["hourly_units"], **fields}


def refused(body: bytes) -> str:
    with pytest.raises(PayloadError) as caught:
        read_body(body)
    assert "\n" not in caught.value.what
    return caught.value.what


def test_a_plain_body_is_found_as_it_is() -> None:
    body = read_body(data())
    assert body.records == 2
    assert body.hourly == document()["hourly"]
    assert (body.latitude, body.longitude, body.elevation) == (40.6, -73.8, 4.0)


def test_values_are_not_judged() -> None:
    odd = [{"a": [1]}, "warm"]
    assert read_body(data(hourly=hourly(temperature_2m=odd))).hourly["temperature_2m"] == odd
    assert read_body(data(hourly=hourly(time=["yesterday", 7]))).hourly["time"] == ["yesterday", 7]


def test_an_empty_day_is_a_day() -> None:
    assert read_body(data(hourly={"time": [], "temperature_2m": []})).records == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!DOCTYPE html><html>Bad gateway</html>", "HTML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "HTML or XML"),
        (data()[:-40], "truncated after"),
        (data().replace(b"20.5", b"NaN"), "holds NaN"),
        (data().replace(b"20.5", b"-Infinity"), "holds -Infinity"),
        (b"[" * 100_000 + b"]" * 100_000, "no JSON: depth limit"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "no JSON: depth limit"),
        (data(hourly=hourly(x=[json.loads("[" * 60 + "]" * 60), 1])), "nested deeper than 32"),
        (data().decode().encode("utf-16"), "no JSON"),
        (b"\xef\xbb\xbf" + data(), "byte order mark"),
        (data() + b"\0", "no JSON: unexpected content"),
        (b"null", "a JSON NoneType, not an object"),
        (b"[1, 2]", "a JSON list, not an object"),
        (b'"hourly"', "a JSON str, not an object"),
        (b"{}", "no 'hourly' block"),
        (b'{"hourly": [1]}', "no 'hourly' block"),
        (b'{"hourly": {"time": []}}', "no 'hourly_units' block"),
        (data(hourly={"temperature_2m": [1]}), "no list 'time'"),
        (data(hourly=hourly(time="2013-07-01")), "no list 'time'"),
        (data(hourly=hourly(temperature_2m=[1])), "'temperature_2m' has 1 values for 2 times"),
        (data(hourly=hourly(temperature_2m={"a": 1})), "'temperature_2m' is no list"),
        (data(hourly=hourly(_payload=[1, 2])), "a name that is ours"),
        (data(hourly=hourly(location_id=[1, 2])), "a name that is ours"),
        (data(hourly=hourly(issued_at=[1, 2])), "a name that is ours"),
        (data(hourly_units=units(temperature_2m="°R")), "temperature_2m comes with the unit '°R'"),
        (data(hourly_units=units(temperature_2m=7)), "temperature_2m comes with the unit 7"),
        (data(hourly_units={"time": "iso8601", "wind_speed_10m": "km/h"}), "temperature_2m comes with no unit"),
        (data(hourly_units=units(temperature_2m="undefined")), "the unit 'undefined'"),
        (data(hourly_units=units(time="julian")), "time comes with the unit 'julian'"),
        (data(utc_offset_seconds="9:30"), "utc_offset_seconds is '9:30'"),
        (data(utc_offset_seconds=True), "utc_offset_seconds is True"),
        (data(utc_offset_seconds=10**9), "utc_offset_seconds is 1000000000"),
        (data(utc_offset_seconds=None, timezone="Europe/Berlin"), "utc_offset_seconds is None"),
        (
            b'{"error":true,"reason":"Parameter \'start_date\' is\\nout of range"}',
            "the API says: Parameter 'start_date'",
        ),
        (b'{"error":true}', "the API says: no reason given"),
    ],
)
def test_what_is_no_data_is_refused_with_the_reason(body: bytes, words: str) -> None:
    assert words in refused(body)


def test_an_error_is_told_in_the_words_of_the_api(shared_data: Path) -> None:
    folder = shared_data / "openmeteo"
    assert refused((folder / "issue436_forecast_400.json").read_bytes()) == (
        "the API says: Forecast days is invalid. Allowed range 0 to 14. Given 16."
    )
    assert "mutually exclusive" in refused((folder / "issue442_forecast.json").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        '{"hourly_units":{},"hourly":{"time":[]},"hourly":{"time":[]}}',
        '{"hourly_units":{},"hourly":{"time":[1],"time":[2]}}',
        '{"hourly_units":{},"hourly":{"time":[1],"time" :[2]}}',
        '{"hourly_units":{},"hourly":{"time":[{"a":1,"a":2}]}}',
    ],
)
def test_doubled_keys_are_refused(text: str) -> None:
    assert "stands twice" in refused(text.encode())


def test_texts_that_look_like_keys_do_no_harm() -> None:
    assert read_body(data(hourly=hourly(note=['"a":1', 'b":']))).records == 2
    assert read_body(json.dumps(document(), indent=1, separators=(",", " : ")).encode()).records == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature_2m_ecmwf_ifs025": [1, 2], "temperature_2m_gfs_seamless": [1, 3]},
        {"wind_speed_10m_best_match": [1, 2]},
        {"precipitation_member01": [1, 2]},
    ],
)
def test_several_models_in_one_body_are_refused(fields: dict[str, Any]) -> None:
    said = refused(data(hourly=hourly(**fields)))
    assert "fields by model" in said
    assert all(name.split("_", 2)[-1].removeprefix("10m_").removeprefix("2m_") in said for name in fields)


def test_unknown_fields_travel_on_as_they_are() -> None:
    extra = {"precipitation_probability": [10, 20], "temperature_2m_spread": [1, 2], "et0": [None, "x"]}
    body = read_body(data(hourly=hourly(**extra), hourly_units=units(et0="furlong")))
    assert {name: body.hourly[name] for name in extra} == extra


@pytest.mark.parametrize(
    ("field", "unit", "given", "kept"),
    [
        ("temperature_2m", "°F", 212, 100.0),
        ("dew_point_2m", "°F", -40, -40.0),
        ("temperature_2m", "K", 273.15, 0.0),
        ("wind_speed_10m", "m/s", 2.6, 9.36),
        ("wind_speed_10m", "mp/h", 10, 16.09344),
        ("wind_gusts_10m", "mph", 10, 16.09344),
        ("wind_speed_10m", "kn", 9, 16.668),
        ("precipitation", "inch", 0.01, 0.254),
        ("precipitation", "cm", 0.1, 1.0),
        ("pressure_msl", "Pa", 101325, 1013.25),
        ("visibility", "ft", 10, 3.048),
        ("visibility", "km", 16.1, 16100.0),
    ],
)
def test_the_units_block_decides(field: str, unit: str, given: float, kept: float) -> None:
    body = read_body(data(hourly=hourly(**{field: [given, None]}), hourly_units=units(**{field: unit})))
    assert body.hourly[field] == [kept, None]


def test_every_conversion_leads_to_a_unit_of_ours_and_leaves_what_is_no_number() -> None:
    assert {kept for _, kept in CONVERSIONS} <= set(UNITS.values())
    odd = [True, "5", None, [1]]
    times = [f"2013-07-01T0{hour}:00" for hour in range(4)]
    body = data(hourly={"time": times, "wind_speed_10m": odd}, hourly_units=units(wind_speed_10m="m/s"))
    assert read_body(body).hourly["wind_speed_10m"] == odd


def test_an_undefined_unit_of_nothing_is_nothing() -> None:
    body = data(hourly=hourly(visibility=[None, None]), hourly_units=units(visibility="undefined"))
    assert read_body(body).hourly["visibility"] == [None, None]


@pytest.mark.parametrize(
    ("offset", "given", "kept"),
    [
        (34200, "2025-01-10T00:00", "2025-01-09T14:30"),
        (-14400, "2013-12-31T21:00", "2014-01-01T01:00"),
        (3600, "2013-07-01T00:00:30", "2013-06-30T23:00:30"),
        (3600, "2013-07-01T00:00+05:00", "2013-07-01T00:00+05:00"),
        (3600, "0001-01-01T00:00", "0001-01-01T00:00"),
        (3600, "noon", "noon"),
    ],
)
def test_local_times_become_utc(offset: int, given: str, kept: str) -> None:
    body = data(hourly={"time": [given]}, utc_offset_seconds=offset, timezone="Somewhere/Else")
    assert read_body(body).hourly["time"] == [kept]


def test_unix_times_are_utc_already() -> None:
    body = data(hourly={"time": [0, 10**15, True, "x"]}, hourly_units={"time": "unixtime"}, utc_offset_seconds=34200)
    assert read_body(body).hourly["time"] == ["1970-01-01T00:00:00", 10**15, True, "x"]


def test_an_answer_about_another_place_is_refused() -> None:
    body = read_body(data())
    refuse_other_place(body, {"latitude": 40.0, "longitude": -73.8})
    refuse_other_place(body, {})
    with pytest.raises(PayloadError, match="km from the place that was asked for"):
        refuse_other_place(body, {"latitude": -34.8, "longitude": 138.6})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    body=st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries(
        {"hourly": JSON, "hourly_units": JSON, "utc_offset_seconds": JSON, "error": st.just(False)}
    ).map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from(["time", "temperature_2m", "x"]), st.lists(JSON, min_size=2, max_size=2)).map(
        lambda fields: data(hourly=fields)
    )
)
def test_nothing_but_a_refusal_comes_of_any_bytes(body: bytes) -> None:
    try:
        found = read_body(body)
    except PayloadError:
        return
    assert all(len(values) == found.records for values in found.hourly.values())
