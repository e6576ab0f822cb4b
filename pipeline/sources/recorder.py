"""Keeping live answers as recordings, for offline use: whole files only, and never silently over what differs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

import orjson

from lake.errors import SourceError
from lake.layout import segment
from pipeline.places import Place
from pipeline.sources.base import Payload
from pipeline.sources.recordings import FORECAST, Recordings, write_atomically

Kept = Literal["new", "unchanged", "replaced"]


def keep(recordings: Recordings, payload: Payload, *, replace: bool = False) -> Kept:
    """Store the one page of a checked payload as received.

    Raises SourceError when another answer is recorded already and ``replace`` is not said; two answers are the same
    when they differ in nothing but the time that the API took.
    """
    request, data = payload.request, payload.pages[0]
    name = f"{request.run_date}T{payload.fetched_at:%H}Z" if request.dataset == FORECAST else f"{request.run_date}"
    folder = recordings.folder / segment(request.dataset, "dataset") / segment(request.slice_key, "location")
    path = folder / f"{name}.json"
    outcome: Kept = "new"
    if path.exists():
        if _meaning(path.read_bytes()) == _meaning(data):
            return "unchanged"
        if not replace:
            raise SourceError(
                f"{request.dataset} of {request.slice_key} for {request.run_date} is recorded already, and differs",
                where=str(path),
                fix="keep the recording, or say --replace to take the new answer",
            )
        outcome = "replaced"
    write_atomically(path, data, "record.payload")
    return outcome


def add_place(recordings: Recordings, place: Place) -> bool:
    """Add a place to locations.json; False when its id is there already."""
    known = Recordings(recordings.folder).places
    if place.location_id in {one.id for one in known}:
        return False
    entry = {
        "id": place.location_id,
        "name": place.name,
        "station_code": place.station_code,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "elevation_m": place.elevation_m,
        "time_zone": place.time_zone,
        "country_code": place.country_code,
        "aliases": [place.asked] if place.asked not in ("", place.name) else [],
    }
    listed = {"locations": [*(asdict(one) for one in known), entry]}
    data = orjson.dumps(listed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_atomically(recordings.folder / "locations.json", data, "record.locations")
    return True


def _meaning(data: bytes) -> object:
    """The answer without how long it took to make; the bytes themselves where they are no JSON object."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    if isinstance(document, dict):
        document.pop("generationtime_ms", None)
    return document
