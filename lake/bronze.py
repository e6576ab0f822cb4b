"""Bronze: what arrived, byte for byte, for ever. The first stop of every payload, and what silver is rebuilt from.

A load is a folder of pages and a manifest. The manifest is written last and create-only: no manifest, no load. The
same bytes as the newest load of the slice make no new one. Pages that a crash left without manifest are never read;
the next write takes them over where they are the same bytes, and else the next number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from threading import Lock
from typing import Any

import orjson

from lake import layout
from lake.bronze_loads import LoadRef, Slice, StoredLoad, Written, checked_manifest, refs_of
from lake.errors import AlreadyExistsError, DamagedError, StorageError
from lake.storage.objects import Objects

__all__ = ["Bronze", "LoadRef", "Slice", "StoredLoad", "Written"]

_READERS = 8
_FEW_DAYS = 8  # up to so many run dates are listed one by one, more by one listing of the whole dataset
_REMEMBERED_BYTES = 64 * 1024 * 1024
_DAMAGED = (
    "restore this folder from a copy; or delete it, fetch it again (mirrorlake run --force) and "
    "mirrorlake rebuild --from bronze"
)


class Bronze:
    """All loads of a lake. Reads are remembered (up to 64 MiB), for loads never change. Threads may call any method."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._remembered: dict[str, StoredLoad] = {}
        self._remembered_bytes = 0
        self._lock = Lock()

    def write(
        self,
        source: str,
        dataset: str,
        run_date: date,
        slice_key: str,
        pages: Sequence[bytes],
        *,
        attributes: Mapping[str, Any],
        url: str,
        fetched_at: datetime,
        origin: str,
        records: int,
    ) -> Written:
        """Keep one payload as the next load of its slice, unless its newest load has the same pages and attributes.

        ``fetched_at`` has a time zone; ``records`` is the source's own count. Raises StorageError.
        """
        content = {
            "pages": [{"sha256": hashlib.sha256(page).hexdigest(), "bytes": len(page)} for page in pages],
            "attributes": dict(attributes),
        }
        told = {
            "source": source,
            "dataset": dataset,
            "run_date": run_date.isoformat(),
            "slice": slice_key,
            "url": url,
            "fetched_at": fetched_at.isoformat(),
            "origin": origin,
            "records": records,
        }
        number = 1
        while True:
            newest = self._newest(layout.bronze_slice(source, dataset, run_date, slice_key))
            if newest is not None:
                known = self._manifest(newest.load)
                if {name: known[name] for name in content} == content:
                    return Written(newest.load, newest.number, unchanged=True, bytes=0)
                number = max(number, newest.number + 1)
            load = layout.bronze_load(source, dataset, run_date, slice_key, number)
            if self._write_load(load, pages, {**told, **content}):
                return Written(load, number, unchanged=False, bytes=sum(map(len, pages)))
            number += 1

    def loads(self, source: str, dataset: str, run_dates: Collection[date] | None = None) -> list[LoadRef]:
        """Every load of a dataset (of some run dates, if given), by run date, slice and number. One listing."""
        folder = layout.bronze_dataset(source, dataset)
        if run_dates is not None and len(run_dates) <= _FEW_DAYS:
            infos = [info for day in set(run_dates) for info in self.objects.list(f"{folder}/run_date={day:%Y-%m-%d}")]
        else:
            infos = self.objects.list(folder)
        found = refs_of(infos)
        if run_dates is not None:
            wanted = set(run_dates)
            found = [ref for ref in found if ref.run_date in wanted]
        return found

    def datasets(self) -> list[tuple[str, str]]:
        """Every (source, dataset) that has a load."""
        return sorted({(ref.source, ref.dataset) for ref in refs_of(self.objects.list("bronze"))})

    def run_dates(self) -> set[date]:
        """Every run date of which a load is there. One listing."""
        return {ref.run_date for ref in refs_of(self.objects.list("bronze"))}

    def read(self, load: str) -> StoredLoad:
        """One load with its pages; DamagedError where a page is missing or its hash is not the manifest's."""
        with self._lock:
            known = self._remembered.get(load)
        if known is not None:
            return known
        manifest = self._manifest(load)
        pages = tuple(
            self._page(layout.bronze_page(load, place, len(manifest["pages"])), page["sha256"])
            for place, page in enumerate(manifest["pages"])
        )
        stored = StoredLoad(
            request=Slice(
                manifest["source"],
                manifest["dataset"],
                date.fromisoformat(manifest["run_date"]),
                manifest["slice"],
                manifest["attributes"],
            ),
            load=load,
            number=int(load.rpartition("=")[2]),
            fetched_at=datetime.fromisoformat(manifest["fetched_at"]),
            pages=pages,
            manifest=manifest,
        )
        self._remember(stored)
        return stored

    def read_many(self, loads: Sequence[str]) -> list[StoredLoad]:
        """Loads in the order given, read by threads."""
        if len(loads) < _READERS:
            return [self.read(load) for load in loads]
        with ThreadPoolExecutor(_READERS, thread_name_prefix="bronze-read") as pool:
            return list(pool.map(self.read, loads))

    def accept(self, load: str, table: str, why: str) -> None:
        """Let a refused load into a table, for good: the decision lies beside the load, so rebuilds keep it."""
        document = orjson.dumps({"table": table, "why": why})
        try:
            self.objects.put_new(layout.bronze_acceptance(load, table), document, "bronze.acceptance")
        except AlreadyExistsError:
            return

    def refuse(
        self, source: str, dataset: str, run_date: date, slice_key: str, pages: Sequence[bytes], *, reason: str
    ) -> str:
        """Keep a body that is no data, for inspection, with the reason; gives its folder. It never becomes a load."""
        digest = hashlib.sha256(b"".join(pages)).hexdigest()
        folder = layout.refused_payload(source, dataset, run_date, slice_key, digest)
        document = orjson.dumps({"reason": reason, "bytes": sum(map(len, pages)), "sha256": digest})
        bodies = {layout.bronze_page(folder, place, len(pages)): page for place, page in enumerate(pages)}
        for key, data in {**bodies, f"{folder}/reason.json": document}.items():
            try:
                self.objects.put_new(key, data, "bronze.refused")
            except AlreadyExistsError:
                continue
        return folder

    def refused_bodies(self) -> list[dict[str, Any]]:
        """The bodies that were refused before they became loads: ``folder``, ``reason``, ``bytes``; by folder."""
        sizes: dict[str, dict[str, int]] = {}
        for info in self.objects.list("_refused"):
            folder, _, name = info.key.rpartition("/")
            sizes.setdefault(folder, {})[name] = info.size
        return [
            {
                "folder": folder,
                "reason": self._reason(f"{folder}/reason.json"),
                "bytes": sum(size for name, size in files.items() if name != "reason.json"),
            }
            for folder, files in sizes.items()
            if "reason.json" in files
        ]

    def _reason(self, key: str) -> str:
        """Why a body was refused; a damaged note hides neither its body nor the others."""
        try:
            return str(orjson.loads(self.objects.get(key))["reason"])
        except (orjson.JSONDecodeError, LookupError, TypeError):
            return "unknown: its reason.json cannot be read"

    def _newest(self, folder: str) -> LoadRef | None:
        return max(refs_of(self.objects.list(folder)), key=lambda ref: ref.number, default=None)

    def _write_load(self, load: str, pages: Sequence[bytes], manifest: Mapping[str, Any]) -> bool:
        """Write pages, then the manifest; False where other bytes, or another load, have that number."""
        for place, page in enumerate(pages):
            key = layout.bronze_page(load, place, len(pages))
            try:
                self.objects.put_new(key, page, "bronze.page")
            except AlreadyExistsError:
                if self.objects.get(key) != page:
                    return False
        try:
            self.objects.put_new(layout.bronze_manifest(load), orjson.dumps(manifest), "bronze.manifest")
        except AlreadyExistsError:
            return False
        return True

    def _manifest(self, load: str) -> dict[str, Any]:
        key = layout.bronze_manifest(load)
        data = self.objects.get_or_none(key)
        if data is None:
            raise StorageError("there is no such load", where=self.objects.url(load), fix="a load has a manifest.json")
        try:
            return checked_manifest(orjson.loads(data))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise DamagedError(
                f"the manifest of a load cannot be read: {type(error).__name__}: {error}",
                where=self.objects.url(key),
                fix=_DAMAGED,
            ) from None

    def _page(self, key: str, sha256: str) -> bytes:
        data = self.objects.get_or_none(key)
        if data is None:
            raise DamagedError("a page of a load is missing", where=self.objects.url(key), fix=_DAMAGED)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DamagedError(
                "a page of a load is not what was received (its sha256 differs from the manifest's)",
                where=self.objects.url(key),
                fix=_DAMAGED,
            )
        return data

    def _remember(self, stored: StoredLoad) -> None:
        with self._lock:
            if stored.load not in self._remembered and self._remembered_bytes + stored.bytes <= _REMEMBERED_BYTES:
                self._remembered[stored.load] = stored
                self._remembered_bytes += stored.bytes
