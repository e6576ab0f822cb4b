"""What the drill found, as the middle part of docs/airflow.md; the rest of the page is written by hand."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local import AIRFLOW, MIRRORLAKE, ROOT, LocalAirflow
from watch import Told

PAGE = ROOT / "docs" / "airflow.md"
BEGIN, END = "<!-- drill: begin -->", "<!-- drill: end -->"
MARTS = ("mart_weather_hourly", "mart_weather_daily", "mart_wind_rose", "mart_calendar", "mart_weather_metrics_daily")
TOLERANCE = 1e-9
DATES = ("--from", "2013-07-01", "--to", "2013-07-09")


def alerts(path: Path) -> list[dict[str, object]]:
    """Every message that Mirrorlake's alerts sent, in order."""
    found, rest = [], path.read_text("utf-8") if path.exists() else ""
    while rest:
        message, length = json.JSONDecoder().raw_decode(rest)
        found.append(message)
        rest = rest[length:].lstrip()
    return found


def same_as_one_process(airflow: LocalAirflow, folder: Path) -> dict[str, tuple[int, bool]]:
    """Each mart: its rows, and whether one ``mirrorlake run`` over the same dates publishes the same ones."""
    alone = {**airflow.variables, "MIRRORLAKE_DATA": str(folder / "alone")}
    words = [str(MIRRORLAKE), "run", *DATES]
    done = subprocess.run(words, check=False, env=alone, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"one process could not do it:\n{done.stdout}\n{done.stderr}")
    found = {}
    for mart in MARTS:
        both = [_rows(mart, environment) for environment in (airflow.variables, alone)]
        found[mart] = (len(both[0]), _equal(*both))
    return found


def _equal(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    """Whether two tables hold the same rows: sums of floats may differ in the order of their addends, all else not."""

    def halves(rows: list[dict[str, Any]]) -> list[tuple[str, list[float]]]:
        exact = [({k: v for k, v in row.items() if not isinstance(v, float)}, row) for row in rows]
        return sorted(
            (json.dumps(key, sort_keys=True), [v for _, v in sorted(row.items()) if isinstance(v, float)])
            for key, row in exact
        )

    pairs = zip(halves(one), halves(other), strict=False)
    return len(one) == len(other) and all(
        a == b and len(x) == len(y) and all(math.isclose(p, q, abs_tol=TOLERANCE) for p, q in zip(x, y, strict=True))
        for (a, x), (b, y) in pairs
    )


def _rows(mart: str, environment: dict[str, str]) -> list[dict[str, Any]]:
    words = [str(MIRRORLAKE), "sql", f"from {mart}", "--json", "--limit", "1000000"]
    done = subprocess.run(words, check=True, env=environment, cwd=ROOT, capture_output=True, text=True)
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def write(
    told: Sequence[Told],
    sent: Sequence[dict[str, object]],
    same: dict[str, tuple[int, bool]],
    seconds: float,
    left: Sequence[int],
) -> None:
    """Replace the part of the page between its marks."""
    version = subprocess.run([str(AIRFLOW), "version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    played = (
        f"Played on {datetime.now(UTC):%Y-%m-%d} with Airflow {version} (scheduler, dag-processor, triggerer,"
        f" api-server; SQLite, LocalExecutor), in {seconds / 60:.0f} minutes, the machine shared with other work."
        f" Processes left running afterwards: {len(left)}."
    )
    lines = [
        played,
        *_runs(told),
        *_tasks(told),
        *_rows_of_runs(told),
        *_alerts(sent),
        *_same(same),
    ]
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}", encoding="utf-8")


def _runs(told: Sequence[Told]) -> list[str]:
    lines = ["", "| how | run | run date | ended | seconds | what happened |", "|---|---|---|---|---|---|"]
    return lines + [
        f"| {run.how} | `{run.run_id}` | {run.run_date} | {run.state} | {run.seconds:.0f} | {run.note} |"
        for run in told
    ]


def _tasks(told: Sequence[Told]) -> list[str]:
    """One row per run, one column per task; every try that was not the only and successful one is named."""
    names = list(told[0].tasks)
    lines = ["", "How each task ended; of several tries, each:", ""]
    lines += [f"| run | {' | '.join(names)} |", f"|{'---|' * (len(names) + 1)}"]
    for run in told:
        cells = [", ".join(run.tasks[name]) for name in names]
        lines.append(f"| `{run.run_id}` | {' | '.join(cells)} |")
    return lines


def _rows_of_runs(told: Sequence[Told]) -> list[str]:
    stages = ["ingest openmeteo", "silver", "gold", "staging", "load", "dbt", "audit", "publish"]
    lines = [
        "",
        "What the audit trail of Mirrorlake holds of each run: rows written by each stage, and records in all:",
        "",
    ]
    lines += [f"| run | {' | '.join(stages)} | records |", f"|{'---|' * (len(stages) + 2)}"]
    for run in told:
        cells = [f"{run.rows[stage]:,}" if stage in run.rows else "" for stage in stages]
        lines.append(f"| `{run.run_id}` | {' | '.join(cells)} | {run.calls} |")
    return lines


def _alerts(sent: Sequence[dict[str, object]]) -> list[str]:
    lines = ["", "Alerts that were sent, one per run that failed or was late:", ""]
    for message in sent:
        stages = message["stages"]
        assert isinstance(stages, list)
        said = "; ".join(f"{each['stage']}: {each['error'].splitlines()[0]}" for each in stages if each["error"])
        lines.append(f"- `{message['run_id']}`: {said}")
    return lines


def _same(same: dict[str, tuple[int, bool]]) -> list[str]:
    beside = f"beside those of one `mirrorlake run` over the same nine dates (floats equal within {TOLERANCE:g}):"
    lines = ["", f"The published marts after all of this, {beside}", ""]
    lines += ["| mart | rows | the same rows |", "|---|---|---|"]
    return lines + [f"| `{mart}` | {rows:,} | {'yes' if equal else 'no'} |" for mart, (rows, equal) in same.items()]
