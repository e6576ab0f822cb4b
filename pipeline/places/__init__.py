"""Places by name: what a user types becomes one point on the map with a name that tables can carry."""

from pipeline.places.place import Place, RecordedPlace, distance_km
from pipeline.places.resolving import resolve

__all__ = ["Place", "RecordedPlace", "distance_km", "resolve"]
