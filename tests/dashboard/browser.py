"""A real Chromium and a real server: for the tests in the browser, and for the pictures of the documentation."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = {"weather": "/", "wind": "/wind", "places": "/places", "operations": "/operations"}
CHARTS = {"weather": 3, "wind": 1, "places": 1, "operations": 0}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
# Nothing but this machine can even be resolved.
_ALONE = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-proxy-server",
    "--no-sandbox",
    "--disable-gpu",
)


def chromium() -> str | None:
    """The binary; None where there is none."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless Chromium, closed at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium(), args=[*_QUIET, *_ALONE])
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def served(data: Path, log: Path, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """``mirrorlake dashboard`` on that data, with more ``variables``; its URL. The server ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    named = ("MIRRORLAKE_", "LAKE_ENV", "STREAMLIT_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    environment = {**clean, "MIRRORLAKE_ROOT": str(REPOSITORY), "MIRRORLAKE_DATA": str(data), "MIRRORLAKE_DOTENV": ""}
    environment |= variables or {}
    start = "from pipeline.run import main; main()"
    command = [sys.executable, "-c", start, "dashboard", "--port", str(port)]
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait(server, f"http://127.0.0.1:{port}/_stcore/health", log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 90) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + seconds
    while time.monotonic() < until and server.poll() is None:
        try:
            with direct.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the dashboard did not start:\n{log.read_text()}")


@dataclass
class Watched:
    """What a page asked the network for, and what its console complained about."""

    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def watch(page: Page) -> Watched:
    """Note every request that leaves this machine, every console error and every uncaught one."""
    seen = Watched()

    def request(url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            seen.foreign.append(url)

    def complain(text: str, url: str) -> None:
        # Opened at a page's own address, Streamlit looks there for its server first, and then at the root.
        if "/_stcore/" not in url:
            seen.complaints.append(f"{text} ({url})")

    page.on("request", lambda each: request(each.url))
    page.on("websocket", lambda each: request(each.url))
    page.on("console", lambda each: complain(each.text, each.location["url"]) if each.type == "error" else None)
    page.on("pageerror", lambda error: complain(str(error), page.url))
    return seen


def settle(page: Page, name: str) -> None:
    """Wait until the page named so has run to its end and has drawn its charts."""
    page.get_by_role("heading", name=name.capitalize(), level=1, exact=True).wait_for(timeout=60_000)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)
    charts = page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg.marks)")
    if CHARTS[name]:
        charts.nth(CHARTS[name] - 1).wait_for(timeout=60_000)
    page.wait_for_timeout(700)  # charts are drawn again once the width is known
