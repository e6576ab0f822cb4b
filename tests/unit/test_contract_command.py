"""``mirrorlake contracts``: check, diff, list, docs, as a user calls them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from contract_text import CUSTOMERS, ORDERS, write

from lake.contract.load import packaged_folder

if TYPE_CHECKING:
    from conftest import RunCli

OBSERVATIONS = packaged_folder() / "weather_observations.odcs.yaml"


def copied(folder: Path, *changes: tuple[str, str]) -> Path:
    """Our contracts in another folder, weather_observations changed."""
    folder.mkdir()
    for path in packaged_folder().glob("*.odcs.yaml"):
        (folder / path.name).write_text(path.read_text())
    path = folder / OBSERVATIONS.name
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path.write_text(text)
    return folder


def test_our_contracts_pass_every_judge(run_cli: RunCli) -> None:
    done = run_cli("contracts", "check")
    assert (done.exit_code, done.err) == (0, "")
    assert done.out == "9 contracts are valid, by our reader, ODCS model, ODCS JSON schema, sample rows\n"
    document = json.loads(run_cli("contracts", "check", "--json").out)
    assert document["valid"] is True
    assert len(document["contracts"]) == 9


def test_a_faulty_folder_is_told_with_file_line_and_choices(run_cli: RunCli, tmp_path: Path) -> None:
    folder = copied(tmp_path / "c", ("logicalType: number", "logicalType: nmber"))
    done = run_cli("contracts", "check", "--folder", str(folder))
    assert done.exit_code == 1
    assert "error: unknown logical type: 'nmber'" in done.out
    assert "weather_observations.odcs.yaml:" in done.out
    assert "choose one of: boolean, date" in done.out
    document = json.loads(run_cli("contracts", "check", "--folder", str(folder), "--json").out)
    assert document["errors"][0]["what"] == "unknown logical type: 'nmber'"


def test_one_file_is_judged_among_ours(run_cli: RunCli, tmp_path: Path) -> None:
    path = write(tmp_path, CUSTOMERS, "customers")
    assert run_cli("contracts", "check", "--file", str(path)).out.startswith("1 contract is valid")
    reference = "required: true, relationships: [{type: foreignKey, to: weather_locations.location_id}]}"
    write(tmp_path, CUSTOMERS.replace("required: true}", reference), "customers")
    assert run_cli("contracts", "check", "--file", str(path)).exit_code == 0
    write(tmp_path, CUSTOMERS.replace("required: true}", reference.replace("weather_loc", "loc")), "customers")
    done = run_cli("contracts", "check", "--file", str(path))
    assert done.exit_code == 1
    assert "unknown table: 'locations'" in done.out


def test_rules_that_no_row_can_keep_are_found(run_cli: RunCli, tmp_path: Path) -> None:
    path = write(tmp_path, ORDERS.replace("paid_usd <= amount_usd", "placed_at <> placed_at"))
    done = run_cli("contracts", "check", "--file", str(path))
    assert done.exit_code == 1
    assert "no row could be made for the rule paid_not_above_amount" in done.out


def test_a_generated_file_that_is_not_in_step_fails_the_check(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.settings.project_root", lambda: tmp_path)
    done = run_cli("contracts", "check")
    assert done.exit_code == 1
    assert f"not in step with the contracts: {tmp_path / 'docs' / 'contracts.md'}" in done.out
    assert "python -m pipeline.generate" in done.out


def test_diff_against_a_folder_says_effects_migration_and_command(run_cli: RunCli, tmp_path: Path) -> None:
    new = copied(tmp_path / "new", ("minimum: -90, maximum: 60", "minimum: -80, maximum: 60"))
    fact = new / "fact_weather_hourly.odcs.yaml"
    fact.write_text(fact.read_text().replace("minimum: 0, maximum: 23", "minimum: 0, maximum: 24"))
    old = str(packaged_folder())
    done = run_cli("contracts", "diff", "--against", old, "--folder", str(new))
    assert done.exit_code == 0
    assert "weather_observations: needs rebuild (version stays 1.0.0; raise it to 1.1.0)" in done.out
    assert "rule temperature_c.minimum changed: -90.0 (error) -> -80.0 (error)" in done.out
    assert "fact_weather_hourly: compatible" in done.out
    assert "ADD CONSTRAINT hour_of_day__maximum CHECK (hour_of_day <= 24);" in done.out
    assert done.out.endswith(
        "mirrorlake rebuild --from bronze weather_observations\n  mirrorlake run --job gold --force\n"
    )
    assert run_cli("contracts", "diff", "--against", old, "--folder", str(new), "--fail-on", "breaking").exit_code == 0
    strict = run_cli(
        "contracts", "diff", "--against", old, "--folder", str(new), "--fail-on", "needs rebuild", "--json"
    )
    assert strict.exit_code == 1
    document = json.loads(strict.out)
    assert document["effect"] == "needs rebuild"
    assert len(document["migration"]["postgres"]) == 2
    assert document["migration"]["snowflake"] == []


def test_diff_of_equal_contracts_says_so(run_cli: RunCli) -> None:
    assert run_cli("contracts", "diff", "--against", str(packaged_folder())).out == "no contract changed\n"


def test_diff_against_a_revision_reads_git(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lake").mkdir()
    copied(tmp_path / "lake" / "contracts", ("minimum: -90, maximum: 60", "minimum: -70, maximum: 60"))
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "t"],
    ):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    monkeypatch.setattr("pipeline.settings.project_root", lambda: tmp_path)
    assert "-70.0 (error) -> -90.0 (error)" in run_cli("contracts", "diff").out
    for wrong in ("nowhere", "--output=x"):
        done = run_cli("contracts", "diff", f"--against={wrong}")
        assert done.exit_code == 2
        assert "give a git revision of this project, or a folder" in done.err
    assert not (tmp_path / "x").exists()


def test_diff_without_git_says_what_to_do(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = run_cli("contracts", "diff")
    assert done.exit_code == 2
    assert "git is not installed" in done.err


def test_list_and_docs(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "weather_observations    silver" in run_cli("contracts", "list").out
    rows = json.loads(run_cli("contracts", "list", "--json").out)
    assert {row["table"] for row in rows if row["warehouse"]} == {
        "dim_date", "dim_location", "fact_weather_hourly", "weather_daily",
    }  # fmt: skip
    assert run_cli("contracts", "docs", "dim_date").out.startswith("## dim_date\n")
    unknown = run_cli("contracts", "docs", "dim_dates")
    assert unknown.exit_code == 2
    assert "choose one of: dim_date, dim_location" in unknown.err
    monkeypatch.setattr("pipeline.settings.project_root", lambda: tmp_path)
    assert run_cli("contracts", "docs").out == f"written: {tmp_path / 'docs' / 'contracts.md'}\n"
    assert run_cli("contracts", "docs").out == f"unchanged: {tmp_path / 'docs' / 'contracts.md'}\n"
    assert not (tmp_path / "warehouse").exists()


def test_an_unknown_subcommand_lists_the_known_ones(run_cli: RunCli) -> None:
    done = run_cli("contracts", "chek")
    assert done.exit_code == 2
    assert "choose one of: check, diff, list, docs" in done.err
