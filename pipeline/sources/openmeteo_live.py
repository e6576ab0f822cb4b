"""Open-Meteo's API itself: which URL a request is, asked politely; used only where the network is allowed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

from lake.errors import MirrorlakeError, SourceError
from pipeline.settings.model import SourceSettings
from pipeline.sources.base import Payload, Request
from pipeline.sources.http import HttpClient, Limits, UnavailableError
from pipeline.sources.openmeteo_units import UNITS
from pipeline.sources.recordings import FORECAST

FORECAST_DAYS = 7
PATIENCE = 3  # after so many requests in a row that found nobody, the rest are not tried

Outcome = Payload | MirrorlakeError


class LiveOpenMeteo:
    """Fetches requests over HTTP. ``limits`` come from the settings."""

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        limits = Limits(settings.timeout_seconds, settings.retry_budget_seconds, settings.attempts, settings.max_bytes)
        secrets = {"apikey": settings.api_key.reveal()} if settings.api_key else {}
        self.http = HttpClient("Open-Meteo", limits, secrets=secrets)

    def fetch(self, request: Request) -> Payload:
        """The body of one request, not yet checked; errors name place and date."""
        url, parameters = self.address(request)
        try:
            data = self.http.get(url, parameters)
        except SourceError as error:
            error.where = f"{request.dataset}, {request.slice_key}, {request.run_date}: {error.where or url}"
            raise
        shown = self.http.shown_url(url, parameters)
        return Payload(request, (data,), datetime.now(UTC), "live", shown, 0)

    def fetch_each(self, requests: Sequence[Request], fetch: Callable[[Request], Payload]) -> Iterator[Outcome]:
        """``fetch`` of every request, in order, ``parallel`` at a time; errors are given, not raised.

        When the API is down, waiting out every request's retries would take hours: after ``PATIENCE`` in a row that
        found nobody, the rest are given that error without a try.
        """
        lock = threading.Lock()
        down: list[UnavailableError] = []

        def attempt(request: Request) -> Outcome:
            with lock:
                if len(down) >= PATIENCE:
                    return UnavailableError(f"not tried: {down[-1].what}", where=down[-1].where, fix=down[-1].fix)
            try:
                payload = fetch(request)
            except UnavailableError as error:
                with lock:
                    down.append(error)
                return error
            except MirrorlakeError as error:
                return error
            with lock:
                down.clear()
            return payload

        with ThreadPoolExecutor(self.settings.parallel, thread_name_prefix="openmeteo") as pool:
            try:
                yield from pool.map(attempt, requests)
            finally:
                pool.shutdown(cancel_futures=True)

    def address(self, request: Request, today: date | None = None) -> tuple[str, dict[str, str]]:
        """URL and parameters of a request, the key excepted.

        An archive request is the UTC day itself. A forecast request runs seven days from its run date, which cannot
        lie in the past: the API would answer with analyses that nobody had forecast.
        """
        first = last = request.run_date
        url = self.settings.archive_url
        if request.dataset == FORECAST:
            if first < (today or datetime.now(UTC).date()):
                raise SourceError(
                    f"a forecast cannot be fetched for {first}, which has passed",
                    fix="fetch it for today or later; what the weather was is in the archive",
                )
            url, last = self.settings.forecast_url, first + timedelta(days=FORECAST_DAYS - 1)
        return url, {
            "latitude": str(request.attributes["latitude"]),
            "longitude": str(request.attributes["longitude"]),
            "start_date": first.isoformat(),
            "end_date": last.isoformat(),
            "hourly": ",".join(UNITS),
            "timezone": "GMT",
            "temperature_unit": "celsius",
            "wind_speed_unit": "kmh",
            "precipitation_unit": "mm",
        }
