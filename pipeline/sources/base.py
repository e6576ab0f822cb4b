"""What a source is: one file beside this one that plans requests, fetches bodies and parses them into raw columns.

The way of the data: ``plan`` -> ``fetch`` -> ``check`` (an error body never becomes a load) -> bronze -> ``parse`` ->
gate. ``parse`` neither types nor judges values: it only finds them. The gate does the rest, by contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from lake.errors import MirrorlakeError, PayloadError

if TYPE_CHECKING:
    import polars as pl

    from pipeline.places import Place, RecordedPlace

Origin = Literal["recorded", "live", "correction"]
Attributes = Mapping[str, str | float | int | None]


@dataclass(frozen=True)
class Request:
    """One payload set to fetch: a dataset, a run date and a slice (here: a place).

    ``attributes`` is what parsing needs to know of the slice; it is kept in the manifest, so that a rebuild from
    bronze needs nothing else.
    """

    source: str
    dataset: str
    run_date: date
    slice_key: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Payload:
    """What came back: the pages as received, byte for byte."""

    request: Request
    pages: tuple[bytes, ...]
    fetched_at: datetime
    origin: Origin
    url: str
    records: int


@dataclass(frozen=True)
class LoadedPayload:
    """One load as it lies in bronze, handed to ``parse``. ``load`` is its folder (column ``_payload``)."""

    request: Request
    load: str
    number: int
    fetched_at: datetime
    pages: tuple[bytes, ...]


class RefusedPayloadError(PayloadError):
    """A body that was received whole and is no data; ``payload`` has it, to be kept for inspection."""

    def __init__(self, what: str, *, payload: Payload, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.payload = payload


class Source(Protocol):
    """One source system. ``datasets`` maps each dataset to the silver tables that it feeds."""

    name: str
    datasets: Mapping[str, tuple[str, ...]]
    live: bool

    @property
    def recorded_places(self) -> tuple[RecordedPlace, ...] | None:
        """The places that answer offline; None where the source is not asked by place."""
        ...

    @property
    def recorded(self) -> str:
        """What answers offline, in words for people; empty where nothing does."""
        ...

    def plan(self, run_dates: Iterable[date], places: Iterable[Place], *, forecast: bool = False) -> list[Request]:
        """What to fetch for these dates and places (if it is asked by place), in a fixed order, each once."""
        ...

    def require_recorded(self, requests: Iterable[Request]) -> None:
        """Raise NotRecordedError, which names what is recorded, unless every request can be answered offline."""
        ...

    def recordings_fingerprint(self, requests: Iterable[Request]) -> str | None:
        """Equal as long as fetching would give the same; cheap. None when live: nobody can tell."""
        ...

    def fetch_many(
        self, requests: Sequence[Request], advance: Callable[[int, int], None] | None = None
    ) -> Iterator[tuple[Request, Payload | MirrorlakeError]]:
        """Each request, in order, with its payload or the error that ``fetch`` would raise.

        Live sources work in parallel within their settings. ``advance(done, all)`` is called as they come in.
        """
        ...

    def fetch(self, request: Request) -> Payload:
        """Fetch one request, with the source's own retries.

        Raises SourceError (down, refused), NotRecordedError (offline and not recorded), RefusedPayloadError (a body
        that is no data), PayloadError (one that was not even received whole).
        """
        ...

    def parse(self, loads: Sequence[LoadedPayload]) -> tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]:
        """All loads at once, columnar: ``(frames by table, refused loads with the reason)``.

        Each frame has one column per field found, named as in the payload (the contract's ``source_field`` renames),
        built by ``lake.raw.series`` so that nothing is coerced, and the metadata columns ``_run_date`` (date),
        ``_load`` (int64, the load's number), ``_payload`` (string, the load's folder) and ``_position`` (int64, the
        row's place in its load). A load that cannot be parsed is refused whole: none of its rows is in any frame.
        """
        ...
