"""A payload with a field that the contract does not know: kept, said, and the patch that would adopt it printed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunCli

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_run_prints_the_patch(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "samples" / "openmeteo"
    recording = folder / "archive" / "jfk" / "2013-07-04.json"
    recording.parent.mkdir(parents=True)
    shutil.copy(REPOSITORY / "samples" / "openmeteo" / "locations.json", folder)
    body = json.loads((REPOSITORY / "samples/openmeteo/archive/jfk/2013-07-04.json").read_bytes())
    body["hourly"]["snow_depth"] = [0.5] * len(body["hourly"]["time"])
    body["hourly_units"]["snow_depth"] = "m"
    recording.write_text(json.dumps(body))
    monkeypatch.setenv("MIRRORLAKE_SAMPLES", str(tmp_path / "samples"))

    said = run_cli("run", "--run-date", "2013-07-04", "--location", "JFK", "--job", "ingest", "--job", "silver")

    assert said.exit_code == 0, said.text
    assert "silver: weather_observations: unknown columns, kept in _extra: snow_depth; to adopt them:" in said.out
    assert "# weather_observations.odcs.yaml: add under properties" in said.out
    assert "      - name: snow_depth\n" in said.out
    kept = json.loads(run_cli("show", "weather_observations", "--columns", "_extra", "--limit", "1", "--json").out)
    assert kept == [{"_extra": '{"snow_depth":0.5}'}]
