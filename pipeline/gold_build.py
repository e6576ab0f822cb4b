"""One gold build of a workspace, and what came of it in plain words: the same here and in a job in the cloud."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipeline.engines import opened_engine
from pipeline.fingerprint import code_hash, hash_of

if TYPE_CHECKING:
    from pipeline.workspace import Workspace


@dataclass(frozen=True)
class BuiltTable:
    """One table: its version, the rows that were read for it and written to it, and whether it stayed as it was."""

    version: int
    rows_in: int
    rows_out: int
    unchanged: bool


@dataclass(frozen=True)
class Built:
    """``versions`` are those of all tables of the snapshot and of what it was made from; ``held`` rows per table."""

    number: int
    tables: dict[str, BuiltTable]
    versions: dict[str, int]
    held: dict[str, int]

    def to_json(self) -> bytes:
        """As ``from_json`` reads it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Built:
        """What ``to_json`` wrote, parsed."""
        tables = {name: BuiltTable(**table) for name, table in plain["tables"].items()}
        return cls(int(plain["number"]), tables, dict(plain["versions"]), dict(plain["held"]))


def code_of(workspace: Workspace) -> str:
    """A hash of the code and the contracts that gold is built by, the same for the same in a clone and from a wheel."""
    contracts = sorted((name, contract.digest) for name, contract in workspace.contracts.items())
    return hash_of([code_hash("lake"), contracts])


def build_here(workspace: Workspace, *, full: bool, run_id: str) -> Built:
    """Build what changed with the engine of the settings, in this process; ``full``: all of it. See ``gold.build``."""
    from lake.gold import build
    from lake.transforms import discover

    with opened_engine(workspace.settings) as engine:
        result = build(workspace.objects, workspace.contracts, discover(), engine, full=full, run_id=run_id)
    tables = {
        name: BuiltTable(made.version, made.rows_in, made.rows_out, made.unchanged)
        for name, made in result.tables.items()
    }
    versions = {**result.snapshot.inputs, **result.snapshot.tables}
    return Built(result.number, tables, versions, dict(result.held))
