"""What one call of silver did to one table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl


@dataclass(frozen=True)
class SilverResult:
    """What one call did. Rows: ``rows_in`` = ``valid`` + ``rejected`` + ``duplicates`` + ``refused_rows``.

    ``refused_loads``: load to reason, of this call. ``inserted``, ``updated``, ``removed``: rows of the table;
    ``rows_out``: all that it has. ``version``: of the table, None as long as there is none. ``changed_partitions``:
    None in a table without partitions. ``bytes``: of the pages read, of ``loads`` loads. ``rebuilt``: why all loads
    were taken in; empty where only new ones were. ``counts``: the gate's, per payload, rule and severity.
    """

    rows_in: int = 0
    valid: int = 0
    rejected: int = 0
    duplicates: int = 0
    refused_rows: int = 0
    refused_loads: dict[str, str] = field(default_factory=dict)
    inserted: int = 0
    updated: int = 0
    removed: int = 0
    rows_out: int = 0
    version: int | None = None
    changed_partitions: set[date] | None = None
    unknown_columns: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    loads: int = 0
    rebuilt: str = ""
    counts: pl.DataFrame | None = None

    @property
    def unchanged(self) -> bool:
        """Whether no row changed."""
        return not (self.inserted or self.updated or self.removed)
