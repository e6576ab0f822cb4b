"""Contracts from ODCS v3.1 YAML files: a folder is read in about ten milliseconds, and every error is refused.

The checks here are our own, on plain values, because the standard's package costs more to import than all contracts to
read; ``mirrorlake contracts check`` asks that package as a second judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lake.contract import digest, table
from lake.contract.document import Problems, Section, raise_all
from lake.contract.model import Contract, Contracts
from lake.contract.relations import check_relations
from lake.contract.yaml_file import read_yaml
from lake.errors import ContractError, StorageError

SUFFIX = ".odcs.yaml"


def packaged_folder() -> Path:
    """The folder of the contracts that ship with the platform."""
    return Path(__file__).parent.parent / "contracts"


def load_contract(path: Path) -> Contract:
    """One contract, checked in itself; what it refers to in other tables is checked by ``load_contracts``."""
    return _read(path)[0]


def load_contracts(folder: Path | None = None) -> Contracts:
    """All contracts of a folder and its subfolders, by table; None reads the packaged ones.

    Raises ContractError with file, line and the valid choices; where several things are wrong, it tells all of them.
    """
    return load_files(contract_files(folder or packaged_folder()))


def contract_files(folder: Path) -> list[Path]:
    """The contract files of a folder and its subfolders; ContractError where there are none."""
    paths = sorted(folder.rglob(f"*{SUFFIX}"))
    if not paths:
        raise ContractError("no contract found", where=str(folder), fix=f"write <table>{SUFFIX} into it")
    return paths


def load_files(paths: Iterable[Path]) -> Contracts:
    """The contracts of these files, checked in themselves and against each other; errors as by ``load_contracts``."""
    read: list[tuple[Contract, Problems]] = []
    found: list[ContractError] = []
    for path in paths:
        try:
            read.append(_read(path))
        except ContractError as error:
            found.append(error)
    raise_all(found)
    check_relations(read)
    raise_all([error for _, problems in read for error in problems.found])
    return {contract.table: contract for contract, _ in read}


def by_day(contracts: Contracts) -> Contracts:
    """The same contracts, but every gold table that is partitioned at all is so by the day."""
    return {
        name: digest.with_digest(replace(contract, partition=replace(contract.partition, by="day")))
        if contract.layer == "gold" and contract.partition
        else contract
        for name, contract in contracts.items()
    }


def _read(path: Path) -> tuple[Contract, Problems]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContractError("the file is not UTF-8", where=str(path), fix="save it as UTF-8") from error
    except OSError as error:
        raise StorageError(f"cannot read the contract: {error.strerror}", where=str(path)) from error
    problems = Problems(path, text)
    values: Any = read_yaml(text, path)
    if not isinstance(values, dict):
        problems.add((), "a contract is a mapping of keys", "begin with apiVersion: v3.1.0")
        values = {}
    problems.raise_if_any()
    contract = table.read_table(Section(values, (), problems))
    problems.raise_if_any()
    return digest.with_digest(contract), problems
