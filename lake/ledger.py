"""The ledger of a silver table: which loads it has taken in or refused, under which contract.

It is written after the table's commit. A crash between the two leaves loads that are merged and not in the ledger;
merging them again changes nothing, so the ledger may lag but never lead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson

from lake import layout
from lake.errors import DamagedError
from lake.storage.objects import Objects

Status = Literal["merged", "refused"]


@dataclass(frozen=True)
class LoadRecord:
    """What became of one load. Rows: ``rows_in`` = ``valid`` + ``rejected`` + ``duplicates``; of a refused load they
    say what it would have given.

    ``restates``: some of its rows say what stood in the table already, and were not written; see ``lake.silver``.
    ``shrunk``: refused because the snapshot has so many rows less than the one before.
    """

    status: Status
    rows_in: int = 0
    valid: int = 0
    rejected: int = 0
    duplicates: int = 0
    reason: str = ""
    restates: bool = False
    shrunk: bool = False


@dataclass(frozen=True)
class Ledger:
    """All loads by folder. ``code`` is the hash of the code that judged them, as the caller gave it."""

    contract_digest: str
    contract_version: str = ""
    code: str = ""
    loads: Mapping[str, LoadRecord] = field(default_factory=dict)

    def refused(self) -> dict[str, LoadRecord]:
        """The loads that were refused."""
        return {load: record for load, record in self.loads.items() if record.status == "refused"}


def read(objects: Objects, table: str) -> Ledger | None:
    """The ledger of a silver table; None before its first load. DamagedError where it cannot be read."""
    key = layout.silver_ledger(table)
    data = objects.get_or_none(key)
    if data is None:
        return None
    try:
        document = orjson.loads(data)
        loads = {load: LoadRecord(**record) for load, record in document.pop("loads").items()}
        return Ledger(**document, loads=loads)
    except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError) as error:
        raise DamagedError(
            f"the ledger of {table} cannot be read: {error}",
            where=objects.url(key),
            fix="mirrorlake rebuild --from bronze makes it again",
        ) from None


def write(objects: Objects, table: str, ledger: Ledger) -> None:
    """Replace the ledger, in one step."""
    default = asdict(LoadRecord("merged"))
    document: dict[str, Any] = {
        "contract_digest": ledger.contract_digest,
        "contract_version": ledger.contract_version,
        "code": ledger.code,
        "loads": {
            load: {name: value for name, value in asdict(record).items() if name == "status" or value != default[name]}
            for load, record in sorted(ledger.loads.items())
        },
    }
    objects.put(layout.silver_ledger(table), orjson.dumps(document), "silver.ledger")
