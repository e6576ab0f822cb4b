"""The dashboard in a real Chromium: every page, light and dark, wide and on a phone; nothing leaves this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import needs
import pytest
from dashboard_pages import republish

from tests.dashboard.browser import CHARTS, PAGES, browser, chromium, served, settle, watch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(400),
    needs.only_with(chromium(), "no chromium binary on this machine (apt-get install chromium)"),
    pytest.mark.xdist_group("browser"),
]
WIDTHS = {"wide": (1400, 1500), "phone": (390, 844)}


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    needs.module("playwright")
    with browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(week: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server on a copy of the week: its URL and its data."""
    folder = tmp_path_factory.mktemp("served")
    data = folder / "data"
    shutil.copytree(week, data)
    with served(data, folder / "log") as url:
        yield url, data


def open_tab(window: Browser, *, width: str = "wide", scheme: str = "light", zone: str = "UTC") -> Page:
    across, down = WIDTHS[width]
    context = window.new_context(
        viewport={"width": across, "height": down},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id=zone,
    )
    return context.new_page()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page(window: Browser, server: tuple[str, Path], tmp_path: Path, scheme: str, width: str) -> None:
    url, _ = server
    page = open_tab(window, width=width, scheme=scheme)
    seen = watch(page)
    for name, path in PAGES.items():
        page.goto(url + path)
        settle(page, name)
        assert page.locator("[data-testid=stVegaLiteChart]").count() == CHARTS[name], name
        assert page.locator("[data-testid=stException]").count() == 0, name
        assert page.locator("[data-testid=stAlertContentError]").count() == 0, name
        shot = tmp_path / f"{name}-{scheme}-{width}.png"
        page.screenshot(path=shot)
        assert shot.stat().st_size > 5_000
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is {overflow} pixels too wide"
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    brightness = sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")[:3])
    assert (brightness < 200) if scheme == "dark" else (brightness > 600)
    assert not seen.foreign
    assert not seen.complaints
    page.context.close()


def test_a_choice_stays_while_pages_change(window: Browser, server: tuple[str, Path]) -> None:
    url, _ = server
    page = open_tab(window)
    seen = watch(page)
    page.goto(f"{url}/?place=lga&days=2013-07-02&days=2013-07-03")
    settle(page, "weather")
    everything = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    for name in ("places", "operations", "wind", "weather"):
        page.get_by_role("link", name=name.capitalize(), exact=True).click()
        settle(page, name)
        if name != "operations":
            assert page.locator("[data-testid=stMultiSelect]").inner_text().split() == ["Places", "LGA"], name
            assert "place=lga" in page.url
    assert page.locator("[data-testid=stMetricValue]").all_inner_texts() == everything
    assert not seen.complaints
    page.context.close()


def test_a_publication_shows_on_the_next_interaction(window: Browser, server: tuple[str, Path]) -> None:
    url, data = server
    page = open_tab(window)
    page.goto(url)
    settle(page, "weather")
    value = page.locator("[data-testid=stMetricValue]").first
    before = value.inner_text()
    republish(data, "warm", "UPDATE mart_weather_daily SET temperature_mean_c = 40")
    assert value.inner_text() == before
    page.get_by_role("link", name="Wind", exact=True).click()
    settle(page, "wind")
    page.get_by_role("link", name="Weather", exact=True).click()
    settle(page, "weather")
    assert value.inner_text() == "40.0 °C"
    page.context.close()


def test_the_browsers_time_zone_moves_no_day(window: Browser, server: tuple[str, Path]) -> None:
    url, _ = server
    pictures = []
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        page = open_tab(window, zone=zone)
        page.goto(url)
        settle(page, "weather")
        charts = page.locator("[data-testid=stVegaLiteChart]")
        pictures.append([charts.nth(number).screenshot(animations="disabled") for number in range(2)])
        page.context.close()
    assert pictures[0] == pictures[1]


def test_nothing_is_left(week: Path, tmp_path: Path) -> None:
    with served(week, tmp_path / "log"):
        pass
    ours = [
        command
        for entry in Path("/proc").glob("[0-9]*/environ")
        if (command := _environment(entry)) and f"MIRRORLAKE_DATA={week}\0" in command and "dashboard" in command
    ]
    assert not ours


def _environment(entry: Path) -> str | None:
    try:
        arguments = entry.with_name("cmdline").read_bytes()
        return f"{os.fsdecode(entry.read_bytes())}\0{os.fsdecode(arguments)}" if b"streamlit" in arguments else None
    except OSError:
        return None
