"""The stage silver: the order of its tables, and the files of CSV that it may write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recorded_lake import TABLE, one_day

from lake.contract.model import Reference
from lake.errors import StorageError
from pipeline.stages.silver import silver_contracts, write_csv
from pipeline.workspace import Workspace


@pytest.fixture
def workspace(project: Path) -> Workspace:
    return one_day()


def test_silver_goes_parents_first_however_long_the_chain(workspace: Workspace) -> None:
    child = workspace.contracts[TABLE]
    key = child.primary_key
    first = replace(child, table="a_grandchild", references=(Reference(key, TABLE, key),), _by_name={})
    workspace.contracts[first.table] = first
    names = [contract.table for contract in silver_contracts(workspace)]
    assert names.index("weather_locations") < names.index(TABLE) < names.index("a_grandchild")


def test_a_csv_that_cannot_be_written_says_where_and_why(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = silver_contracts(workspace)
    folder = workspace.settings.data / "csv"
    folder.write_text("a file where the folder goes")
    with pytest.raises(StorageError, match="cannot write") as caught:
        write_csv(workspace, contracts)
    assert str(folder) in str(caught.value.where)
    folder.unlink()

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("polars.DataFrame.write_csv", full)
        with pytest.raises(StorageError, match="the disk is full"):
            write_csv(workspace, contracts)
    assert list(folder.iterdir()) == []
    write_csv(workspace, contracts)
    assert len(list(folder.iterdir())) == 2
