"""Alerts: off by default, told once, never in the way."""

from __future__ import annotations

import json
import shlex
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pipeline.observe import alerts
from pipeline.outcome import RunOutcome, StageOutcome
from pipeline.secret import Secret
from pipeline.settings import AlertsSettings

GOOD = RunOutcome("run-a", "dev", [StageOutcome("silver", "done")], 1.0)
BAD = RunOutcome(
    "run-a", "dev", [StageOutcome("silver", "done"), StageOutcome("gold", "failed", error="it broke")], 1.0
)


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[bytes]]]:
    """A server of one's own that keeps what it is sent."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


def test_a_failed_run_is_told_to_the_webhook_and_a_good_one_is_not(webhook: tuple[str, list[bytes]]) -> None:
    url, received = webhook
    settings = AlertsSettings(webhook_url=Secret(url))
    alerts.notify(settings, GOOD)
    assert received == []
    assert alerts.notify(settings, BAD)
    (body,) = received
    assert json.loads(body) == {
        "run_id": "run-a",
        "env": "dev",
        "status": "failed",
        "stages": [{"stage": "gold", "status": "failed", "error": "it broke"}],
    }


def test_a_command_gets_the_same_on_its_standard_input(tmp_path: Path) -> None:
    told = tmp_path / "told.json"
    code = f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(sys.stdin.read())"
    assert alerts.notify(AlertsSettings(command=f"{sys.executable} -c {shlex.quote(code)}"), BAD)
    assert json.loads(told.read_text())["stages"][0]["stage"] == "gold"


def test_nobody_is_told_by_default() -> None:
    assert alerts.notify(AlertsSettings(), BAD)
    assert threading.active_count() < 50


@pytest.mark.parametrize(
    "settings",
    [
        AlertsSettings(webhook_url=Secret("http://127.0.0.1:9/refused")),
        AlertsSettings(webhook_url=Secret("no address")),
        AlertsSettings(webhook_url=Secret("secret:not-resolved")),
        AlertsSettings(command="/no/such/command"),
        AlertsSettings(command="unbalanced 'quote"),
        AlertsSettings(command=f"{sys.executable} -c 'import time; time.sleep(20)'", timeout_seconds=0.3),
    ],
)
def test_an_alert_that_fails_neither_delays_nor_breaks_the_run(settings: AlertsSettings) -> None:
    began = time.monotonic()
    assert not alerts.notify(settings, BAD)
    assert time.monotonic() - began < 8


def test_no_secret_is_told() -> None:
    Secret("c4nary-token")
    outcome = RunOutcome("r", "dev", [StageOutcome("load", "failed", error="login c4nary-token refused")], 1.0)
    assert b"c4nary" not in alerts.message(outcome)
