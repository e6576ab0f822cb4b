"""The HTTP client against a real server on the loopback, faults included."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from loopback_server import Answer, LoopbackServer, Reply, in_turn

from lake.errors import PayloadError, SourceError
from pipeline.sources.http import HttpClient, Limits, UnavailableError, _retry_after

QUICK = Limits(timeout_seconds=0.5, retry_budget_seconds=5, attempts=3, max_bytes=1000, first_wait_seconds=0.01)
KEY = "canary key/+%"


@contextmanager
def talking(answer: Answer, limits: Limits = QUICK) -> Iterator[tuple[HttpClient, LoopbackServer]]:
    with (
        LoopbackServer(answer).running() as server,
        HttpClient("The API", limits, secrets={"apikey": KEY}) as client,
    ):
        yield client, server


def test_a_body_comes_back_byte_for_byte() -> None:
    with talking(in_turn(Reply(body=b'{"a": 1}\n'))) as (client, server):
        assert client.get(f"{server.url}/v1", {"x": "ü &"}) == b'{"a": 1}\n'
    assert server.asked == [{"path": "/v1", "x": "ü &", "apikey": KEY}]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_failures_are_tried_again(status: int) -> None:
    with talking(in_turn(Reply(status), Reply(status), Reply(body=b"good"))) as (client, server):
        assert client.get(server.url, {}) == b"good"
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301, 302, 204])
def test_a_refusal_is_final_and_has_the_words_of_the_api(status: int) -> None:
    body = b"" if status == 204 else b'{"error":true,"reason":"Value of type \\u0000 invalid"}'
    headers = {"Location": "http://elsewhere.example/?apikey=x"} if status in (301, 302) else {}
    with talking(in_turn(Reply(status, body, headers))) as (client, server), pytest.raises(SourceError) as caught:
        client.get(server.url, {})
    assert len(server.asked) == 1
    assert not isinstance(caught.value, UnavailableError)
    assert str(status) in caught.value.what
    if body:
        assert "Value of type   invalid" in caught.value.what


def test_attempts_are_counted_and_the_last_words_are_told() -> None:
    with (
        talking(in_turn(Reply(503, b'{"reason":"maintenance"}'))) as (client, server),
        pytest.raises(UnavailableError, match=r"tried 3 times in .* s: 503 Service Unavailable: maintenance"),
    ):
        client.get(server.url, {})
    assert len(server.asked) == 3


def test_retry_after_is_waited_for_by_every_thread() -> None:
    told = in_turn(Reply(429, headers={"Retry-After": "1"}), Reply(body=b"good"))
    with talking(told) as (client, server), ThreadPoolExecutor(2) as pool:
        first = pool.submit(client.get, server.url, {})
        while not server.asked:
            time.sleep(0.005)
        time.sleep(0.05)
        second = pool.submit(client.get, server.url, {})
        assert (first.result(), second.result()) == (b"good", b"good")
    assert all(moment - server.moments[0] >= 0.95 for moment in server.moments[1:])


def test_a_retry_after_beyond_the_budget_ends_at_once() -> None:
    started = time.monotonic()
    with talking(in_turn(Reply(429, headers={"Retry-After": "3600"}))) as (client, server):
        with pytest.raises(UnavailableError, match="it asks to wait 3600 s"):
            client.get(server.url, {})
        with pytest.raises(UnavailableError, match="told to another request; it asks to wait 3600 s"):
            client.get(server.url, {})
    assert len(server.asked) == 1
    assert time.monotonic() - started < 2


def test_the_budget_bounds_all_attempts_together() -> None:
    limits = Limits(0.5, retry_budget_seconds=0.4, attempts=1000, first_wait_seconds=0.05)
    started = time.monotonic()
    with talking(in_turn(Reply(500)), limits) as (client, server), pytest.raises(UnavailableError):
        client.get(server.url, {})
    assert time.monotonic() - started < 2
    assert len(server.asked) < 20


def test_without_a_budget_there_is_one_attempt() -> None:
    limits = Limits(0.5, retry_budget_seconds=0, attempts=5)
    with talking(in_turn(Reply(500)), limits) as (client, server), pytest.raises(UnavailableError, match="tried once"):
        client.get(server.url, {})
    assert len(server.asked) == 1


def test_slow_answers_end_by_the_timeout() -> None:
    late, dripping = Reply(delay_seconds=1.0), Reply(body=b"x" * 100, pause_seconds=0.05)
    with talking(in_turn(late, dripping, Reply(body=b"good"))) as (client, server):
        assert client.get(server.url, {}) == b"good"
    assert len(server.asked) == 3


def test_a_body_shorter_than_promised_is_tried_again() -> None:
    short = Reply(body=b'{"a":', promised=50)
    with talking(in_turn(short, Reply(body=b"good"))) as (client, server):
        assert client.get(server.url, {}) == b"good"
    with talking(in_turn(short)) as (client, server), pytest.raises(UnavailableError, match="RemoteProtocolError"):
        client.get(server.url, {})


def test_a_body_that_is_not_packed_as_it_says_is_tried_again() -> None:
    with (
        talking(in_turn(Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"}))) as (client, server),
        pytest.raises(UnavailableError, match="DecodingError"),
    ):
        client.get(server.url, {})
    assert len(server.asked) == 3


@pytest.mark.parametrize("promised", [None, 5_000_000_000])
def test_a_huge_body_is_not_taken_in(promised: int | None) -> None:
    with (
        talking(in_turn(Reply(body=b"x" * 200_000, promised=promised))) as (client, server),
        pytest.raises(PayloadError, match="larger than 1,000 bytes"),
    ):
        client.get(server.url, {})
    assert len(server.asked) == 1


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with HttpClient("The API", QUICK) as client, pytest.raises(UnavailableError, match="ConnectError"):
        client.get(f"http://127.0.0.1:{port}/", {})


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "no address", "http://[::1", ""])
def test_a_wrong_address_is_an_error_of_ours(url: str) -> None:
    with HttpClient("The API", QUICK) as client, pytest.raises(SourceError, match="address is wrong"):
        client.get(url, {})


def test_no_text_shows_the_key(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    echo = f'{{"reason":"key {KEY} and canary+key%2F%2B%25 is not known"}}'.encode()
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for reply in (Reply(403, echo), Reply(500, echo), Reply(302, echo, {"Location": "/?apikey=canary+key%2F%2B%25"})):
        with talking(in_turn(reply)) as (client, server), pytest.raises(SourceError) as caught:
            client.get(f"{server.url}/v1", {"a": "b"})
        shown.append(f"{caught.value} {caught.value!r} {client.shown_url(f'{server.url}/v1', {'a': 'b'})}")
    captured = capsys.readouterr()
    said = " ".join([*shown, caplog.text, captured.out, captured.err])
    assert "canary" not in said
    assert "****" in said
    assert "attempt 1 failed" in caplog.text
    assert captured.out == ""


def test_a_shown_url_has_no_password() -> None:
    with HttpClient("The API", QUICK, secrets={"apikey": KEY}) as client:
        shown = client.shown_url("https://me:sesame@api.example/v1", {"latitude": "1.5", "q": KEY})
    assert shown.startswith("https://me:****@api.example/v1?latitude=1.5&q=")
    assert "canary" not in shown


def test_retry_after_in_every_spelling() -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert _retry_after("7") == 7
    assert 57 < (_retry_after(in_a_minute) or 0) <= 60
    assert _retry_after("Mon, 01 Jan 2001 00:00:00 GMT") == 0
    for nonsense in (None, "soon", "nan", "1e300", "Mon, 99 Jan 2001"):
        assert _retry_after(nonsense) is None
