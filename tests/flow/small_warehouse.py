"""A warehouse.duckdb as the load stage leaves it, small: schema raw with the contracts' tables and made-up weather.

Made in SQL, without lake or gold, so that dbt's tests stand alone. Three places, of which ``ewr`` lacks one hour a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from lake.contract.load import load_contracts
from warehouse.ddl import parents_first
from warehouse.history import define

FIRST = date(2013, 6, 28)  # a week over the end of a month
PLACES = {"jfk": "New York JFK", "lga": "New York LaGuardia", "ewr": "Newark Liberty"}

_LOCATIONS = """
insert into raw.dim_location
select location_id, location_name, upper(location_id), 40.6, -73.8, 4, 'America/New_York', 'US'
from (select unnest($ids) as location_id, unnest($names) as location_name)
"""
_DATES = """
insert into raw.dim_date
select cast(strftime(d, '%Y%m%d') as bigint), d, year(d), quarter(d), month(d), monthname(d), day(d), isodow(d),
    dayname(d), isodow(d) > 5, isoyear(d), weekofyear(d)
from (select cast(unnest(range($first::date, $first::date + $days::integer, interval 1 day)) as date) as d)
"""
_HOURS = """
insert into raw.fact_weather_hourly
select location_id, ts::timestamptz, cast(strftime(ts, '%Y%m%d') as bigint), hour(ts),
    20 + 8 * sin(h / 9.0) + length(location_name) / 10, 21 + 8 * sin(h / 9.0), 10, 10 + 8 * sin(h / 9.0), 60,
    case when h % 10 = 0 then 1.5 else 0 end, (h * 7) % 50, case when h % 13 = 0 then null else (h * 10) % 360 end,
    case when h % 3 = 0 then 60 end, 1010 + h % 7, 16000, case when h % 10 = 0 then 'rain' else 'fair' end, 20, 1
from raw.dim_location, (select h, $first::timestamp + to_hours(h::integer) as ts from range($days * 24) as hours(h))
where not (location_id = 'ewr' and h % 24 = 3)
"""
_DAYS = """
insert into raw.weather_daily
select location_id, observed_at::date, date_key, avg(temperature_c), min(temperature_c), max(temperature_c),
    avg(temperature_c) - 1, sum(precipitation_mm), count(*) filter (precipitation_mm > 0), count(*), 24 - count(*),
    avg(wind_speed_kmh), max(wind_speed_kmh), avg(pressure_hpa),
    greatest(18 - avg(temperature_c), 0), greatest(avg(temperature_c) - 18, 0)
from raw.fact_weather_hourly group by all
"""


def make_warehouse(path: Path, days: int = 7) -> Path:
    """Make the file with ``days`` days from 2013-06-28 on; its folder is made too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    contracts = parents_first(c for c in load_contracts().values() if c.warehouse)
    with opened(path) as connection:
        define(connection, contracts, str(path))
        connection.execute(_LOCATIONS, {"ids": list(PLACES), "names": list(PLACES.values())})
        connection.execute(_DATES, {"first": FIRST, "days": days})
        connection.execute(_HOURS, {"first": FIRST, "days": days})
        connection.execute(_DAYS)
    return path


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file, read and written; sessions speak UTC."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Rows of a query; the file is closed again at once."""
    with opened(path) as connection:
        return connection.execute(query).fetchall()
