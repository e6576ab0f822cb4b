"""Wrong settings and unknown backends: said on every page and by the command, never a traceback."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest
from dashboard_pages import OpenPage, said

from dashboard import backends
from dashboard.parts import plain
from lake.errors import UnknownChoiceError
from tests.conftest import REPOSITORY, RunCli

PAGES = ("weather", "wind", "places", "operations")


@pytest.mark.parametrize("name", PAGES)
def test_wrong_setting(project: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MIRRORLAKE_GOLD_ENGINE", "abacus")
    page = open_page(name)
    assert not page.exception
    assert "This page cannot be shown" in page.error[0].value
    assert "polars" in said(page)  # what would have been right


@pytest.mark.parametrize("name", PAGES)
def test_unknown_environment(project: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("LAKE_ENV", "moon")
    page = open_page(name)
    assert not page.exception
    assert "moon" in page.code[0].value
    assert "dev, prod, rehearsal" in said(page)


@pytest.mark.parametrize("name", PAGES[:3])
def test_backend_that_the_dashboard_does_not_know(
    project: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    known = [each for each in backends.known() if each != "snowflake"]
    monkeypatch.setattr(backends, "known", lambda: tuple(known))
    monkeypatch.setenv("MIRRORLAKE_WAREHOUSE_BACKEND", "snowflake")
    page = open_page(name)
    assert not page.exception
    assert "unknown dashboard backend" in page.code[0].value
    assert [code.value for code in page.code][1:] == ["warehouse.backend", f"choose one of: {', '.join(known)}"]


@pytest.mark.parametrize("name", PAGES)
def test_stand_ins_that_are_not_up(
    project: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("LAKE_ENV", "rehearsal")
    page = open_page(name)
    assert not page.exception
    assert "the stand-ins are not up" in said(page)
    assert "just rehearse --keep" in said(page)
    assert [caption.value for caption in page.sidebar.caption] == ["environment: rehearsal"]


def test_a_message_is_shown_as_it_is(project: Path, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ENV", "no-such_moon")
    page = open_page("weather")
    assert "no-such_moon" in said(page)
    assert "\\" not in said(page)


def test_no_line_of_a_message_becomes_a_block_of_code() -> None:
    assert plain("refused\n\n    by x.y") == "refused\n\nby x\\.y"


def test_backends_are_found_by_name() -> None:
    assert "duckdb" in backends.known()
    for name in backends.known():
        found = backends.backend(name)
        assert all(callable(getattr(found, function)) for function in ("place", "current", "ask"))
    with pytest.raises(UnknownChoiceError, match="oracle"):
        backends.backend("oracle")


def test_the_command_starts_streamlit(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    monkeypatch.chdir(REPOSITORY)
    outcome = run_cli("dashboard", "--port", str(free_port()))
    assert outcome.exit_code == 0, outcome.text
    [(program, arguments, environment)] = started
    assert program == sys.executable
    assert arguments[1:4] == ["-m", "streamlit", "run"]
    assert Path(arguments[4]).is_file()
    assert environment["MIRRORLAKE_ROOT"] == str(REPOSITORY)
    assert "http://127.0.0.1:" in outcome.out


def test_the_port_is_taken(run_cli: RunCli) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        outcome = run_cli("dashboard", "--port", str(holder.getsockname()[1]))
    assert outcome.exit_code == 2
    assert "cannot listen on 127.0.0.1" in outcome.err
    assert "--port" in outcome.err
    assert "Traceback" not in outcome.text


def test_a_wrong_profile_is_said_at_once(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_ENV", "moon")
    outcome = run_cli("dashboard")
    assert outcome.exit_code != 0
    assert "moon" in outcome.err


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_an_account_that_is_not_named_is_missed_before_the_browser_opens(run_cli: RunCli) -> None:
    outcome = run_cli("--env", "prod", "dashboard", "--port", str(free_port()))
    assert outcome.exit_code == 1
    assert "not set: snowflake.account (environment: MIRRORLAKE_SNOWFLAKE_ACCOUNT)" in outcome.err
    assert "deploy.artifacts" not in outcome.err, "who reads needs no more than the warehouse"
