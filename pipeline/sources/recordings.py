"""Recorded payloads: what `dev` reads instead of the network, and what `mirrorlake record` adds to.

A source's recordings lie in one folder: ``locations.json`` and ``<dataset>/<location id>/<name>.json``. The name is the
run date, for forecasts with the hour of issue (``2025-01-10T05Z``), because that hour stands nowhere in the body.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import orjson

from lake.errors import ConfigError, NotRecordedError, SourceError, StorageError
from lake.layout import segment
from lake.writes import committing
from pipeline.places import RecordedPlace
from pipeline.sources.base import Request

FORECAST = "forecast"


@dataclass(frozen=True)
class Recording:
    """One recorded answer; ``fetched_at`` is known where the name says it (forecasts)."""

    path: Path
    run_date: date
    fetched_at: datetime | None


class Recordings:
    """The recordings in ``folder`` (``samples/<source>``); missing folders are empty ones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listed: dict[tuple[str, str], dict[date, Recording]] = {}

    @cached_property
    def places(self) -> tuple[RecordedPlace, ...]:
        """The recorded places; ConfigError when locations.json is damaged."""
        path = self.folder / "locations.json"
        if not path.is_file():
            return ()
        try:
            found = orjson.loads(path.read_bytes())["locations"]
            return tuple(RecordedPlace(**{**place, "aliases": tuple(place.get("aliases", ()))}) for place in found)
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise ConfigError(
                f"the list of recorded places cannot be read: {error}",
                where=str(path),
                fix="restore it from version control, or make it again with samples/make_samples.py",
            ) from None

    def of(self, dataset: str, location_id: str) -> dict[date, Recording]:
        """What is recorded of one place, by run date; of several forecasts for a date the one issued last."""
        key = (dataset, location_id)
        if key not in self._listed:
            folder = self.folder / segment(dataset, "dataset") / segment(location_id, "location")
            names = sorted(path for path in folder.glob("*.json")) if folder.is_dir() else []
            found = [recording for path in names if (recording := _recording(path))]
            self._listed[key] = {recording.run_date: recording for recording in found}
        return self._listed[key]

    def read(self, request: Request, max_bytes: int) -> tuple[bytes, Recording]:
        """The recorded answer; NotRecordedError names what is recorded instead."""
        recording = self.of(request.dataset, request.slice_key).get(request.run_date)
        if recording is None:
            raise self._not_recorded(request)
        try:
            if recording.path.stat().st_size > max_bytes:
                raise SourceError(f"the recording is larger than {max_bytes:,} bytes", where=str(recording.path))
            return recording.path.read_bytes(), recording
        except OSError as error:
            raise SourceError(f"the recording cannot be read: {error.strerror}", where=str(recording.path)) from None

    def fingerprint(self, requests: Iterable[Request]) -> str:
        """Changes when a recording that these requests read comes, goes or changes (by name, size, time of change)."""
        digest = hashlib.sha256()
        for request in requests:
            recording = self.of(request.dataset, request.slice_key).get(request.run_date)
            digest.update(f"{request.dataset}/{request.slice_key}/{request.run_date}".encode())
            if recording:
                digest.update(_state(recording.path))
        return digest.hexdigest()

    def summary(self, dataset: str) -> str:
        """What is recorded: ``jfk 2013-01-01 to 2013-12-30, ...``, by existing folder."""
        root = self.folder / segment(dataset, "dataset")
        ids = sorted(path.name for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
        spans = [(location_id, sorted(self.of(dataset, location_id))) for location_id in ids]
        return ", ".join(f"{location_id} {_span(dates)}" for location_id, dates in spans if dates) or "nothing"

    def require(self, requests: Iterable[Request]) -> None:
        """Raise NotRecordedError unless every request is recorded: before a run begins, not in its midst."""
        missing = [each for each in requests if each.run_date not in self.of(each.dataset, each.slice_key)]
        if missing:
            raise self._not_recorded(missing[0], also=len(missing) - 1)

    def _not_recorded(self, request: Request, also: int = 0) -> NotRecordedError:
        more = f" (and {also} more)" if also else ""
        return NotRecordedError(
            f"{request.dataset} of {request.slice_key} for {request.run_date} is not recorded{more}",
            where=f"recorded are: {self.summary(request.dataset)}",
            fix="choose one of these, or fetch it with --live (mirrorlake record keeps it for offline use)",
        )


def _state(path: Path) -> bytes:
    try:
        state = path.stat()
    except OSError:  # gone since it was listed; reading it will say so
        return b"unreadable"
    return f"{path.name}/{state.st_size}/{state.st_mtime_ns}".encode()


def _recording(path: Path) -> Recording | None:
    """What a file's name says; None for a name that is no recording's."""
    day, _, hour = path.stem.partition("T")
    try:
        run_date = date.fromisoformat(day)
        issued = datetime.strptime(path.stem, "%Y-%m-%dT%HZ").replace(tzinfo=UTC) if hour else None
    except ValueError:
        return None
    return Recording(path, run_date, issued)


def _span(dates: list[date]) -> str:
    """First and last date, and how many where days between are missing."""
    complete = (dates[-1] - dates[0]).days + 1 == len(dates)
    span = f"{dates[0]} to {dates[-1]}" if len(dates) > 1 else f"{dates[0]}"
    return span if complete else f"{span} ({len(dates)} days)"


def write_atomically(path: Path, data: bytes, site: str) -> None:
    """Write whole or not at all; StorageError names the path."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            temporary.write_bytes(data)
            with committing(site, str(path)):
                temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot be written: {error.strerror}", where=str(path)) from None
