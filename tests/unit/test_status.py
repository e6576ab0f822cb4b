"""`mirrorlake status`: against which dates it compares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import RunCli

OTHER = "dates: 2013-07-01 to 2013-07-07, as a run without dates; the last run took 2013-07-03: "


def test_dates_that_are_not_the_last_runs_are_said(run_cli: RunCli) -> None:
    assert "dates:" not in run_cli("status").out, "there was no run"
    assert run_cli("run", "--run-date", "2013-07-03", "--job", "ingest").exit_code == 0
    first, *rest = run_cli("status").out.splitlines()
    assert first.startswith(OTHER)
    assert any("missing: 2013-07-01 to 2013-07-02" in line for line in rest)
    shown = first.removeprefix(OTHER)
    assert shown.endswith("mirrorlake status --from 2013-07-03 --to 2013-07-03")
    of_the_run = run_cli(*shown[shown.index("mirrorlake") :].split()[1:]).out
    assert "dates:" not in of_the_run
    assert "ingest openmeteo   current" in of_the_run
    assert run_cli("status", "--run-date", "2013-07-03").out == of_the_run
    planned = run_cli("plan").out
    assert planned.startswith(OTHER)
    assert "mirrorlake plan --from 2013-07-03 --to 2013-07-03\n" in planned
    assert "dates:" not in run_cli("plan", "--run-date", "2013-07-03").out


def test_the_profiles_own_dates_need_no_word(run_cli: RunCli) -> None:
    assert run_cli("run", "--job", "ingest").exit_code == 0
    assert "dates:" not in run_cli("status").out
