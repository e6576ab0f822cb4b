"""The source offline: planning, recordings, fingerprints, and what is said of what is not recorded."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from lake.errors import ConfigError, NotRecordedError, SourceError, UnknownChoiceError
from pipeline.places import resolve
from pipeline.settings import load_settings
from pipeline.sources import source, sources
from pipeline.sources.base import Payload, RefusedPayloadError, Request
from pipeline.sources.openmeteo import OpenMeteo

DAY = date(2013, 7, 4)


@pytest.fixture
def openmeteo(project: Path) -> OpenMeteo:
    return OpenMeteo(load_settings())


@pytest.fixture
def own(project: Path, tmp_path: Path) -> tuple[OpenMeteo, Path]:
    """A source on a folder of its own, with one recorded day."""
    settings = replace(load_settings(), samples=tmp_path / "samples")
    return OpenMeteo(settings), write(tmp_path / "samples", "archive/jfk/2013-07-04.json", recorded("jfk", DAY))


def recorded(place: str, day: date) -> bytes:
    return (Path(__file__).resolve().parents[2] / f"samples/openmeteo/archive/{place}/{day}.json").read_bytes()


def write(samples: Path, name: str, body: bytes) -> Path:
    path = samples / "openmeteo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


def request(place: str = "jfk", day: date = DAY, dataset: str = "archive") -> Request:
    return Request("openmeteo", dataset, day, place)


def test_sources_are_found_by_name(project: Path) -> None:
    settings = load_settings()
    assert source("openmeteo", settings).name == "openmeteo"
    assert source("openmeteo", settings, live=True).live
    with pytest.raises(UnknownChoiceError, match="unknown source: 'sap'") as caught:
        source("sap", settings)
    assert caught.value.known == sorted(sources())


def test_the_setting_live_is_obeyed(project: Path) -> None:
    assert OpenMeteo(load_settings(overrides={"sources.openmeteo.live": "true"})).live
    assert not OpenMeteo(load_settings()).live


def test_a_plan_has_one_request_per_date_and_place(openmeteo: OpenMeteo) -> None:
    places = [resolve(name, openmeteo.recorded_places) for name in ("JFK", "New York", "LaGuardia Airport")]
    days = [date(2013, 7, 5), DAY, DAY]
    requests = openmeteo.plan(days, places)
    assert [(r.run_date, r.slice_key) for r in requests] == [
        (date(2013, 7, 5), "jfk"),
        (date(2013, 7, 5), "lga"),
        (DAY, "jfk"),
        (DAY, "lga"),
    ]
    assert {r.dataset for r in requests} == {"archive"}
    assert requests[0].attributes["location_name"] == "John F. Kennedy International Airport"


def test_live_forecasts_take_over_where_the_archive_ends(project: Path) -> None:
    live = OpenMeteo(load_settings(), live=True)
    days, place = [date(2026, 7, 15), date(2026, 7, 16)], resolve("JFK", live.recorded_places)
    asked = [(r.run_date.day, r.dataset) for r in live.plan(days, [place], forecast=True, today=date(2026, 7, 16))]
    assert asked == [(15, "archive"), (15, "forecast"), (16, "forecast")]
    assert {r.dataset for r in live.plan(days, [place], today=date(2026, 7, 16))} == {"archive"}


def test_a_recorded_day_is_read_byte_for_byte(openmeteo: OpenMeteo) -> None:
    payload = openmeteo.fetch(request())
    assert payload.pages == (recorded("jfk", DAY),)
    assert (payload.origin, payload.records) == ("recorded", 24)
    assert payload.url == "recorded:openmeteo/archive/jfk/2013-07-04.json"
    assert payload.fetched_at.tzinfo is not None


def test_many_come_in_order_with_their_errors(openmeteo: OpenMeteo) -> None:
    asked = [request(), request(day=date(2014, 1, 1)), request("lga")]
    seen: list[tuple[int, int]] = []
    found = list(openmeteo.fetch_many(asked, lambda done, total: seen.append((done, total))))
    assert [one for one, _ in found] == asked
    assert [type(outcome) for _, outcome in found] == [Payload, NotRecordedError, Payload]
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("place", "day"), [("jfk", date(2013, 12, 31)), ("bos", DAY)])
def test_what_is_not_recorded_is_said_with_what_is(openmeteo: OpenMeteo, place: str, day: date) -> None:
    with pytest.raises(NotRecordedError) as caught:
        openmeteo.fetch(request(place, day))
    said = str(caught.value)
    assert f"archive of {place} for {day} is not recorded" in said
    assert "jfk 2013-01-01 to 2013-12-30" in said
    assert "--live" in said


def test_an_empty_folder_of_recordings(project: Path, tmp_path: Path) -> None:
    bare = OpenMeteo(replace(load_settings(), samples=tmp_path))
    assert bare.recorded_places == ()
    assert bare.recorded_dates("jfk") == []
    with pytest.raises(NotRecordedError) as caught:
        bare.fetch(request())
    assert caught.value.where == "recorded are: nothing"


def test_recorded_dates_are_in_order_and_other_files_are_passed_over(own: tuple[OpenMeteo, Path]) -> None:
    openmeteo, path = own
    for name in ("2013-01-02.json", "notes.json", "2013-99-99.json", "2013-01-03.json.tmp", "2013-01-04Tnoon.json"):
        path.with_name(name).write_bytes(b"{}")
    assert openmeteo.recorded_dates("jfk") == [date(2013, 1, 2), DAY]
    assert "jfk 2013-01-02 to 2013-07-04 (2 days)" in openmeteo.recordings.summary("archive")


def test_the_place_of_a_request_cannot_climb_out(openmeteo: OpenMeteo) -> None:
    for hostile in ("../archive/jfk", "..", "/etc", "a\0b", ""):
        with pytest.raises(Exception, match="cannot be used as a location"):
            openmeteo.fetch(request(hostile))


def test_of_several_forecasts_the_last_one_issued_is_read(own: tuple[OpenMeteo, Path]) -> None:
    openmeteo, path = own
    for hour in ("05", "17"):
        body = recorded("jfk", DAY).replace(b'"elevation":4.0', b'"elevation":' + hour.encode().lstrip(b"0"))
        write(path.parents[3], f"forecast/jfk/2013-07-04T{hour}Z.json", body)
    payload = openmeteo.fetch(request(dataset="forecast"))
    assert payload.fetched_at == datetime(2013, 7, 4, 17, tzinfo=UTC)
    assert json.loads(payload.pages[0])["elevation"] == 17
    assert openmeteo.recorded_dates("jfk", "forecast") == [DAY]


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"error":true,"reason":"Daily limit"}', recorded("jfk", DAY)[:900]])
def test_a_spoilt_recording_is_refused_and_handed_on(own: tuple[OpenMeteo, Path], body: bytes) -> None:
    openmeteo, path = own
    path.write_bytes(body)
    with pytest.raises(RefusedPayloadError) as caught:
        openmeteo.fetch(request())
    assert caught.value.payload.pages == (body,)
    assert "archive, jfk, 2013-07-04" in str(caught.value)


def test_every_messy_file_as_a_payload(own: tuple[OpenMeteo, Path], shared_data: Path) -> None:
    openmeteo, path = own
    files = [one for one in sorted((shared_data / "messy").iterdir()) if one.suffix == ".csv"]
    for file in files:
        path.write_bytes(file.read_bytes())
        with pytest.raises(RefusedPayloadError):
            openmeteo.fetch(request())
    assert len(files) > 5


def test_a_recording_beyond_the_limit_is_not_read(project: Path) -> None:
    small = OpenMeteo(load_settings(overrides={"sources.openmeteo.max_bytes": "100"}))
    with pytest.raises(SourceError, match="larger than 100 bytes"):
        small.fetch(request())


def test_a_recording_that_vanishes_is_an_error_of_ours(own: tuple[OpenMeteo, Path]) -> None:
    openmeteo, path = own
    openmeteo.recorded_dates("jfk")
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read: No such file"):
        openmeteo.fetch(request())


def test_the_fingerprint_follows_the_recordings(own: tuple[OpenMeteo, Path], project: Path) -> None:
    openmeteo, path = own
    asked = [request(), request(day=date(2013, 7, 5))]

    def now() -> str | None:
        fresh = OpenMeteo(replace(load_settings(), samples=path.parents[3]))
        return fresh.recordings_fingerprint(asked)

    first = now()
    assert now() == first == openmeteo.recordings_fingerprint(asked)
    os.utime(path, ns=(1, 1))
    touched = now()
    write(path.parents[3], "archive/jfk/2013-07-05.json", b"{}")
    added = now()
    path.unlink()
    assert len({first, touched, added, now()}) == 4
    assert openmeteo.recordings_fingerprint(asked[:1]) != first
    assert OpenMeteo(load_settings(), live=True).recordings_fingerprint(asked) is None


@pytest.mark.parametrize("text", ["{", "[]", '{"locations": [{"id": "x"}]}', '{"locations": [7]}', '{"places": []}'])
def test_a_damaged_list_of_places_is_said(own: tuple[OpenMeteo, Path], text: str) -> None:
    openmeteo, path = own
    write(path.parents[3], "locations.json", text.encode())
    with pytest.raises(ConfigError, match="list of recorded places cannot be read"):
        _ = openmeteo.recorded_places
