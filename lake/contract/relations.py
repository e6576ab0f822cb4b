"""What contracts say of each other: names that clash, references that point nowhere or in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lake.contract.document import Problems
from lake.contract.model import Contract, Reference
from lake.errors import ContractError

_Read = Sequence[tuple[Contract, Problems]]


def check_relations(read: _Read) -> None:
    """Note every fault between contracts in the problems of the one that causes it."""
    tables: dict[str, Contract] = {}
    for contract, problems in read:
        other = tables.setdefault(contract.table, contract)
        if other is not contract:
            problems.add(
                ("schema", 0, "name"),
                f"the table {contract.table!r} stands in two contracts; the other is {other.path} ({other.layer})",
                "table names are unique across all layers: rename one",
            )
    for contract, problems in read:
        for reference in contract.references:
            _check_reference(contract, reference, tables, problems)
    try:
        parents_first(tables.values())
    except ContractError as error:
        read[0][1].found.append(error)


def _check_reference(contract: Contract, reference: Reference, tables: dict[str, Contract], problems: Problems) -> None:
    index = contract.column_names.index(reference.columns[0])
    where = ("schema", 0, "properties", index, "relationships")
    parent = tables.get(reference.to_table)
    if parent is None:
        problems.choice(where, "table", reference.to_table, sorted(tables))
        return
    missing = [name for name in reference.to_columns if name not in parent.column_names]
    if missing:
        problems.choice(where, f"column of {parent.table}", missing[0], parent.column_names)
    elif set(reference.to_columns) != set(parent.primary_key):
        problems.add(
            where,
            f"{', '.join(reference.to_columns)} is not the key of {parent.table}",
            f"refer to {', '.join(parent.primary_key)}",
        )
    elif any(
        contract.column(own).type != parent.column(other).type
        for own, other in zip(reference.columns, reference.to_columns, strict=True)
    ):
        problems.add(where, f"the reference to {parent.table} joins different types", "give both columns the same type")
    elif contract.layer != parent.layer or (contract.warehouse and not parent.warehouse):
        problems.add(
            where,
            f"{contract.table} ({contract.layer}) cannot refer to {parent.table} ({parent.layer}): they lie apart",
            "refer to a table of the same layer; a warehouse table to a warehouse table",
        )


def parents_first(contracts: Iterable[Contract]) -> list[Contract]:
    """The contracts in an order in which every reference points backwards; by name where that leaves a choice.

    References to tables that are not among them do not count. Raises ContractError where references form a circle.
    """
    waiting = {contract.table: contract for contract in sorted(contracts, key=lambda contract: contract.table)}
    ordered: list[Contract] = []
    while waiting:
        ready = [
            contract
            for contract in waiting.values()
            if not any(reference.to_table in waiting for reference in contract.references)
        ]
        if not ready:
            raise ContractError(
                f"references form a circle: {', '.join(waiting)}",
                where=next(iter(waiting.values())).path,
                fix="drop one of the references",
            )
        ordered += ready
        for contract in ready:
            del waiting[contract.table]
    return ordered
