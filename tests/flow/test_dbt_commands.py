"""dbt by itself, as its users call it: ``cd dbt && dbt build``, source freshness, docs; without network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from small_warehouse import make_warehouse, opened

REPOSITORY = Path(__file__).resolve().parents[2]
DBT = Path(sys.executable).with_name("dbt")


@pytest.mark.slow
def test_dbt_by_itself(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "warehouse.duckdb")
    with opened(warehouse) as connection:
        # One table was loaded today, the others never.
        connection.execute("update raw._load_history set loaded_at = now() - interval 50 hour")
        connection.execute("update raw._load_history set loaded_at = now() where table_name = 'dim_date'")

    def dbt(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(DBT), "--no-use-colors", *arguments],
            cwd=REPOSITORY / "dbt",
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "MIRRORLAKE_WAREHOUSE_PATH": str(warehouse),
                "DBT_TARGET_PATH": str(tmp_path / "target"),
                "DBT_LOG_PATH": str(tmp_path / "logs"),
                # Whoever would ask the network meets a closed door.
                **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"),
            },
        )

    built = dbt("build")
    assert built.returncode == 0, built.stdout
    assert "WARN=0 ERROR=0 SKIP=0" in built.stdout
    assert "Deprecat" not in built.stdout

    fresh = dbt("source", "freshness")
    assert fresh.returncode == 0, fresh.stdout
    sources = json.loads((tmp_path / "target" / "sources.json").read_text())["results"]
    states = {source["unique_id"].split(".")[-1]: source["status"] for source in sources}
    assert states == {
        "dim_date": "pass",
        "dim_location": "warn",
        "fact_weather_hourly": "warn",
        "weather_daily": "warn",
    }

    documented = dbt("docs", "generate")
    assert documented.returncode == 0, documented.stdout
    manifest = json.loads((tmp_path / "target" / "manifest.json").read_text())
    catalog = json.loads((tmp_path / "target" / "catalog.json").read_text())
    assert "model.mirrorlake.mart_weather_hourly" in catalog["nodes"]
    assert "source.mirrorlake.raw.dim_location" in catalog["sources"]
    marts = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    assert all(mart["contract"]["enforced"] for mart in marts)
    dashboard = manifest["exposures"]["exposure.mirrorlake.dashboard"]
    assert set(dashboard["depends_on"]["nodes"]) == {mart["unique_id"] for mart in marts}
