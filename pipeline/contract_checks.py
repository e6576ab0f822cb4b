"""Everything that ``contracts check`` asks: our reader, the ODCS standard, sample rows, and the generated files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lake.contract.load import contract_files, load_files, packaged_folder
from lake.contract.model import Contract, Contracts
from lake.errors import MirrorlakeError

_SAMPLE_ROWS = 50


@dataclass
class CheckResult:
    """What was judged, by whom, and what is wrong; ``stale`` are generated files that are not in step."""

    contracts: list[Contract] = field(default_factory=list)
    judges: tuple[str, ...] = ()
    errors: list[MirrorlakeError] = field(default_factory=list)
    stale: list[Path] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.errors or self.stale)

    def lines(self) -> list[str]:
        """The result for people."""
        lines = [f"error: {error}" for error in self.errors]
        lines += [f"not in step with the contracts: {path}" for path in self.stale]
        if self.stale:
            lines.append("  what to do: python -m pipeline.generate")
        if not self.failed:
            count = len(self.contracts)
            lines.append(f"{count} contract{'s are' if count != 1 else ' is'} valid, by {', '.join(self.judges)}")
        return lines

    def document(self) -> dict[str, object]:
        """The result for machines."""
        return {
            "valid": not self.failed,
            "contracts": [contract.table for contract in self.contracts],
            "judges": list(self.judges),
            "errors": [{"what": error.what, "where": error.where, "fix": error.fix} for error in self.errors],
            "not_in_step": [str(path) for path in self.stale],
        }


def check_contracts(folder: Path | None = None, file: Path | None = None) -> CheckResult:
    """Judge one file among our contracts, all of a folder, or ours; with ours also what is generated from them."""
    from lake.contract.standard import judges

    result = CheckResult(judges=("our reader", *judges(), "sample rows"))
    home = folder or packaged_folder()
    try:
        judged, contracts = _read(home, file)
    except MirrorlakeError as error:
        result.errors += getattr(error, "errors", (error,))
        return result
    result.contracts = [contract for contract in contracts.values() if Path(contract.path) in judged]
    result.errors += _second_opinions(result.contracts)
    if file is None and home == packaged_folder() and not result.errors:
        result.stale = _stale(contracts)
    return result


def _read(folder: Path, file: Path | None) -> tuple[set[Path], Contracts]:
    """The files that are judged, and all contracts; ``file`` stands in for the one of its name."""
    if file is None:
        paths = contract_files(folder)
        return set(paths), load_files(paths)
    others = [path for path in contract_files(folder) if path.name != file.name]
    return {file}, load_files([*others, file])


def _second_opinions(contracts: Iterable[Contract]) -> list[MirrorlakeError]:
    """What the standard finds, and rules that no row can keep."""
    from lake.contract.samples import sample
    from lake.contract.standard import check_standard

    found: list[MirrorlakeError] = []
    for contract in contracts:
        try:
            check_standard(Path(contract.path))
            sample(contract, _SAMPLE_ROWS)
        except MirrorlakeError as error:
            found += getattr(error, "errors", (error,))
    return found


def _stale(contracts: Contracts) -> list[Path]:
    from pipeline.generate import generate_all
    from pipeline.settings import project_root

    return generate_all(project_root(), check=True, contracts=contracts)
