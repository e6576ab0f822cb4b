"""Three bugs to plant in a run, one at a time: a drill that does not find them proves nothing.

None of them shows in a run that nobody disturbs, nor in one that is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lost_manifest() -> None:
    """Bronze takes a load for written as soon as its pages are there, with or without a manifest."""
    from lake.bronze import Bronze

    write_load = Bronze._write_load

    def careless(self: Bronze, load: str, pages: Sequence[bytes], manifest: Mapping[str, Any]) -> bool:
        if any("/raw" in info.key for info in self.objects.list(load)):
            return True
        return write_load(self, load, pages, manifest)

    Bronze._write_load = careless  # type: ignore[method-assign]


def doubled_merge() -> None:
    """A load that is taken in once more, because its merge is not in the ledger, has its rows appended."""
    import polars as pl

    from lake.silver.table import SilverTable

    write = SilverTable.write

    def appending(self: SilverTable, existing: pl.DataFrame, target: pl.DataFrame, *how: Any) -> Any:
        if not target.is_empty() and target.sort(target.columns).equals(
            existing.select(target.columns).sort(target.columns)
        ):
            self._whole = True
            target = pl.concat([target, target])
        return write(self, existing, target, *how)

    SilverTable.write = appending  # type: ignore[method-assign]


def skipped_rejection() -> None:
    """Rows are rejected, but not kept, when silver has rows of their load already."""
    import polars as pl

    from lake import layout, quarantine
    from lake.tables.delta import LakeTable

    store = quarantine.store

    def forgetful(objects: Any, contract: Any, fetched_at: Any, rejected: Sequence[pl.DataFrame], **how: Any) -> Any:
        silver = LakeTable(objects, layout.table("silver", contract.table))
        known = set(silver.read()["_payload"]) if silver.exists() else set()
        remembered = [frame.filter(~pl.col("_payload").is_in(list(known))) for frame in rejected]
        return store(objects, contract, fetched_at, remembered, **how)

    quarantine.store = forgetful  # type: ignore[assignment]


BUGS: dict[str, Callable[[], None]] = {
    "lost-manifest": lost_manifest,
    "doubled-merge": doubled_merge,
    "skipped-rejection": skipped_rejection,
}


def plant(name: str) -> None:
    """Break this process."""
    BUGS[name]()
