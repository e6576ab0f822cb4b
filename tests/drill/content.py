"""The content of everything that a run leaves, read by two libraries that share no code with what wrote it.

Lake tables: once by deltalake and Polars, once by DuckDB on the Parquet files that the Delta log names, the log being
read here as JSON. Databases by DuckDB. Columns that begin with ``_`` and times of fetching are no content.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import polars as pl

Rows = list[str]
Content = dict[str, Rows]
NO_CONTENT = {"published_at", "loaded_at"}
DECIMALS = 9  # sums over many rows depend on the order of adding, which threads decide; no contract promises more
LEFT_BY_A_KILL = re.compile(
    r"#\d+$"
)  # what obstore had not yet given its name: no listing shows it, no reader meets it
EXTRA = {"_extra"}
# Of quarantine too: where a row comes from is the same every time. Of silver it is not: of two loads that say the same,
# the one that came in first stays named.
ORIGIN = {"_payload", "_position"}


def content(data: Path) -> tuple[Content, list[str]]:
    """Every table by name, its rows as sorted texts; and in what the two readers disagree (nothing)."""
    lake = data / "lake"
    found: Content = {"bronze": sorted(bronze(lake)), "ledger": sorted(ledger(lake)), "refused": sorted(refused(lake))}
    disagreements = []
    for log in sorted(lake.glob("*/*/_delta_log")):
        name = log.parent.relative_to(lake).as_posix()
        kept = EXTRA if name.startswith("silver/") else EXTRA | ORIGIN
        found[name], second = rows(pl.read_delta(str(log.parent)), kept), rows(by_duckdb(log.parent), kept)
        if found[name] != second:
            disagreements.append(f"{name}: Polars reads {len(found[name])} rows, DuckDB {len(second)}, not the same")
    for word, file in (("staging", current(data / "staging")), ("published", current(data / "published"))):
        found |= database(word, file) if file else {}
    warehouse = data / "warehouse" / "warehouse.duckdb"
    found |= database("warehouse", warehouse) if warehouse.exists() else {}
    return found, disagreements


def bronze(lake: Path) -> Iterator[str]:
    """Every load with its pages' hashes and what it was asked by, checked against the pages."""
    import hashlib

    for manifest in lake.glob("bronze/**/manifest.json"):
        told = json.loads(manifest.read_bytes())
        pages = sorted(manifest.parent.glob("raw*.json"))
        hashes = [hashlib.sha256(page.read_bytes()).hexdigest() for page in pages]
        assert hashes == [page["sha256"] for page in told["pages"]], manifest
        accepted = sorted(path.name for path in manifest.parent.glob("accepted-*.json"))
        yield f"{manifest.parent.relative_to(lake)} {hashes} {told['attributes']} {told['records']} {accepted}"


def refused(lake: Path) -> Iterator[str]:
    """Every body that was refused."""
    for path in lake.glob("_refused/**/*"):
        if path.is_file() and not LEFT_BY_A_KILL.search(path.name):
            yield f"{path.relative_to(lake)} {path.read_bytes()!r}"


def ledger(lake: Path) -> Iterator[str]:
    """What each silver table took in or refused, with its counts."""
    for path in lake.glob("_state/silver/*.json"):
        for load, record in json.loads(path.read_bytes())["loads"].items():
            told = {name: value for name, value in record.items() if name != "restates"}
            yield f"{path.stem} {load} {json.dumps(told, sort_keys=True)}"


def by_duckdb(table: Path) -> pl.DataFrame:
    """A Delta table's newest version, by its log's JSON and DuckDB's Parquet reader."""
    alive: dict[str, None] = {}
    commits = sorted((table / "_delta_log").glob("*.json"))
    assert not list((table / "_delta_log").glob("*.checkpoint*")), "the drill's tables are younger than a checkpoint"
    for line in (line for commit in commits for line in commit.read_text("utf-8").splitlines()):
        action = json.loads(line)
        if "add" in action:
            alive[unquote(action["add"]["path"])] = None
        elif "remove" in action:
            alive.pop(unquote(action["remove"]["path"]), None)
    if not alive:
        return pl.read_delta(str(table)).clear()
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        files = ", ".join(f"'{table / path}'" for path in alive)
        read = connection.sql(f"FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false)")
        return _frame(read.to_arrow_table())


