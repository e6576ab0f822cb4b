"""Generated files: in step with the contracts, found out when they are not, and true to the rules."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from contract_text import ORDERS, write

from lake.contract.load import load_contract, load_contracts
from lake.errors import StorageError
from pipeline.generate import generate_all, render_all
from pipeline.generate.__main__ import command
from pipeline.generate.dbt_sources import dbt_sources, test_name
from pipeline.generate.documentation import documentation, page

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACTS = load_contracts()
test_name.__test__ = False  # type: ignore[attr-defined]  # a function of ours, not a test


def test_what_is_committed_is_in_step() -> None:
    assert generate_all(REPOSITORY, check=True) == []


def test_a_file_that_is_not_in_step_is_found_and_written(tmp_path: Path) -> None:
    missing = generate_all(tmp_path, check=True)
    assert {str(path.relative_to(tmp_path)) for path in missing} == set(render_all(CONTRACTS))
    assert not list(tmp_path.iterdir())
    assert generate_all(tmp_path, check=False) == missing
    assert generate_all(tmp_path, check=True) == []
    changed = tmp_path / "docs" / "contracts.md"
    changed.write_text(changed.read_text() + "by hand\n")
    assert generate_all(tmp_path, check=True) == [changed]
    assert generate_all(tmp_path, check=True, only="warehouse/postgres/01_create_tables.sql") == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "docs").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match="cannot write what is generated"):
        generate_all(tmp_path, check=False)


def test_the_command_checks_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.settings.project_root", lambda: tmp_path)
    stale = CliRunner().invoke(command, ["--check"])
    assert (stale.exit_code, stale.output.count("not in step")) == (1, 6)
    assert "run: python -m pipeline.generate" in stale.output
    assert "written: docs/contracts.md" in CliRunner().invoke(command).output
    assert CliRunner().invoke(command, ["--check"]).exit_code == 0
    (tmp_path / "docs" / "contracts.md").unlink()
    (tmp_path / "docs").rmdir()
    (tmp_path / "docs").write_text("in the way")
    failed = CliRunner().invoke(command)
    assert (failed.exit_code, failed.output[:34]) == (1, "error: cannot write what is genera")


def test_the_module_checks_and_writes(tmp_path: Path) -> None:
    environment = {**os.environ, "MIRRORLAKE_ROOT": str(tmp_path)}
    shutil.copytree(REPOSITORY / "profiles", tmp_path / "profiles")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pipeline.generate", *arguments],
            capture_output=True, text=True, check=False, env=environment, cwd=REPOSITORY,
        )  # fmt: skip

    stale = run("--check")
    assert stale.returncode == 1, stale.stderr
    assert "not in step: docs/contracts.md" in stale.stdout
    assert run().returncode == 0
    assert run("--check").stdout == "everything generated is in step with the contracts\n"


def test_every_rule_has_its_dbt_test_by_name() -> None:
    (text,) = dbt_sources(CONTRACTS).values()
    (source,) = yaml.safe_load(text)["sources"]
    assert [table["name"] for table in source["tables"]] == [
        "dim_date", "dim_location", "fact_weather_hourly", "weather_daily",
    ]  # fmt: skip
    for table in source["tables"]:
        contract = CONTRACTS[table["name"]]
        assert [column["name"] for column in table["columns"]] == list(contract.column_names)
        tests = [*table.get("data_tests", ()), *(t for c in table["columns"] for t in c.get("data_tests", ()))]
        found = {body["name"]: (kind, body) for test in tests for kind, body in test.items()}
        assert {test_name(contract, rule) for rule in contract.rules} <= set(found)
        assert test_name(contract, "key") in found
        for name, (_, body) in found.items():
            assert body["config"]["tags"] == ["freshness" if name.endswith("__freshness") else "contract"], name
        for rule in contract.rules:
            _, body = found[test_name(contract, rule)]
            assert body["config"].get("severity", "error") == rule.severity


def test_dbt_tests_carry_bounds_and_references() -> None:
    (text,) = dbt_sources(CONTRACTS).values()
    tables = {table["name"]: table for table in yaml.safe_load(text)["sources"][0]["tables"]}
    columns = {column["name"]: column for column in tables["fact_weather_hourly"]["columns"]}
    tests = {kind: body for test in columns["temperature_c"]["data_tests"] for kind, body in test.items()}
    assert tests["accepted_range"]["arguments"] == {"min_value": -90.0, "max_value": 60.0}
    tests = {kind: body for test in columns["date_key"]["data_tests"] for kind, body in test.items()}
    assert tests["relationships"]["arguments"] == {"to": "source('raw', 'dim_date')", "field": "date_key"}
    tests = {kind: body for test in columns["observed_at"]["data_tests"] for kind, body in test.items()}
    assert tests["accepted_range"]["arguments"]["min_value"] == "cast('1900-01-01 00:00:00' as timestamp)"
    assert tests["fresh_on_run_date"]["arguments"] == {"hours": 48}


def test_bounds_of_different_severity_are_tests_of_their_own(tmp_path: Path) -> None:
    text = ORDERS.replace("  - {property: versionColumn, value: placed_at}\n", "").replace(
        "value: silver", "value: gold"
    )
    text = text.replace("  - {property: datasets, value: [shop/orders]}\n", "  - {property: warehouse, value: true}\n")
    text = text.replace(
        "logicalTypeOptions: {minimum: 0, maximum: 9999.5}",
        "logicalTypeOptions: {minimum: 0, maximum: 9999.5}\n"
        "        customProperties: [{property: severities, value: {maximum: warning}}]",
    )
    contract = load_contract(write(tmp_path, text))
    (written,) = dbt_sources({"orders": contract}).values()
    (table,) = yaml.safe_load(written)["sources"][0]["tables"]
    (column,) = [column for column in table["columns"] if column["name"] == "amount_usd"]
    ranges = [test["accepted_range"] for test in column["data_tests"]]
    assert [body["arguments"] for body in ranges] == [{"min_value": "0"}, {"max_value": "9999.5"}]
    assert len({body["name"] for body in ranges}) == 2


def test_the_page_names_every_table_column_and_rule() -> None:
    text = documentation(CONTRACTS)
    for contract in CONTRACTS.values():
        section = "\n".join(page(contract))
        assert section in text
        assert f"\n## {contract.table}\n" in text
        for column in contract.columns:
            assert f"| `{column.name}`" in section
        for rule in contract.rules:
            if rule.kind == "expression":
                assert rule.name in section
    assert "gust_not_below_speed | `wind_gust_kmh >= wind_speed_kmh` | warn" in text
    assert "a load that loses more than 50% of its rows is refused" in text
