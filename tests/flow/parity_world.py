"""Two tables made by SQL, exported and compared: what a test of parity needs to plant one difference."""

from __future__ import annotations

from pathlib import Path

import duckdb

from lake.duck import configure
from pipeline.parity.model import Subject, TableParity
from pipeline.parity.rows import compare_rows
from warehouse.exports import Export
from warehouse.kinds import kind_of

# Four places and ten days: names that languages sort differently, nulls, halves, a summer and a winter.
FACTS = """
SELECT i AS id, ['Ålesund', 'zurich', 'Zermatt', 'abo', 'Bern'][1 + i % 5] AS place, i % 7 AS seventh,
    CASE WHEN i % 4 <> 0 THEN (i * 37 % 101) + 0.5 END AS reading, (i * 0.125)::DOUBLE AS eighth,
    (i / 7.0)::DOUBLE AS share, TIMESTAMPTZ '2013-03-01 02:00:00+00' + INTERVAL (i * 5) HOUR AS seen_at
FROM range(1, 61) AS r(i)
"""


def table(folder: Path, side: str, sql: str, zone: str = "UTC") -> Export:
    """The rows of ``sql``, which may read ``facts``, in a session of that time zone."""
    path = folder / f"{side}.parquet"
    with duckdb.connect() as connection:
        configure(connection)
        connection.execute(f"SET TimeZone = '{zone}'")
        connection.execute(f"CREATE TABLE facts AS {FACTS}")
        connection.execute(f"CREATE TABLE made AS {sql}")
        columns = {row[0]: kind_of(row[1]) for row in connection.execute("DESCRIBE made").fetchall()}
        connection.execute(f"COPY made TO '{path}' (FORMAT parquet)")
    return Export(columns, path)


def compared(left: Export, right: Export, *key: str, **subject: object) -> TableParity:
    """Both sides compared, as a table of gold whose columns are those of the left side."""
    made = Subject("gold", "planted", key or ("id",), tuple(left.columns), **subject)  # type: ignore[arg-type]
    with duckdb.connect() as connection:
        return compare_rows(configure(connection), made, left, right)


def planted(folder: Path, left: str, right: str, *key: str, zone: str = "UTC") -> TableParity:
    """What comes out for two statements; ``zone`` is that of the right side's session."""
    return compared(table(folder, "left", left), table(folder, "right", right, zone), *key)
