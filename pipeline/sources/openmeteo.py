"""The source openmeteo: hourly weather from Open-Meteo's archive and forecast endpoints, or from recordings of them.

One request is one UTC day of one place. Offline, the default, recordings answer; live, the API does
(https://open-meteo.com/en/docs/historical-weather-api, https://open-meteo.com/en/docs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from lake.errors import MirrorlakeError, PayloadError
from pipeline.sources.base import LoadedPayload, Payload, RefusedPayloadError, Request
from pipeline.sources.recordings import FORECAST, Recordings

if TYPE_CHECKING:
    import polars as pl

    from pipeline.places import Place, RecordedPlace
    from pipeline.settings.model import Settings
    from pipeline.sources.openmeteo_live import LiveOpenMeteo

ARCHIVE = "archive"
Advance = Callable[[int, int], None]
Fetched = tuple[Request, Payload | MirrorlakeError]


class OpenMeteo:
    """See ``pipeline.sources.base.Source``; ``live`` asks the API instead of the recordings."""

    name = "openmeteo"
    datasets: Mapping[str, tuple[str, ...]] = {
        ARCHIVE: ("weather_observations", "weather_locations"),
        FORECAST: ("weather_forecasts", "weather_locations"),
    }

    def __init__(self, settings: Settings, *, live: bool = False) -> None:
        self.settings = settings.sources.openmeteo
        self.live = live or self.settings.live
        self.recordings = Recordings(settings.samples / self.name)
        self._api: LiveOpenMeteo | None = None

    @property
    def recorded_places(self) -> tuple[RecordedPlace, ...]:
        """What ``pipeline.places.resolve`` chooses from."""
        return self.recordings.places

    @property
    def recorded(self) -> str:
        """What the recordings cover, for people."""
        return self.recordings.summary(ARCHIVE) if self.recordings.places else ""

    def recorded_dates(self, location_id: str, dataset: str = ARCHIVE) -> list[date]:
        """The run dates that are recorded of a place, in order."""
        return sorted(self.recordings.of(dataset, location_id))

    def plan(
        self, run_dates: Iterable[date], places: Iterable[Place], *, forecast: bool = False, today: date | None = None
    ) -> list[Request]:
        """One archive request per date and place, and with ``forecast`` one forecast request too.

        Two names for one place make one request. The archive does not know the future: live and with ``forecast``,
        dates from ``today`` (UTC) on are asked of the forecast alone.
        """
        today = today or datetime.now(UTC).date()
        by_id = {place.location_id: place for place in places}
        requests: list[Request] = []
        for day in dict.fromkeys(run_dates):
            wanted = [ARCHIVE] if not (forecast and self.live and day >= today) else []
            for dataset in [*wanted, *([FORECAST] if forecast else [])]:
                requests += [Request(self.name, dataset, day, key, place.attributes) for key, place in by_id.items()]
        return requests

    def require_recorded(self, requests: Iterable[Request]) -> None:
        """See ``Source.require_recorded``."""
        if not self.live:
            self.recordings.require(requests)

    def recordings_fingerprint(self, requests: Iterable[Request]) -> str | None:
        """Equal as long as the recordings behind ``requests`` are; None when live, where nobody can tell."""
        return None if self.live else self.recordings.fingerprint(requests)

    def fetch(self, request: Request) -> Payload:
        """The answer, checked; see ``Source.fetch``. RefusedPayloadError has the body that is no data."""
        payload = self._live().fetch(request) if self.live else self._recorded(request)
        return self.check(payload)

    def fetch_many(self, requests: Sequence[Request], advance: Advance | None = None) -> Iterator[Fetched]:
        """Every request with its payload or its error, in order; live ones politely in parallel."""
        outcomes = self._live().fetch_each(requests, self.fetch) if self.live else map(self._attempt, requests)
        for done, (request, outcome) in enumerate(zip(requests, outcomes, strict=True), start=1):
            if advance:
                advance(done, len(requests))
            yield request, outcome

    def check(self, payload: Payload) -> Payload:
        """``payload`` with its number of records; RefusedPayloadError when it is no data."""
        from dataclasses import replace

        from pipeline.sources.openmeteo_body import refuse_no_values
        from pipeline.sources.openmeteo_parse import checked_body

        try:
            body = checked_body(payload.pages, payload.request)
            if payload.origin == "live" and payload.request.dataset == ARCHIVE:
                refuse_no_values(body)
        except PayloadError as error:
            raise RefusedPayloadError(error.what, payload=payload, where=_where(payload), fix=error.fix) from None
        return replace(payload, records=body.records)

    def parse(self, loads: Sequence[LoadedPayload]) -> tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]:
        """See ``Source.parse``. Archive rows go to observations, forecasts to forecasts, never across."""
        from pipeline.sources.openmeteo_parse import parse

        return parse(loads)

    def _attempt(self, request: Request) -> Payload | MirrorlakeError:
        try:
            return self.fetch(request)
        except MirrorlakeError as error:
            return error

    def _recorded(self, request: Request) -> Payload:
        data, recording = self.recordings.read(request, self.settings.max_bytes)
        url = f"recorded:{recording.path.relative_to(self.recordings.folder.parent).as_posix()}"
        fetched_at = recording.fetched_at or datetime.now(UTC)
        return Payload(request, (data,), fetched_at, "recorded", url, 0)

    def _live(self) -> LiveOpenMeteo:
        if self._api is None:
            from pipeline.sources.openmeteo_live import LiveOpenMeteo

            self._api = LiveOpenMeteo(self.settings)
        return self._api


def _where(payload: Payload) -> str:
    request = payload.request
    return f"{request.source} {request.dataset}, {request.slice_key}, {request.run_date}: {payload.url}"


def open_source(settings: Settings, *, live: bool = False) -> OpenMeteo:
    """What the registry calls."""
    return OpenMeteo(settings, live=live)
