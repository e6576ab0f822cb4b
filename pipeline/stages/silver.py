"""Silver: every load that bronze has and silver has not goes through the gate and is merged by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake.contract.model import Contract
from lake.contract.relations import parents_first
from pipeline.context import Parts, RunContext
from pipeline.fingerprint import made_by
from pipeline.graph import Stage
from pipeline.outcome import StageOutcome, TableOutcome
from pipeline.sources import source as open_source
from pipeline.workspace import Workspace

if TYPE_CHECKING:
    import polars as pl

    from lake.bronze import LoadRef
    from lake.silver import SilverResult
    from pipeline.sources.base import LoadedPayload


def silver_contracts(workspace: Workspace) -> list[Contract]:
    """Contracts of silver, each after those that it references."""
    return parents_first(contract for contract in workspace.contracts.values() if contract.layer == "silver")


def loads_of(workspace: Workspace, contract: Contract) -> list[LoadRef]:
    """Every load that feeds this table."""
    return [ref for source, dataset in contract.datasets for ref in workspace.bronze.loads(source, dataset)]


def judged_by() -> Parts:
    """The code and the libraries that make silver's rows; silver is made again from bronze where they change."""
    return made_by(("lake", "pipeline/sources"), ("polars", "deltalake"))


def inputs(context: RunContext, stage: Stage) -> Parts:
    """All loads in bronze, the contracts, and what parses and judges."""
    workspace = context.workspace
    datasets = sorted({pair for contract in silver_contracts(workspace) for pair in contract.datasets})
    return {
        "bronze": [ref.load for pair in datasets for ref in workspace.bronze.loads(*pair)],
        "contracts": {contract.table: contract.digest for contract in silver_contracts(workspace)},
        **judged_by(),
    }


def outputs(context: RunContext, stage: Stage) -> Parts:
    """Each silver table as it stands."""
    return {name: context.workspace.table(name).stamp() for name in stage.writes}


def execute(context: RunContext, stage: Stage) -> StageOutcome:
    """Bring every silver table up to date."""
    parse = Parser(context.workspace)
    contracts = silver_contracts(context.workspace)
    results = []
    for done, contract in enumerate(contracts):
        context.advance(stage.name, done, len(contracts))
        options = context.options
        updated = update_table(
            context.workspace, contract, parse, force=options.force, accept_shrink=options.accept_shrink
        )
        results.append((contract, updated))
    if context.options.write_csv:
        write_csv(context.workspace, contracts)
    problems = tuple(
        f"{contract.table}: {load}: {reason}"
        for contract, result in results
        for load, reason in result.refused_loads.items()
    )
    return StageOutcome(stage.name, "done", tuple(_outcome(c, r) for c, r in results), problems=problems)


def update_table(workspace: Workspace, contract: Contract, parse: Parser, **how: Any) -> SilverResult:
    """One silver table: gate and merge what is new for it. ``how``: the options of ``lake.silver.update``."""
    from lake.silver import update

    return update(
        workspace.objects,
        contract,
        workspace.bronze,
        parse,
        loads=loads_of(workspace, contract),
        code=" ".join(f"{name}={value}" for name, value in judged_by().items()),
        **how,
    )


def _outcome(contract: Contract, result: SilverResult) -> TableOutcome:
    return TableOutcome(
        contract.table,
        rows_in=result.rows_in,
        valid=result.valid,
        rejected=result.rejected,
        refused=result.refused_rows,
        rows_out=result.inserted + result.updated,
        bytes=result.bytes,
        input_versions={f"{source}/{dataset}": f"{result.loads} loads" for source, dataset in contract.datasets},
        output_version=result.version,
        notes=_unknown(contract, result),
    )


def _unknown(contract: Contract, result: SilverResult) -> tuple[str, ...]:
    """What came that the contract does not know, with the patch that would adopt it."""
    if not result.unknown_columns:
        return ()
    from lake.gate.adopt import adoption_patch

    names = ", ".join(sorted(result.unknown_columns))
    patch = adoption_patch(contract, result.unknown_columns).rstrip()
    return (f"unknown columns, kept in _extra: {names}; to adopt them:\n{patch}",)


class Parser:
    """Parses loads by their source; what one table's turn has parsed serves the next table's."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._parsed: dict[tuple[str, ...], tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]] = {}

    def __call__(self, loads: Sequence[LoadedPayload]) -> tuple[Mapping[str, pl.DataFrame], Mapping[str, str]]:
        """Frames by table and refused loads with their reason."""
        key = tuple(load.load for load in loads)
        if key not in self._parsed:
            (source,) = {load.request.source for load in loads}
            self._parsed[key] = open_source(source, self._workspace.settings).parse(loads)
        return self._parsed[key]


def write_csv(workspace: Workspace, contracts: Sequence[Contract]) -> None:
    """Write each silver table as CSV beside the lake, for a look in a spreadsheet. StorageError where it cannot be."""
    folder = workspace.settings.data / "csv"
    for contract in contracts:
        table = workspace.table(contract.table)
        if table.exists():
            rows = table.read().select(contract.column_names).sort(contract.primary_key)
            _put_csv(rows, folder / f"{contract.table}.csv")


def _put_csv(rows: pl.DataFrame, target: Path) -> None:
    """Write whole or not at all."""
    import polars as pl

    from lake.storage.faults import storage_error
    from lake.writes import committing

    unfinished = target.with_name(f".{target.name}.unfinished")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            rows.write_csv(unfinished)
            with committing("silver.csv", str(target)):
                unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise storage_error(error, str(target), "write") from error
