"""Judging again: the loads that have rejected rows or were refused, by the contract and the code of today."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lake.contract.model import Contract
from lake.errors import UnknownChoiceError
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    from lake.silver import SilverResult


def silver_contract(workspace: Workspace, table: str) -> Contract:
    """The contract of a silver table; another name is refused with the known ones."""
    silver = {name: contract for name, contract in workspace.contracts.items() if contract.layer == "silver"}
    if table not in silver:
        raise UnknownChoiceError("silver table", table, silver)
    return silver[table]


def chosen(workspace: Workspace, table: str | None) -> list[Contract]:
    """That silver table, or all of them, parents first."""
    from pipeline.stages.silver import silver_contracts

    return [silver_contract(workspace, table)] if table else silver_contracts(workspace)


def replay(workspace: Workspace, table: str | None = None, accept_load: str | None = None) -> dict[str, SilverResult]:
    """Take in again exactly the loads with rejected rows and the refused ones; new loads come in with them.

    The tables are then as if these loads had come good. ``accept_load`` lets that refused load in, for good. Gives
    the tables that had something to judge. Raises UnknownChoiceError (table, load), LeaseHeldError.
    """
    from lake import quarantine
    from pipeline.stages.silver import Parser, update_table

    parse = Parser(workspace)
    contracts = chosen(workspace, table)
    objects = workspace.objects
    refused = {contract.table: set(quarantine.refused(objects, contract.table)["load"]) for contract in contracts}
    if accept_load is not None and not any(accept_load in loads for loads in refused.values()):
        raise UnknownChoiceError("refused load", accept_load, set().union(*refused.values()))
    waiting = {name: loads | quarantine.payloads(objects, name) for name, loads in refused.items()}
    with alone(workspace, "replay"):
        return {
            contract.table: update_table(
                workspace,
                contract,
                parse,
                again=waiting[contract.table],
                accept={accept_load} & refused[contract.table],
            )
            for contract in contracts
            if waiting[contract.table]
        }


def rebuild(workspace: Workspace, table: str | None = None) -> dict[str, SilverResult]:
    """Make silver, quarantine and ledger again from bronze alone; what was damaged is put right."""
    from pipeline.stages.silver import Parser, update_table

    parse = Parser(workspace)
    with alone(workspace, "rebuild"):
        return {
            contract.table: update_table(workspace, contract, parse, rebuild=True)
            for contract in chosen(workspace, table)
        }


def alone(workspace: Workspace, why: str) -> AbstractContextManager[object]:
    """The lease of the lake for a command that writes beside the runs; LeaseHeldError while a run is at work."""
    from pipeline.lease import hold

    return hold(workspace, f"{why}-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}")
