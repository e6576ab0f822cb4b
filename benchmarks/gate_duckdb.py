"""The gate's work as a careful hand would write it in DuckDB: the rival in benchmarks/gate.py."""

from __future__ import annotations

from pathlib import Path

import gate_data

KEY = "station_id, observed_at"
TEXTS = ("station_id", "condition", "sensor")


def rules() -> dict[str, tuple[str, str]]:
    """Rule name to ``(condition that breaks it, reason)``, in SQL."""
    found = {}
    for name in gate_data.FLOATS:
        found[f"{name}.type"] = (f"NOT isfinite({name})", f"'{name}: ' || {name} || ' is not a finite number'")
    for name in TEXTS:
        found[f"{name}.type"] = (f"contains({name}, chr(0))", f"'{name}: has a NUL character'")
    for name in ("observed_at", "observed_date"):
        outside = f"{name} NOT BETWEEN '0001-01-01' AND '9999-12-31'"
        found[f"{name}.type"] = (outside, f"'{name}: ' || {name} || ' is out of range'")
    for rule in gate_data.contract().rules:
        name, bound = rule.columns[0], rule.argument
        shown = f"'{name}: ' || {name} || "
        if rule.kind == "required":
            found[rule.name] = (f"{name} IS NULL", f"'{name}: a value is required'")
        elif rule.kind == "minimum":
            found[rule.name] = (f"{name} < {bound}", f"{shown}' is below the minimum {bound}'")
        elif rule.kind == "maximum":
            found[rule.name] = (f"{name} > {bound}", f"{shown}' is above the maximum {bound}'")
        elif rule.kind == "enum":
            found[rule.name] = (f"{name} NOT IN {gate_data.CONDITIONS}", f"{shown}' is not one of them'")
        elif rule.kind == "pattern":
            found[rule.name] = (f"NOT regexp_matches({name}, '{bound}')", f"{shown}' does not match'")
        else:
            values = " || ', ' || ".join(f"'{column}=' || {column}" for column in rule.columns)
            found[rule.name] = (f"NOT ({rule.expression})", f"'{rule.expression} does not hold for ' || {values}")
    return found


def run(source: list[Path], folder: Path) -> dict[str, int]:
    """Write valid.parquet and rejected.parquet; returns the counts."""
    import duckdb

    checks = rules()
    broken = "coalesce(" + " OR ".join(f"({condition})" for condition, _ in checks.values()) + ", false)"
    names = ", ".join(f"CASE WHEN {condition} THEN '{name}' END" for name, (condition, _) in checks.items())
    reasons = ", ".join(f"CASE WHEN {condition} THEN {reason} END" for condition, reason in checks.values())
    columns = ", ".join(
        f"CASE WHEN {name} = 0 THEN 0 ELSE {name} END AS {name}" if name in gate_data.FLOATS else name
        for name in gate_data.contract().column_names
    )
    files = "[" + ", ".join(f"'{path}'" for path in source) + "]"
    raw = f"(SELECT *, filename, file_row_number AS place FROM read_parquet({files}, filename = true))"
    con = duckdb.connect(":memory:")
    con.execute("SET enable_progress_bar = false")
    con.execute(f"SET temp_directory = '{folder}'")
    con.execute(f"CREATE TABLE twice AS SELECT {KEY} FROM {raw} GROUP BY {KEY} HAVING count(*) > 1")
    con.execute(
        f"CREATE TABLE losers AS SELECT filename, place FROM (SELECT filename, place, row_number() OVER "
        f"(PARTITION BY {KEY} ORDER BY filename DESC, place DESC) AS latest FROM {raw} SEMI JOIN twice USING ({KEY}) "
        f"WHERE NOT {broken}) WHERE latest > 1"
    )
    valid = f"SELECT {columns} FROM {raw} ANTI JOIN losers USING (filename, place) WHERE NOT {broken}"
    rejected = (
        f"SELECT list_filter([{names}], lambda x: x IS NOT NULL) AS rules, "
        f"list_filter([{reasons}], lambda x: x IS NOT NULL) AS reasons, to_json(r) AS row "
        f"FROM (SELECT * EXCLUDE (filename, place) FROM {raw} WHERE {broken}) AS r"
    )
    counts = {}
    for name, query in (("valid", valid), ("rejected", rejected)):
        target = f"'{folder}/{name}.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        counts[name] = con.execute(f"COPY ({query}) TO {target}").fetchall()[0][0]
    con.execute(
        f"SELECT rule, count(*) FROM (SELECT unnest(rules) AS rule FROM '{folder}/rejected.parquet') GROUP BY 1"
    )
    return counts | {"duplicates": con.execute("SELECT count(*) FROM losers").fetchall()[0][0]}
