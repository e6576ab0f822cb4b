"""Which engines the suite holds equal, and what each can do: another engine is one more line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capabilities:
    """What an engine can do beyond giving right rows; a test of one asks here, so that it is declared once."""

    spills: bool  # works within a memory limit by writing to disk
    reads_files: bool  # reads the Parquet files itself, so a missing file is its own error


CAPABILITIES = {
    "polars": Capabilities(spills=False, reads_files=False),
    "duckdb": Capabilities(spills=True, reads_files=True),
    "spark": Capabilities(spills=False, reads_files=True),
}
ENGINES = sorted(CAPABILITIES)
