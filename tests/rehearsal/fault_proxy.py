"""A proxy on loopback between the platform and a stand-in for S3, which spoils chosen requests: slow, 503, dropped."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Literal
from urllib.parse import unquote, urlsplit

# slow: answered after ``seconds``. refuse: answered with ``status`` and ``code``, not handed on. drop: the connection
# is closed before the request is handed on. lose: it is handed on and done, but the answer never comes. cut: half of
# the answer comes.
Kind = Literal["slow", "refuse", "drop", "lose", "cut"]
_HOP = ("connection", "transfer-encoding", "content-length", "keep-alive")
ERROR = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>a planted fault</Message></Error>'


@dataclass
class Fault:
    """What befalls the next ``times`` requests of that method (any) whose path and query match."""

    kind: Kind
    method: str = ""
    path: str = ""
    times: int = 1_000_000
    seconds: float = 0.0
    status: int = 503
    code: str = "SlowDown"
    hits: int = 0

    def fits(self, method: str, path: str) -> bool:
        """Whether this request is one of them."""
        return (
            self.hits < self.times and self.method in ("", method) and re.search(self.path, unquote(path)) is not None
        )


@dataclass
class FaultProxy:
    """``url`` stands in for the endpoint at ``behind``; ``seen`` lists ``(method, path)`` of every request."""

    behind: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    _alone: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def planted(self, *faults: Fault) -> Iterator[None]:
        """These faults, for a while."""
        self.faults[:] = faults
        try:
            yield
        finally:
            self.faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that befalls this request."""
        with self._alone:
            self.seen.append((method, path))
            found = next((fault for fault in self.faults if fault.fits(method, path)), None)
            if found:
                found.hits += 1
        return found


@contextmanager
def fault_proxy(behind: str) -> Iterator[FaultProxy]:
    """A proxy in threads of this process, gone afterwards."""
    proxy = FaultProxy(behind)
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    server = _Server(("127.0.0.1", 0), handler)
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that has given up waiting is no fault of the proxy's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement
    wbufsize = -1
    proxy: ClassVar[FaultProxy]

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fault = self.proxy.take(self.command, self.path)
        if fault is not None and fault.kind == "drop":
            self._hang_up()
            return
        if fault is not None and fault.kind == "refuse":
            self._refuse(fault)
            return
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        status, headers, data = self._handed_on(body)
        if fault is not None and fault.kind == "lose":
            self._hang_up()
            return
        self._send(status, headers, data, cut=fault is not None and fault.kind == "cut")

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 (as the base class calls them)

    def _handed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The answer of what is behind; ``Host`` stays as it is, because the signature covers it."""
        connection = http.client.HTTPConnection(urlsplit(self.proxy.behind).netloc, timeout=60)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _send(self, status: int, headers: list[tuple[str, str]], data: bytes, *, cut: bool) -> None:
        length = {name.lower(): value for name, value in headers}.get("content-length", "0")
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        self.wfile.flush()
        if cut:
            self._hang_up()

    def _refuse(self, fault: Fault) -> None:
        if "X-Amz-Target" in self.headers:  # a service that speaks JSON
            data, kind = json.dumps({"__type": fault.code, "message": "a planted fault"}).encode(), "x-amz-json-1.1"
        else:
            data, kind = ERROR.format(code=fault.code).encode(), "xml"
        self._send(fault.status, [("Content-Type", f"application/{kind}")], data, cut=False)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name in the base class)
        """Not to standard error."""
