"""What the operations page shows of quarantine: what did not go on, by kind and table. Nothing of Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lake import quarantine
from lake.contract.model import Contract
from lake.standing import with_state
from pipeline.workspace import Workspace

LISTED = 200  # rows of one kind
_BRIEF = 400  # characters of a row as received


@dataclass(frozen=True)
class Waiting:
    """One kind of rows of one silver table that did not go on: how many there are, and the first of them."""

    table: str
    count: int
    first: pd.DataFrame


def rejected(workspace: Workspace) -> list[Waiting]:
    """Rejected rows by silver table: still open, or resolved by a good row that came later."""
    found = []
    for name, contract in _silver(workspace):
        rows = quarantine.rows(workspace.objects, name)
        if not rows.is_empty():
            placed = with_state(workspace.objects, contract, rows).sort("state", "_run_date", "_payload", "_position")
            first = [
                {
                    "state": row["state"],
                    "why": "; ".join(row["reasons"]),
                    "load": row["_payload"],
                    "position": row["_position"],
                    "row as received": row["row"][:_BRIEF],
                    "owner": row["owner"],
                }
                for row in placed.head(LISTED).to_dicts()
            ]
            found.append(Waiting(name, int((placed["state"] == "open").sum()), pd.DataFrame(first)))
    return found


def refused(workspace: Workspace) -> list[Waiting]:
    """Loads that were refused whole, by silver table."""
    frames = [(name, quarantine.refused(workspace.objects, name)) for name, _ in _silver(workspace)]
    return [Waiting(name, len(each), each.head(LISTED).to_pandas()) for name, each in frames if len(each)]


def held(workspace: Workspace) -> list[Waiting]:
    """Good rows whose parent has not arrived, by silver table."""
    tables = [name for name, _ in _silver(workspace)]
    frames = [(name, quarantine.held(workspace.objects, workspace.contracts, name)) for name in tables]
    return [Waiting(name, len(each), each.head(LISTED).to_pandas()) for name, each in frames if len(each)]


def bodies(workspace: Workspace) -> list[Waiting]:
    """Bodies that were no data, so that they never became loads; kept beside bronze."""
    found = workspace.bronze.refused_bodies()
    return [Waiting("any table", len(found), pd.DataFrame(found[:LISTED]))] if found else []


def _silver(workspace: Workspace) -> list[tuple[str, Contract]]:
    return [(name, contract) for name, contract in workspace.contracts.items() if contract.layer == "silver"]
