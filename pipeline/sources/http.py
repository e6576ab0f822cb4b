"""One polite HTTP client for API sources: retries, backoff with jitter, Retry-After, time and size limits.

What comes back is the whole body of a 200, or a SourceError in the API's own words. No error, log line or recorded URL
shows the key: it is sent as a parameter and masked in every text that leaves here.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx
import stamina

from lake.errors import PayloadError, SourceError
from lake.retries import log_retries
from pipeline.secret import mask
from pipeline.sources.json_body import clean, reason_of

_QUOTED_BYTES = 65_536  # how much of a refusal is read to find its reason


class UnavailableError(SourceError):
    """The API did not answer, or kept failing, until the attempts or the time for them ran out."""


class _TransientError(Exception):
    """An attempt that may be repeated; ``wait_seconds`` is what the API asked for."""

    def __init__(self, what: str, wait_seconds: float | None = None) -> None:
        super().__init__(what)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Limits:
    """``timeout_seconds`` bounds one attempt, body included; ``retry_budget_seconds`` all attempts of one request."""

    timeout_seconds: float = 10.0
    retry_budget_seconds: float = 60.0
    attempts: int = 5
    max_bytes: int = 16_777_216
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 15.0


class HttpClient:
    """GET for many threads. A 429's Retry-After makes every thread wait, not only the one that was told."""

    def __init__(self, name: str, limits: Limits, *, secrets: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.limits = limits
        self._secrets = dict(secrets or {})
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._client = httpx.Client(
            timeout=limits.timeout_seconds,
            follow_redirects=False,
            headers={"User-Agent": "mirrorlake", "Accept": "application/json"},
        )
        log_retries()
        for noisy in ("httpx", "httpcore"):  # they log whole URLs, the key included
            logging.getLogger(noisy).setLevel(logging.WARNING)

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, url: str, parameters: Mapping[str, str]) -> bytes:
        """The body of a 200.

        Raises UnavailableError (nothing but failures within the limits), SourceError (refused: redirects and 4xx, with
        the API's reason), PayloadError (larger than ``max_bytes``).
        """
        started = time.monotonic()
        deadline = started + self.limits.retry_budget_seconds
        tries = 0
        try:
            for attempt in stamina.retry_context(
                on=self._decide(deadline),
                attempts=self.limits.attempts if self.limits.retry_budget_seconds > 0 else 1,
                timeout=self.limits.retry_budget_seconds or None,
                wait_initial=self.limits.first_wait_seconds,
                wait_max=self.limits.longest_wait_seconds,
                wait_jitter=self.limits.first_wait_seconds,
            ):
                with attempt:
                    tries = attempt.num
                    self._wait_for_quiet(deadline)
                    return self._attempt(url, parameters)
        except _TransientError as error:
            raise self._gave_up(url, error, tries, time.monotonic() - started) from None
        raise AssertionError("stamina ends by a result or an error")

    def shown_url(self, url: str, parameters: Mapping[str, str]) -> str:
        """The URL of a request without its secrets, for manifests and messages."""
        return self._masked(str(httpx.URL(url, params=dict(parameters))))

    def _attempt(self, url: str, parameters: Mapping[str, str]) -> bytes:
        started = time.monotonic()
        try:
            with self._client.stream("GET", url, params={**parameters, **self._secrets}) as response:
                if response.status_code == 200:
                    return self._read(response, started)
                raise self._refusal(response, started)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SourceError(f"{self.name}: the address is wrong: {self._masked(str(error))}") from None
        except httpx.TimeoutException:
            raise _TransientError(f"no answer within {self.limits.timeout_seconds:g} s") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _TransientError(self._masked(f"{type(error).__name__}: {error}")) from None

    def _read(self, response: httpx.Response, started: float) -> bytes:
        """The body, chunk by chunk, so that neither a huge nor an endless one is taken in."""
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self.limits.max_bytes:
                raise PayloadError(
                    f"{self.name}: the answer is larger than {self.limits.max_bytes:,} bytes",
                    fix="if such answers are right, raise sources.openmeteo.max_bytes",
                )
            if time.monotonic() - started > self.limits.timeout_seconds:
                raise _TransientError(f"the answer did not end within {self.limits.timeout_seconds:g} s")
            chunks.append(chunk)
        return b"".join(chunks)

    def _refusal(self, response: httpx.Response, started: float) -> Exception:
        """What a status other than 200 means: worth another try, or final."""
        status = response.status_code
        body = b""
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) >= _QUOTED_BYTES or time.monotonic() - started > self.limits.timeout_seconds:
                break
        words = self._masked(f"{status} {response.reason_phrase}".strip() + reason_of(body))
        if status == 429 or status >= 500:
            wait = _retry_after(response.headers.get("Retry-After"))
            if wait:
                with self._lock:
                    self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
            return _TransientError(words, wait)
        if 300 <= status < 400:
            target = clean(response.headers.get("Location", "elsewhere"))
            words = self._masked(f"{words}: moved to {target}, which is not followed")
        return SourceError(f"{self.name} refused the request: {words}")

    def _decide(self, deadline: float) -> Callable[[Exception], bool | float]:
        """Stamina's hook: whether to try again, and after how long where the API said so."""

        def decide(error: Exception) -> bool | float:
            if not isinstance(error, _TransientError):
                return False
            remaining = deadline - time.monotonic()
            if error.wait_seconds is None:
                return remaining > 0
            spread = random.uniform(0, self.limits.first_wait_seconds)  # noqa: S311 - jitter, no secret
            return error.wait_seconds + spread if error.wait_seconds + spread < remaining else False

        return decide

    def _wait_for_quiet(self, deadline: float) -> None:
        """Sleep while the API has asked for quiet; give up at once when that is longer than the budget."""
        with self._lock:
            wait = self._quiet_until - time.monotonic()
        if wait > max(0.0, deadline - time.monotonic()):
            raise _TransientError("429, told to another request", wait)
        if wait > 0:
            time.sleep(wait)

    def _gave_up(self, url: str, error: _TransientError, tries: int, seconds: float) -> UnavailableError:
        times = "once" if tries == 1 else f"{tries} times"
        what = f"{self.name} is not available, tried {times} in {seconds:.1f} s: {error}"
        if error.wait_seconds is not None:
            what += f"; it asks to wait {error.wait_seconds:.0f} s"
        fix = "try later; a longer sources.openmeteo.retry_budget_seconds waits longer"
        return UnavailableError(what, where=self._masked(url), fix=fix)

    def _masked(self, text: str) -> str:
        for value in self._secrets.values():
            for spelled in (value, str(httpx.QueryParams({"k": value}))[2:]):
                text = text.replace(spelled, "****") if spelled else text
        return mask(text)


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header: a number, or an HTTP date (RFC 9110, 10.2.3); None when it is neither."""
    if value is None:
        return None
    try:
        return max(0.0, float(value)) if float(value) < 1e9 else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment.astimezone(UTC) - datetime.now(UTC)).total_seconds())
