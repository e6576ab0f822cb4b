"""Canaries: secrets set everywhere they can be set must not come out anywhere."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lake.errors import StorageError
from pipeline import secret
from pipeline.graph import Stage
from pipeline.observe import audit, logs
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.settings import Secret, Settings, load_settings
from pipeline.settings.values import leaves
from pipeline.workspace import open_workspace

if TYPE_CHECKING:
    from tests.conftest import RunCli

CANARY = "c4naryT0ken"
SECRETS = [leaf for leaf in leaves(Settings).values() if leaf.type is Secret]


@pytest.fixture
def canaries(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every secret of the settings is set, and passwords stand where only addresses should."""
    for number, leaf in enumerate(SECRETS):
        monkeypatch.setenv(leaf.variable, f"{CANARY}{number}")
    monkeypatch.setenv("MIRRORLAKE_STAGING_URL", f"postgresql://lake:{CANARY}@127.0.0.1:9/x?sslpassword={CANARY}")
    monkeypatch.setenv("MIRRORLAKE_ALERTS_WEBHOOK_URL", f"https://hooks.example.com/services/{CANARY}")
    monkeypatch.setenv("MIRRORLAKE_S3_ENDPOINT", f"http://user:{CANARY}@127.0.0.1:9")
    monkeypatch.setenv("MIRRORLAKE_SOURCES_OPENMETEO_ARCHIVE_URL", f"https://user:{CANARY}@api.example.com/v1")
    yield
    logs.configure(verbose=False)


def test_there_are_secrets_to_test_with() -> None:
    assert {"staging.url", "s3.secret_access_key", "snowflake.private_key", "alerts.webhook_url"} <= {
        leaf.key for leaf in SECRETS
    }


@pytest.mark.parametrize("arguments", [("doctor",), ("doctor", "--json"), ("doctor", "--env", "prod"), ("runs",)])
def test_commands_show_none(run_cli: RunCli, canaries: None, arguments: tuple[str, ...]) -> None:
    said = run_cli(*arguments)
    assert said.out
    assert CANARY not in said.text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MIRRORLAKE_LAKE_ROOT", f"postgresql://u:{CANARY}@h/{{nothing}}"),
        ("MIRRORLAKE_LAKE_ROOT", f"s3://u:{CANARY}@bucket/x"),
        ("MIRRORLAKE_WAREHOUSE_PATH", f"http://u:{CANARY}@h/x"),
        ("MIRRORLAKE_DATA", f"http://u:{CANARY}@h/x"),
        ("MIRRORLAKE_SOURCES_OPENMETEO_ARCHIVE_URL", f"ftp://u:{CANARY}@h"),
        ("MIRRORLAKE_PUBLISH_KEEP", f"http://u:{CANARY}@h/x"),
        ("MIRRORLAKE_GOLD_ENGINE", f"http://u:{CANARY}@h/x"),
        ("MIRRORLAKE_STAGING_URL", f"secret:{CANARY} not a name"),
    ],
)
def test_errors_about_settings_show_none(
    run_cli: RunCli, canaries: None, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    said = run_cli("runs")
    assert said.exit_code != 0
    assert said.err.startswith("error: ")
    assert CANARY not in said.text


def test_a_profile_with_a_secret_in_it_is_refused_without_showing_it(run_cli: RunCli, tmp_path: Path) -> None:
    for number, leaf in enumerate(SECRETS):
        config = tmp_path / f"{number}.toml"
        config.write_text(f'{leaf.key} = "{CANARY}"\n')
        said = run_cli("doctor", "--config", str(config))
        secret.forget()  # the next one is known to nobody when it is refused
        assert said.exit_code == 1
        assert leaf.variable in said.err
        config.write_text(f'{leaf.key} = ["of another type, {CANARY}"]\n')
        again = run_cli("doctor", "--config", str(config))
        assert again.exit_code == 1
        assert CANARY not in said.text + again.text


def test_errors_of_drivers_show_none(run_cli: RunCli, canaries: None, monkeypatch: pytest.MonkeyPatch) -> None:
    load_settings()  # makes the secrets known, as every command does

    def fail(*_: object, **__: object) -> None:
        raise StorageError(f"the driver said: login {CANARY}0 failed for postgresql://lake:{CANARY}@h/x", fix=CANARY)

    monkeypatch.setattr("pipeline.workspace.open_workspace", fail)
    assert CANARY not in run_cli("runs").text


def test_audit_records_and_logs_show_none(canaries: None) -> None:
    workspace = open_workspace(overrides={"staging.backend": "postgres"})
    stream = io.StringIO()
    logs.configure(verbose=True, settings=workspace.settings, stream=stream)
    asked, graph = SimpleNamespace(run_dates=()), SimpleNamespace(stages=())
    context: Any = SimpleNamespace(workspace=workspace, run_id="run-a", selection=asked, graph=graph, ahead=())
    words = f"cannot connect to postgresql://lake:{CANARY}@127.0.0.1:9/x with {CANARY}3"
    table = TableOutcome("t", input_versions={"s": words}, output_version=words, notes=(words,))
    outcome = StageOutcome("staging", "failed", (table,), problems=(words,), notes=(words,), error=words)
    logs.stage_ended(outcome)
    logs.event("settings", settings=workspace.settings, url=workspace.settings.staging.url)
    audit.write_stage_record(context, Stage("staging", "staging", ()), outcome, datetime.now(UTC))
    files = [path for path in workspace.settings.data.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert CANARY.encode() not in path.read_bytes()
    assert CANARY not in stream.getvalue()
    assert all(json.loads(line) for line in stream.getvalue().splitlines())
    assert "cannot connect to postgresql://lake:****@127.0.0.1:9/x" in stream.getvalue()


def test_a_run_that_cannot_reach_its_database_leaves_none_anywhere(
    project: Path, run_process: RunCli, canaries: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRRORLAKE_STAGING_BACKEND", "postgres")
    jobs = [word for job in ("ingest", "silver", "gold", "staging") for word in ("--job", job)]
    said = run_process("run", "--run-date", "2013-07-04", "--location", "JFK", *jobs, "-v")
    assert said.exit_code == 1
    assert "staging" in said.out
    assert "127.0.0.1:9" in said.text, "the address is what people need"
    assert CANARY not in said.text
    shown = run_process("runs", "--json")
    assert '"status": "failed"' in shown.out
    assert CANARY not in shown.text
    for path in project.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
