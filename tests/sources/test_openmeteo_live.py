"""The source live, against a server on the loopback that speaks as Open-Meteo does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from loopback_server import Answer, LoopbackServer, Reply, day_body, in_turn

from lake.errors import SourceError
from pipeline.secret import Secret
from pipeline.settings import load_settings
from pipeline.settings.model import SourceSettings
from pipeline.sources.base import Payload, RefusedPayloadError, Request
from pipeline.sources.http import UnavailableError
from pipeline.sources.openmeteo import OpenMeteo
from pipeline.sources.openmeteo_live import LiveOpenMeteo

BOSTON = {"location_name": "Boston", "latitude": 42.35843, "longitude": -71.05977}
DAYS = [date(2024, 1, 1) + timedelta(days=day) for day in range(12)]


def asked(day: date = DAYS[0], dataset: str = "archive") -> Request:
    return Request("openmeteo", dataset, day, "boston_us_ma", BOSTON)


def good(parameters: Mapping[str, str]) -> Reply:
    return Reply(body=day_body(parameters))


@contextmanager
def live(project: Path, answer: Answer, **changes: object) -> Iterator[tuple[OpenMeteo, LoopbackServer]]:
    with LoopbackServer(answer).running() as server:
        openmeteo = SourceSettings(
            archive_url=f"{server.url}/v1/archive",
            forecast_url=f"{server.url}/v1/forecast",
            timeout_seconds=2,
            retry_budget_seconds=5,
            attempts=2,
            parallel=3,
        )
        settings = load_settings()
        sources = replace(settings.sources, openmeteo=replace(openmeteo, **changes))  # type: ignore[arg-type]
        yield OpenMeteo(replace(settings, sources=sources), live=True), server


def test_an_archive_request_is_one_utc_day_in_our_units(project: Path) -> None:
    with live(project, good) as (openmeteo, server):
        payload = openmeteo.fetch(asked())
    (sent,) = server.asked
    assert sent["path"] == "/v1/archive"
    assert (sent["start_date"], sent["end_date"], sent["timezone"]) == ("2024-01-01", "2024-01-01", "GMT")
    assert (sent["latitude"], sent["longitude"]) == ("42.35843", "-71.05977")
    assert (sent["wind_speed_unit"], sent["temperature_unit"], sent["precipitation_unit"]) == ("kmh", "celsius", "mm")
    assert sent["hourly"].startswith("temperature_2m,")
    assert "apikey" not in sent
    assert (payload.origin, payload.records) == ("live", 24)
    assert payload.url.startswith(f"{server.url}/v1/archive?latitude=42.35843&")
    frames, refused = openmeteo.parse([])
    assert (frames, refused) == ({}, {})


def test_a_forecast_runs_seven_days_from_its_run_date(project: Path) -> None:
    today = datetime.now(UTC).date()
    with live(project, good) as (openmeteo, server):
        payload = openmeteo.fetch(asked(today, "forecast"))
    (sent,) = server.asked
    assert sent["path"] == "/v1/forecast"
    assert date.fromisoformat(sent["end_date"]) - date.fromisoformat(sent["start_date"]) == timedelta(days=6)
    assert payload.records == 24


def test_the_past_is_not_forecast(project: Path) -> None:
    with live(project, good) as (openmeteo, server), pytest.raises(SourceError, match="which has passed"):
        openmeteo.fetch(asked(dataset="forecast"))
    assert server.asked == []


def test_the_key_is_sent_and_never_shown(project: Path) -> None:
    key = Secret("canary-4711")
    refusing = in_turn(Reply(400, b'{"error":true,"reason":"The API key canary-4711 is invalid"}'))
    with live(project, refusing, api_key=key) as (openmeteo, server), pytest.raises(SourceError) as caught:
        openmeteo.fetch(asked())
    assert server.asked[0]["apikey"] == "canary-4711"
    assert "The API key **** is invalid" in str(caught.value)
    with live(project, good, api_key=key) as (openmeteo, _):
        payload = openmeteo.fetch(asked())
    assert "canary" not in f"{payload} {caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":true,"reason":"No data is available for this location"}', "No data is available"),
        (b"<html><body>captive portal</body></html>", "HTML"),
        (b'{"latitude":42.3,"hourly":{"time":["2024-', "truncated"),
        (b"", "empty"),
    ],
)
def test_a_200_that_is_no_data_is_refused_and_kept(project: Path, body: bytes, words: str) -> None:
    with live(project, in_turn(Reply(body=body))) as (openmeteo, server), pytest.raises(RefusedPayloadError) as caught:
        openmeteo.fetch(asked())
    assert words in caught.value.what
    assert caught.value.payload.pages == (body,)
    assert len(server.asked) == 1


def test_an_answer_for_elsewhere_is_refused(project: Path) -> None:
    with (
        live(project, lambda sent: Reply(body=day_body({**sent, "latitude": "-33.9"}))) as (openmeteo, _),
        pytest.raises(RefusedPayloadError, match="km from the place that was asked for"),
    ):
        openmeteo.fetch(asked())


def test_a_day_that_the_archive_does_not_have_yet_is_no_day_without_weather(project: Path) -> None:
    def empty(sent: Mapping[str, str]) -> Reply:
        fields = sent["hourly"].split(",")
        hours = [f"{sent['start_date']}T{hour:02d}:00" for hour in range(24)]
        return Reply(body=day_body(sent, hourly={"time": hours, **{name: [None] * 24 for name in fields}}))

    with (
        live(project, empty) as (openmeteo, _),
        pytest.raises(RefusedPayloadError, match="no value of any hour of that day yet") as caught,
    ):
        openmeteo.fetch(asked())
    assert caught.value.fix is not None
    assert "ask again later" in caught.value.fix


def test_errors_name_dataset_place_and_date(project: Path) -> None:
    with (
        live(project, in_turn(Reply(400, b'{"error":true,"reason":"out of allowed range"}'))) as (openmeteo, _),
        pytest.raises(SourceError) as caught,
    ):
        openmeteo.fetch(asked())
    assert "400 Bad Request: out of allowed range" in str(caught.value)
    assert "archive, boston_us_ma, 2024-01-01" in str(caught.value)


def test_many_are_fetched_in_parallel_within_the_setting_and_given_in_order(project: Path) -> None:
    def slow(parameters: Mapping[str, str]) -> Reply:
        return replace(good(parameters), delay_seconds=0.1)

    with live(project, slow, parallel=3) as (openmeteo, server):
        found = list(openmeteo.fetch_many([asked(day) for day in DAYS]))
    assert [request.run_date for request, _ in found] == DAYS
    assert all(isinstance(outcome, Payload) for _, outcome in found)
    assert server.most_at_once == 3


def test_one_bad_answer_leaves_the_others(project: Path) -> None:
    def answer(parameters: Mapping[str, str]) -> Reply:
        return Reply(400, b'{"reason":"no"}') if parameters["start_date"] == "2024-01-03" else good(parameters)

    with live(project, answer) as (openmeteo, _):
        found = list(openmeteo.fetch_many([asked(day) for day in DAYS]))
    assert [isinstance(outcome, Payload) for _, outcome in found] == [day != date(2024, 1, 3) for day in DAYS]


def test_an_api_that_is_down_is_not_asked_for_everything(project: Path) -> None:
    with live(project, in_turn(Reply(503)), attempts=1, parallel=1) as (openmeteo, server):
        found = [outcome for _, outcome in openmeteo.fetch_many([asked(day) for day in DAYS])]
    assert len(server.asked) == 3
    assert all(isinstance(outcome, UnavailableError) for outcome in found)
    assert "not tried: Open-Meteo is not available" in str(found[-1])


def test_failures_between_answers_do_not_end_the_batch(project: Path) -> None:
    def answer(parameters: Mapping[str, str]) -> Reply:
        return Reply(503) if int(parameters["start_date"][-2:]) % 2 else good(parameters)

    with live(project, answer, attempts=1, parallel=1) as (openmeteo, server):
        found = [outcome for _, outcome in openmeteo.fetch_many([asked(day) for day in DAYS])]
    assert len(server.asked) == len(DAYS)
    assert [isinstance(outcome, Payload) for outcome in found] == [day.day % 2 == 0 for day in DAYS]


@pytest.mark.parametrize("replies", [(Reply(500), None), (Reply(body=b"{", promised=9), None)])
def test_a_passing_failure_is_no_failure(project: Path, replies: tuple[Reply, None]) -> None:
    left = [replies[0]]

    def answer(parameters: Mapping[str, str]) -> Reply:
        return left.pop() if left else good(parameters)

    with live(project, answer) as (openmeteo, server):
        assert openmeteo.fetch(asked()).records == 24
    assert len(server.asked) == 2


def test_an_interrupted_batch_stops_asking(project: Path) -> None:
    api: Callable[[SourceSettings], LiveOpenMeteo] = LiveOpenMeteo
    with live(project, good, parallel=1) as (openmeteo, server):
        client = api(openmeteo.settings)
        batch = client.fetch_each([asked(day) for day in DAYS], lambda one: replace(client.fetch(one), records=1))
        next(batch)
        batch.close()  # type: ignore[attr-defined]
    assert len(server.asked) < len(DAYS)
