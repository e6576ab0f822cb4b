"""What is not up to date, kept in the lake: stages of one run may be processes, and a later run has to know it too.

A source is stale from an ingest that failed or left something out until one that did not. A refused load waits until
it is let in, or mended and replayed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lake import layout
from lake.errors import DamagedError

if TYPE_CHECKING:
    from lake.storage.objects import Objects


def note(objects: Objects, source: str, reasons: Sequence[str]) -> None:
    """Keep why the source's last ingest left something out; without reasons it is up to date again."""
    if tuple(reasons) != noted(objects, source):
        objects.put(layout.stale(source), json.dumps({"reasons": list(reasons)}, indent=1).encode(), "stale.note")


def noted(objects: Objects, source: str) -> tuple[str, ...]:
    """Why the source's last ingest left something out; () where it did not."""
    data = objects.get_or_none(layout.stale(source))
    if data is None:
        return ()
    try:
        return tuple(map(str, json.loads(data)["reasons"]))
    except (ValueError, KeyError, TypeError):
        return ("what its last ingest left out is not known: the note is damaged",)


def refused_loads(objects: Objects, tables: Iterable[str]) -> dict[str, int]:
    """How many loads wait refused, by silver table; a table without any is left out, and so is a damaged ledger."""
    from lake import ledger

    counts: dict[str, int] = {}
    for table in tables:
        try:
            known = ledger.read(objects, table)
        except DamagedError:
            continue  # the silver stage says so
        if known and (count := len(known.refused())):
            counts[table] = count
    return counts


def wait_refused(count: int) -> str:
    """``1 load waits refused``."""
    return f"{count} load{'s wait' if count != 1 else ' waits'} refused"
