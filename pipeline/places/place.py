"""A place: a point on the map with the name that tables carry, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088


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
    def attributes(self) -> Mapping[str, str | float | None]:
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


def distance_km(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Great-circle distance by the haversine formula on a sphere of the Earth's mean radius; degrees in, km out."""
    north, other_north = radians(latitude), radians(other_latitude)
    half_north = sin((other_north - north) / 2)
    half_east = sin(radians(other_longitude - longitude) / 2)
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_north**2 + cos(north) * cos(other_north) * half_east**2)))
