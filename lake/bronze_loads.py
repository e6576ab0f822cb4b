"""What a load of bronze is called and holds: values only, and how a listing tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from lake.storage.objects import ObjectInfo

_LOAD = re.compile(
    r"bronze/source=(?P<source>[^/]+)/dataset=(?P<dataset>[^/]+)/run_date=(?P<run_date>\d{4}-\d\d-\d\d)"
    r"/slice=(?P<slice>[^/]+)/load=(?P<number>\d+)"
)


@dataclass(frozen=True)
class Slice:
    """What was asked for: one dataset, run date and slice. ``attributes`` is what parsing needs to know of it."""

    source: str
    dataset: str
    run_date: date
    slice_key: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class LoadRef:
    """One load, as its manifest's place tells. ``load`` is its folder. ``accepted``: tables that let it in by order."""

    source: str
    dataset: str
    run_date: date
    slice_key: str
    number: int
    load: str
    accepted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What became of a write. ``unchanged``: the newest load has the same bytes; ``bytes`` is then 0."""

    load: str
    number: int
    unchanged: bool
    bytes: int


@dataclass(frozen=True)
class StoredLoad:
    """One load with its verified pages, in the shape that a source's ``parse`` takes."""

    request: Slice
    load: str
    number: int
    fetched_at: datetime
    pages: tuple[bytes, ...]
    manifest: Mapping[str, Any]

    @property
    def bytes(self) -> int:
        """The size of its pages."""
        return sum(map(len, self.pages))

    @cached_property
    def order(self) -> tuple[date, int, str]:
        """Its place among the loads of a table: run date, number, folder."""
        return self.request.run_date, self.number, self.load


def refs_of(infos: Sequence[ObjectInfo]) -> list[LoadRef]:
    """The loads whose manifests are among these objects, by run date, slice and number.

    A folder that no write of ours makes (a name of another form, a day that no calendar has) is no load.
    """
    manifests: list[str] = []
    accepted: dict[str, list[str]] = {}
    for info in infos:
        folder, _, name = info.key.rpartition("/")
        if name == "manifest.json":
            manifests.append(folder)
        elif name.startswith("accepted-"):
            accepted.setdefault(folder, []).append(name.removeprefix("accepted-").removesuffix(".json"))
    refs = []
    for folder in manifests:
        match = _LOAD.fullmatch(folder)
        run_date = _day(match["run_date"]) if match else None
        if match and run_date:
            refs.append(
                LoadRef(
                    match["source"],
                    match["dataset"],
                    run_date,
                    match["slice"],
                    int(match["number"]),
                    folder,
                    tuple(sorted(accepted.get(folder, ()))),
                )
            )
    return sorted(refs, key=lambda ref: (ref.run_date, ref.source, ref.dataset, ref.slice_key, ref.number))


def checked_manifest(read: Any) -> dict[str, Any]:
    """A manifest with everything that reading a load asks of it.

    Raises what its damage leads to: ValueError, LookupError, TypeError or AttributeError.
    """
    missing = {"source", "dataset", "run_date", "slice", "attributes", "fetched_at", "pages"} - read.keys()
    if missing:
        raise LookupError(f"it lacks {', '.join(sorted(missing))}")
    date.fromisoformat(read["run_date"])
    if datetime.fromisoformat(read["fetched_at"]).tzinfo is None:
        raise ValueError("fetched_at has no time zone")
    pages = read["pages"]
    if not isinstance(pages, list) or not all(isinstance(page["sha256"], str) for page in pages):
        raise TypeError("pages are no list of hashes")
    if not isinstance(read["attributes"], dict):
        raise TypeError("attributes are no mapping")
    return dict(read)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
