"""The gate's work as a careful hand would write it in pandas: the rival in benchmarks/gate.py."""

from __future__ import annotations

from pathlib import Path

import gate_data

KEY = ["station_id", "observed_at"]


def run(source: list[Path], folder: Path) -> dict[str, int]:
    """Write valid.parquet and rejected.parquet; returns the counts. Reasons are built for rejected rows only."""
    import numpy as np
    import pandas as pd

    frame = pd.concat([pd.read_parquet(path) for path in source], ignore_index=True)
    checks = {}
    for name in gate_data.FLOATS:
        checks[f"{name}.type"] = ~np.isfinite(frame[name]) & frame[name].notna()
        frame[name] = frame[name].where(frame[name] != 0, 0.0)
    for name in ("station_id", "condition", "sensor"):
        checks[f"{name}.type"] = frame[name].str.contains("\0", regex=False, na=False)
    for rule in gate_data.contract().rules:
        column = frame[rule.columns[0]]
        if rule.kind == "required":
            checks[rule.name] = column.isna()
        elif rule.kind == "minimum":
            checks[rule.name] = column < rule.argument
        elif rule.kind == "maximum":
            checks[rule.name] = column > rule.argument
        elif rule.kind == "enum":
            checks[rule.name] = ~column.isin(gate_data.CONDITIONS) & column.notna()
        elif rule.kind == "pattern":
            checks[rule.name] = ~column.str.match(str(rule.argument), na=True)
        else:
            checks[rule.name] = frame["dew_point_c"] > frame["temperature_c"] + 0.5
    broken = pd.Series(False, index=frame.index)
    for flags in checks.values():
        broken |= flags
    good = frame[~broken]
    valid = good.drop_duplicates(KEY, keep="last")
    rejected = frame[broken]
    rules = pd.Series("", index=rejected.index)
    for name, flags in checks.items():
        rules = rules.where(~flags[broken], rules + name + ";")
    valid.to_parquet(folder / "valid.parquet", compression="zstd")
    lost = pd.DataFrame({"rules": rules, "row": rejected.to_json(orient="records", lines=True).splitlines()})
    lost.to_parquet(folder / "rejected.parquet", compression="zstd")
    return {"valid": len(valid), "rejected": len(rejected), "duplicates": len(good) - len(valid)}
