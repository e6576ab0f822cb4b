"""Gold: the curated tables, built by an engine from silver, and the snapshot that says what belongs together."""

from lake.gold.build import GoldResult, build
from lake.gold.builder import TableResult
from lake.gold.snapshot import Snapshot, latest_snapshot

__all__ = ["GoldResult", "Snapshot", "TableResult", "build", "latest_snapshot"]
