"""From Open-Meteo's bodies to raw frames: all loads of a call at once, one list per field, one frame per table.

A frame per load would cost seven times as much (1,092 loads in 280 instead of 40 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lake.errors import PayloadError
from pipeline.sources.openmeteo_body import Body, read_body, refuse_other_day, refuse_other_place
from pipeline.sources.recordings import FORECAST

if TYPE_CHECKING:
    import polars as pl

    from pipeline.sources.base import LoadedPayload, Request

# Attributes of a request that describe the place, as the columns of weather_locations.
PLACE_COLUMNS = ("location_name", "station_code", "latitude", "longitude", "elevation_m", "time_zone", "country_code")


def checked_body(pages: Sequence[bytes], request: Request) -> Body:
    """The body of one load, or PayloadError with why it is none."""
    if len(pages) != 1:
        raise PayloadError(f"an answer of Open-Meteo is one page, not {len(pages)}")
    body = read_body(pages[0])
    refuse_other_place(body, request.attributes)
    if request.dataset != FORECAST:  # a forecast reaches beyond the day of its issue, and may begin after it
        refuse_other_day(body, request.run_date)
    return body


@dataclass
class _Rows:
    """Columns that grow load by load; ``owner`` is the load (its place in ``loads``) of each row."""

    columns: dict[str, list[object]] = field(default_factory=dict)
    loads: list[LoadedPayload] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)

    def add(self, load: LoadedPayload, records: int, columns: Mapping[str, Sequence[object]]) -> None:
        """Append ``records`` rows; a field that only some loads have is null in the others."""
        before = len(self.owner)
        for name, values in columns.items():
            column = self.columns.get(name)
            if column is None:
                column = self.columns[name] = [None] * before
            column.extend(values)
        self.owner.extend([len(self.loads)] * records)
        self.position.extend(range(records))
        self.loads.append(load)
        for column in self.columns.values():
            column.extend([None] * (len(self.owner) - len(column)))

    def frame(self, per_load: Mapping[str, pl.Series]) -> pl.DataFrame:
        """All rows; ``per_load`` are columns with one value per load."""
        import polars as pl

        from lake.raw import series

        owner = pl.Series("owner", self.owner, pl.UInt32)
        metadata = {
            "_run_date": pl.Series([load.request.run_date for load in self.loads], dtype=pl.Date),
            "_load": pl.Series([load.number for load in self.loads], dtype=pl.Int64),
            "_payload": pl.Series([load.load for load in self.loads], dtype=pl.String),
        }
        return pl.DataFrame(
            [
                *(values.gather(owner).alias(name) for name, values in per_load.items()),
                *(series(name, values) for name, values in self.columns.items()),
                *(values.gather(owner).alias(name) for name, values in metadata.items()),
                pl.Series("_position", self.position, pl.Int64),
            ]
        )


def parse(loads: Sequence[LoadedPayload]) -> tuple[dict[str, pl.DataFrame], dict[str, str]]:
    """Frames by table and refused loads with the reason; see ``pipeline.sources.base.Source.parse``."""
    observations, forecasts, places = _Rows(), _Rows(), _Rows()
    refused: dict[str, str] = {}
    for load in loads:
        try:
            body = checked_body(load.pages, load.request)
        except PayloadError as error:
            refused[load.load] = error.what
            continue
        hours = forecasts if load.request.dataset == "forecast" else observations
        hours.add(load, body.records, body.hourly)
        places.add(load, 1, _place(load.request, body))
    frames = {
        "weather_observations": observations.frame(_location_ids(observations.loads)),
        "weather_forecasts": forecasts.frame({**_location_ids(forecasts.loads), "issued_at": _issued(forecasts.loads)}),
        "weather_locations": places.frame({}),
    }
    return {table: frame for table, frame in frames.items() if frame.height}, refused


def _place(request: Request, body: Body) -> dict[str, list[object]]:
    """The place as asked for; what the request does not say is taken from the body, whose point is the model's cell."""
    said: dict[str, Any] = {"latitude": body.latitude, "longitude": body.longitude, "elevation_m": body.elevation}
    asked = {name: request.attributes.get(name) for name in PLACE_COLUMNS}
    return {
        "location_id": [request.slice_key],
        **{name: [said.get(name) if value is None else value] for name, value in asked.items()},
    }


def _location_ids(loads: Iterable[LoadedPayload]) -> dict[str, pl.Series]:
    import polars as pl

    return {"location_id": pl.Series([load.request.slice_key for load in loads], dtype=pl.String)}


def issued_at(fetched_at: datetime) -> datetime:
    """When a forecast was issued: the full hour in which it was fetched, in UTC.

    A body does not say when its model ran. Open-Meteo refreshes hourly at most, so fetching again within the hour
    repeats the same forecast instead of adding one.
    """
    return fetched_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _issued(loads: Iterable[LoadedPayload]) -> pl.Series:
    import polars as pl

    return pl.Series([issued_at(load.fetched_at) for load in loads], dtype=pl.Datetime("us", "UTC"))
