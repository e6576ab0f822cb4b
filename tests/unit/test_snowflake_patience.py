"""How long a statement is waited for: a server on this machine speaks as much of Snowflake's protocol as that needs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lake.errors import ConfigError
from warehouse.warehouses._snowflake_account import Account
from warehouse.warehouses._snowflake_session import LostSessionError, connect

AT_WORK = {"code": "333333", "success": False, "data": {"getResultUrl": "/queries/1/result", "queryId": "1"}}
COLUMN = {"name": "N", "type": "text", "nullable": True, "length": 9, "byteLength": 9, "scale": None, "precision": None}
DONE = {
    "success": True,
    "code": None,
    "data": {
        "rowtype": [COLUMN],
        "rowset": [["done"]],
        "total": 1,
        "returned": 1,
        "queryResultFormat": "json",
        "queryId": "1",
        "parameters": [],
        "statementTypeId": 4096,
    },
}


@dataclass
class Server:
    """Logs in whoever comes; says ``answers`` times after ``seconds`` that a statement is still at work."""

    answers: int = 0
    seconds: float = 0.0
    refusal: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def answer(self, path: str) -> dict[str, Any]:
        self.asked.append(path.partition("?")[0])
        if path.startswith("/session/v1/login-request"):
            token = {"token": "t", "masterToken": "m", "parameters": [], "sessionInfo": {}, "sessionId": 1}
            return self.refusal or {"success": True, "code": None, "data": token}
        if not path.startswith("/queries"):
            return {"success": True, "code": None, "data": {}}
        time.sleep(self.seconds)
        self.answers -= 1
        return AT_WORK if self.answers >= 0 else DONE

    def account(self, **changed: Any) -> Account:
        named = {"account": "acme", "user": "U", "role": "R", "warehouse": "W", "database": "D"}
        at = {"host": "127.0.0.1", "port": self.port, "protocol": "http", "network_seconds": 1, "login_seconds": 2}
        return Account(**{**named, **at, **changed}, token=lambda: "hush")


@pytest.fixture
def server() -> Iterator[Server]:
    told = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(told.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 (the base class calls it by this name)

        def log_message(self, *_: object) -> None:
            """Nothing on the error stream."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        told.port = listening.server_address[1]
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield told
        listening.shutdown()


def test_a_statement_may_last_longer_than_a_request(server: Server) -> None:
    server.answers, server.seconds = 4, 0.5
    session = connect(server.account(), "tag")
    assert session.execute("SELECT 'done'").rows == [("done",)]
    session.close()
    assert "/queries/v1/abort-request" not in server.asked


def test_a_server_that_ends_nothing_is_left_after_the_longest_statement(server: Server) -> None:
    server.answers, server.seconds = 99, 0.5
    session = connect(server.account(statement_seconds=1), "tag")
    threading.Timer(3.0, setattr, (server, "answers", 0)).start()
    session.execute("SELECT 'done'")
    session.close()
    assert "/queries/v1/abort-request" in server.asked


def test_an_answer_that_does_not_come_is_not_waited_for_as_long(server: Server) -> None:
    server.seconds = 5.0
    session = connect(server.account(), "tag")
    began = time.monotonic()
    with pytest.raises(LostSessionError):
        session.execute("SELECT 'done'")
    assert time.monotonic() - began < 5
    session.close()


@pytest.mark.parametrize("number", [390189, 390318, 394400])
def test_a_login_that_the_server_has_judged_is_no_silence(server: Server, number: int) -> None:
    server.refusal = {"success": False, "code": str(number), "message": "no such role", "data": {}}
    with pytest.raises(ConfigError, match=r"refuses the login of U: .*no such role"):
        connect(server.account(), "tag")