def database(word: str, path: Path) -> Content:
    """Every table of a DuckDB file but our own records."""
    found: Content = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        tables = connection.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal AND table_name[1] <> '_' "
            "ORDER BY ALL NULLS LAST"
        ).fetchall()
        for schema, table in tables:
            read = connection.sql(f'FROM "{schema}"."{table}"')
            found[f"{word}.{schema}.{table}"] = rows(_frame(read.to_arrow_table()))
    return found


def current(folder: Path) -> Path | None:
    """The file that a pointer names."""
    pointer = folder / "current.json"
    return folder / json.loads(pointer.read_bytes())["file"] if pointer.exists() else None


def rows(frame: pl.DataFrame, kept: Collection[str] = ()) -> Rows:
    """The rows as sorted texts, columns by name; of our own columns those that are ``kept``."""
    names = sorted(n for n in frame.columns if (n in kept or not n.startswith("_")) and n not in NO_CONTENT)
    times = [name for name in names if isinstance(frame.schema[name], pl.Datetime)]
    numbers = [name for name in names if frame.schema[name] in (pl.Float64, pl.Float32)]
    plain = frame.select(names).with_columns(
        *(pl.col(name).dt.timestamp("us") for name in times),
        *(pl.col(name).round(DECIMALS) + 0.0 for name in numbers),
    )
    return sorted(json.dumps(row, default=str) for row in plain.iter_rows(named=True))


def differences(wanted: Content, got: Content) -> list[str]:
    """What is not equal, by table, with the first rows that only one side has."""
    told = []
    for name in sorted({*wanted, *got}):
        if name not in got or name not in wanted:
            told.append(f"{name}: {'missing' if name not in got else 'should not be there'}")
        elif wanted[name] != got[name]:
            lost, extra = _only(wanted[name], got[name]), _only(got[name], wanted[name])
            example = f"; lost: {lost[0][:200]}" if lost else f"; extra: {extra[0][:200]}"
            told.append(f"{name}: {len(lost)} rows lost, {len(extra)} rows extra{example}")
    return told


def _only(here: Rows, there: Rows) -> Rows:
    from collections import Counter

    return list((Counter(here) - Counter(there)).elements())


def _frame(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def broken_promises(data: Path) -> list[str]:
    """What holds after every run, disturbed or not, and does not hold here.

    In = valid + rejected + duplicates; every rejected row of a load that was let in is in quarantine; every load of
    bronze is in the ledger of each table that takes it.
    """
    lake, told = data / "lake", []
    loads = {str(path.parent.relative_to(lake)) for path in lake.glob("bronze/**/manifest.json")}
    for path in lake.glob("_state/silver/*.json"):
        records = json.loads(path.read_bytes())["loads"]
        waiting: dict[str, int] = {}
        if (lake / "quarantine" / path.stem / "_delta_log").is_dir():
            kept = pl.read_delta(str(lake / "quarantine" / path.stem))
            waiting = dict(kept.group_by("_payload").len().iter_rows())
        for load, record in records.items():
            counts = [record.get(name, 0) for name in ("rows_in", "valid", "rejected", "duplicates")]
            if counts[0] != sum(counts[1:]):
                told.append(f"{path.stem}, {load}: {counts[0]} rows came in, {counts[1:]} came out")
            kept_rows = waiting.get(load, 0)
            if record["status"] == "merged" and kept_rows != record.get("rejected", 0):
                told.append(f"{path.stem}, {load}: {record.get('rejected', 0)} rejected, {kept_rows} in quarantine")
        if path.stem == "weather_observations" and loads - set(records):
            told.append(f"{path.stem}: loads that it never took in: {sorted(loads - set(records))}")
    return told
