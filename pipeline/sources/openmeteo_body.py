"""One answer of Open-Meteo: read, checked, brought to UTC and to our units, or refused with the reason.

``read_body`` is what stands between a body and a load: an error body, HTML, truncated or ambiguous JSON never gets a
manifest. It finds values and judges none: a temperature of 1,000 degrees or a text among numbers is the gate's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeGuard

from lake.errors import PayloadError
from pipeline.places import distance_km
from pipeline.sources.base import Attributes
from pipeline.sources.json_body import clean, json_object, listed
from pipeline.sources.openmeteo_models import refuse_several_models
from pipeline.sources.openmeteo_units import in_our_unit

FARTHEST_KM = 100.0  # the coarsest models have cells of about 100 km, whose middle is at most 71 km away
_DAY = re.compile(r"\d{4}-\d\d-\d\dT")
RESERVED = {"location_id", "issued_at"}


@dataclass(frozen=True)
class Body:
    """``hourly`` maps field to values, all of length ``records``; ``time`` is ISO 8601 in UTC without offset."""

    hourly: dict[str, list[object]]
    records: int
    latitude: object
    longitude: object
    elevation: object


def read_body(data: bytes) -> Body:
    """Decode and check one body; raises PayloadError with what is wrong and, of an error body, the API's own words."""
    document = json_object(data)
    if document.get("error"):
        raise PayloadError(f"the API says: {clean(document.get('reason', 'no reason given'))}")
    hourly = document.get("hourly")
    if not isinstance(hourly, dict):
        raise PayloadError("the body has no 'hourly' block", fix="it holds: " + listed(document))
    units = document.get("hourly_units")
    if not isinstance(units, dict):
        raise PayloadError("the body has no 'hourly_units' block, so nothing says what its numbers mean")
    records = _records(hourly)
    refuse_several_models(hourly)
    values = {field: in_our_unit(field, column, units.get(field)) for field, column in hourly.items()}
    values["time"] = _in_utc(hourly["time"], units.get("time"), document)
    return Body(values, records, document.get("latitude"), document.get("longitude"), document.get("elevation"))


def _records(hourly: Mapping[str, object]) -> int:
    """How many hours; every field must be a list of that length."""
    times = hourly.get("time")
    if not isinstance(times, list):
        raise PayloadError("'hourly' has no list 'time'", fix="it holds: " + listed(hourly))
    for field, values in hourly.items():
        if field in RESERVED or field.startswith("_"):
            raise PayloadError(f"hourly {clean(field)!r} has a name that is ours to give")
        if not isinstance(values, list):
            raise PayloadError(f"hourly {clean(field)!r} is no list")
        if len(values) != len(times):
            raise PayloadError(f"hourly {clean(field)!r} has {len(values)} values for {len(times)} times")
    return len(times)


def _in_utc(times: list[object], unit: object, document: Mapping[str, Any]) -> list[object]:
    """The times in UTC, by the body's offset; what is no time stays as it is, for the gate to judge.

    ``unixtime`` counts in UTC already, whatever the offset.
    """
    if unit == "unixtime":
        return [_of_epoch(moment) for moment in times]
    if unit != "iso8601":
        raise PayloadError(f"time comes with the unit {unit!r}", fix="known units of time: iso8601, unixtime")
    offset = _offset_seconds(document)
    return times if offset == 0 else [_shifted(moment, timedelta(seconds=offset)) for moment in times]


def _offset_seconds(document: Mapping[str, Any]) -> int:
    offset = document.get("utc_offset_seconds")
    if offset is None and document.get("timezone") in (None, "GMT", "UTC"):
        return 0
    if not isinstance(offset, int) or isinstance(offset, bool) or abs(offset) > 86_400:
        raise PayloadError(f"utc_offset_seconds is {offset!r}, so nothing says when its hours were")
    return offset


def _of_epoch(moment: object) -> object:
    if not isinstance(moment, int) or isinstance(moment, bool):
        return moment
    try:
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S}"
    except (OverflowError, ValueError, OSError):
        return moment


def _shifted(moment: object, offset: timedelta) -> object:
    try:
        local = datetime.fromisoformat(moment) if isinstance(moment, str) else None
        if local is None or local.tzinfo is not None:
            return moment
        return f"{local - offset:%Y-%m-%dT%H:%M}" if local.second == 0 else f"{local - offset:%Y-%m-%dT%H:%M:%S}"
    except (ValueError, OverflowError):
        return moment


def refuse_other_place(body: Body, asked: Attributes) -> None:
    """Raise PayloadError when the answer is about a place elsewhere: its rows would be another place's weather.

    The API answers with the middle of the nearest cell of its model, so some distance is right.
    """
    found, wanted = (body.latitude, body.longitude), (asked.get("latitude"), asked.get("longitude"))
    (latitude, longitude), (asked_latitude, asked_longitude) = found, wanted
    if not (_number(latitude) and _number(longitude) and _number(asked_latitude) and _number(asked_longitude)):
        return
    apart = distance_km(latitude, longitude, asked_latitude, asked_longitude)
    if apart > FARTHEST_KM:
        raise PayloadError(
            f"the body is about {latitude}, {longitude}: {apart:,.0f} km from the place that was asked for",
            fix=f"asked for {asked_latitude}, {asked_longitude}; an answer may be {FARTHEST_KM:.0f} km off",
        )


def refuse_other_day(body: Body, asked: date) -> None:
    """Raise PayloadError when every hour of the answer is of another day: it would overwrite that day's rows."""
    days = {moment[:10] for moment in body.hourly["time"] if isinstance(moment, str) and _DAY.match(moment)}
    if days and asked.isoformat() not in days:
        span = min(days) if len(days) == 1 else f"{min(days)} to {max(days)}"
        raise PayloadError(f"the body is about {span}, not about the day that was asked for, {asked}")


def refuse_no_values(body: Body) -> None:
    """Raise PayloadError when no hour has any value: so the archive answers for a day that it does not have yet."""
    if body.records and all(
        value is None for field, column in body.hourly.items() if field != "time" for value in column
    ):
        raise PayloadError(
            "the archive has no value of any hour of that day yet",
            fix="ask again later: the archive is some days behind (run.days_behind says how many)",
        )


def _number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
