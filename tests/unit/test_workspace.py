"""The workspace opens what is asked for, and says what keeps it from doing so."""

from __future__ import annotations

from pathlib import Path

import pytest

from lake.errors import ConfigError, StorageError, UnknownChoiceError
from pipeline.settings import load_settings
from pipeline.warehouses import open_warehouse
from pipeline.workspace import open_workspace
from warehouse.warehouses.snowflake import SnowflakeWarehouse


def test_nothing_is_made_before_it_is_used(project: Path) -> None:
    workspace = open_workspace()
    assert not project.exists()
    assert workspace.objects is workspace.objects
    assert workspace.objects.list("") == []
    assert not project.exists()
    workspace.objects.put("a", b"", "test")
    assert (project / "lake" / "a").is_file()


def test_tables_lie_in_the_layer_of_their_contract(project: Path) -> None:
    workspace = open_workspace()
    assert workspace.table("weather_observations").path == "silver/weather_observations"
    assert workspace.table("weather_daily").path == "gold/weather_daily"
    assert workspace.table("weather_daily").exists() is False
    with pytest.raises(UnknownChoiceError, match="unknown table: 'wether'") as caught:
        workspace.table("wether")
    assert "weather_daily" in str(caught.value)


def test_gold_can_be_partitioned_by_the_day_whatever_the_contracts_say(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_workspace().contracts
    monkeypatch.setenv("MIRRORLAKE_GOLD_PARTITION_BY", "day")
    after = open_workspace().contracts
    assert before.keys() == after.keys()
    changed = {name for name in after if after[name] != before[name]}
    assert "weather_hourly" in changed
    for name, contract in after.items():
        old = before[name]
        assert (contract.partition is None) == (old.partition is None)
        if name in changed:
            assert contract.layer == "gold"
            assert contract.partition is not None
            assert contract.partition.by == "day"
            assert contract.digest != old.digest, "the tables are made anew when it changes"


def test_a_lake_in_a_bucket_is_reached_with_the_settings_of_s3(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "LAKE_ROOT": "s3://bucket/lake",
        "LAKE_MIRROR": "s3://other/copy",
        "S3_ENDPOINT": "http://127.0.0.1:9",
        "S3_ACCESS_KEY_ID": "AKIA",
        "S3_SECRET_ACCESS_KEY": "hush",
        "S3_SESSION_TOKEN": "for a while",
    }.items():
        monkeypatch.setenv(f"MIRRORLAKE_{name}", value)
    workspace = open_workspace()
    options = workspace.objects.table_options
    assert options["aws_endpoint"] == "http://127.0.0.1:9"
    assert options["aws_session_token"] == "for a while"
    assert workspace.mirror is not None
    assert workspace.mirror.root == "s3://other/copy"
    assert workspace.table("weather_daily").options == options


def test_bronze_is_of_the_same_lake(project: Path) -> None:
    assert open_workspace().bronze.loads("openmeteo", "archive") == []


def test_a_data_folder_that_cannot_be_made_is_named(project: Path) -> None:
    project.parent.mkdir(exist_ok=True)
    project.write_text("a file is in the way")
    workspace = open_workspace()
    with pytest.raises(StorageError, match="a file stands where a folder is needed") as caught:
        workspace.folder(workspace.settings.staging.folder)
    assert str(project) in str(caught.value)
    with pytest.raises(StorageError, match="a file stands where a folder is needed"):
        workspace.objects.put("a", b"", "test")


def test_folders_are_made_on_request(project: Path) -> None:
    workspace = open_workspace()
    assert workspace.folder(workspace.settings.publish.folder).is_dir()


def test_places_say_where_the_results_lie(project: Path) -> None:
    assert open_workspace().places() == {
        "lake": str(project / "lake"),
        "warehouse": str(project / "warehouse" / "warehouse.duckdb"),
        "published": str(project / "published"),
    }


def test_an_environment_that_cannot_run_yet_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match="'prod' cannot run yet"):
        open_workspace("prod")


def test_a_warehouse_that_is_not_set_up_is_told_with_the_command_of_its_environment(project: Path) -> None:
    warehouse = open_warehouse(load_settings("prod"))
    assert isinstance(warehouse, SnowflakeWarehouse)
    assert warehouse.names.setup == "mirrorlake warehouse --setup --env prod"
