"""A real HTTP server on 127.0.0.1 that answers as it is told, faults included, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Reply:
    """``promised`` is the Content-Length where it shall differ from the body's; ``pause`` seconds before each byte."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    promised: int | None = None
    pause_seconds: float = 0.0
    delay_seconds: float = 0.0


Answer = Callable[[dict[str, str]], Reply]


class LoopbackServer:
    """``answer`` makes a reply from a request's parameters; ``asked`` are the parameters of all requests, in order."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[dict[str, str]] = []
        self.moments: list[float] = []
        self.at_once = 0
        self.most_at_once = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._serve(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parameters = {key: values[0] for key, values in parse_qs(urlsplit(handler.path).query).items()}
        with self._lock:
            self.asked.append({"path": urlsplit(handler.path).path, **parameters})
            self.moments.append(time.monotonic())
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            reply = self.answer(parameters)
        try:
            time.sleep(reply.delay_seconds)
            handler.send_response(reply.status)
            length = len(reply.body) if reply.promised is None else reply.promised
            headers = {"Content-Type": "application/json", "Content-Length": str(length), **reply.headers}
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            self._send(handler, reply)
        except OSError:  # the client has had enough
            pass
        finally:
            with self._lock:
                self.at_once -= 1

    @staticmethod
    def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        pieces = [reply.body[i : i + 1] for i in range(len(reply.body))] if reply.pause_seconds else [reply.body]
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(reply.pause_seconds)
        if reply.promised is not None:
            handler.close_connection = True

    @contextmanager
    def running(self) -> Iterator[LoopbackServer]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()


def in_turn(*replies: Reply) -> Answer:
    """Each reply once, the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def day_body(parameters: Mapping[str, str], **changes: object) -> bytes:
    """What Open-Meteo would answer: the hours from start_date on, with the coordinates that were asked for."""
    hours = [f"{parameters['start_date']}T{hour:02d}:00" for hour in range(24)]
    fields = parameters["hourly"].split(",")
    units = {"temperature_2m": "°C", "dew_point_2m": "°C", "relative_humidity_2m": "%", "precipitation": "mm"}
    units |= {"wind_speed_10m": "km/h", "wind_gusts_10m": "km/h", "wind_direction_10m": "°", "pressure_msl": "hPa"}
    body = {
        "latitude": float(parameters["latitude"]) + 0.01,
        "longitude": float(parameters["longitude"]) - 0.01,
        "generationtime_ms": time.monotonic() % 1,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 38.0,
        "hourly_units": {"time": "iso8601", **{name: units.get(name, "undefined") for name in fields}},
        "hourly": {"time": hours, **{name: _values(name) for name in fields}},
        **changes,
    }
    return json.dumps(body).encode()


def _values(name: str) -> list[float | None]:
    return [None] * 24 if name == "visibility" else [10.0 + hour / 4 for hour in range(24)]
