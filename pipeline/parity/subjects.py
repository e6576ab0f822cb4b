"""What is compared: every table of the contracts, and every mart as dbt's own description has it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from lake.contract.model import Contract
from lake.errors import UnknownChoiceError
from pipeline.parity.model import LAYERS, Subject
from pipeline.quality.marts import Mart, read_marts
from pipeline.workspace import Workspace
from warehouse.exports import Days

_PERIOD_START = "_start_date"  # month_start_date: the first day of a period, which the rows are of
_PERIODS = ("week", "month", "quarter", "year")


def subjects(workspace: Workspace) -> list[Subject]:
    """Every table, layer by layer in the order of the way of the data."""
    contracts = list(workspace.contracts.values())
    loaded = [contract for contract in contracts if contract.warehouse]
    marts = read_marts(workspace.settings.root / "dbt" / "models" / "marts")
    found = [of_contract(contract, contract.layer) for contract in contracts]
    found += [of_contract(contract, layer) for layer in ("staging", "raw") for contract in loaded]
    found += [of_mart(mart, layer, contracts) for layer in ("marts", "published") for mart in marts.values()]
    return sorted(found, key=lambda subject: (LAYERS.index(subject.layer), subject.table))


def of_contract(contract: Contract, layer: str) -> Subject:
    """A contract's table; of one with ``history`` the current version of each key is compared."""
    times = [name for name in contract.primary_key if contract.column(name).type.kind in ("date", "timestamp")]
    return Subject(
        layer,
        contract.table,
        contract.primary_key,
        contract.column_names,
        decimals={column.name: column.decimals for column in contract.columns},
        event=contract.partition.column if contract.partition else next(iter(times), None),
        sensitive=frozenset(column.name for column in contract.columns if column.sensitive),
    )


def of_mart(mart: Mart, layer: str, contracts: Iterable[Contract]) -> Subject:
    """A mart; its key is that of dbt's test of uniqueness. Of ``contracts`` comes which values may not be shown."""
    times = [name for name in mart.key if mart.columns[name] in ("date", "timestamp")]
    event = next(iter(times), None)
    hidden = mart.hidden(contracts)
    return Subject(
        layer, mart.name, mart.key, tuple(mart.columns), event=event, period=_period(event), sensitive=hidden
    )


def _period(column: str | None) -> str:
    word = (column or "").removesuffix(_PERIOD_START)
    return word if column != word and word in _PERIODS else "day"


def chosen(known: Iterable[Subject], asked: Iterable[str]) -> list[Subject]:
    """Those asked for, as ``table`` (in every layer) or ``layer.table``; UnknownChoiceError lists the known ones."""
    known, wanted = list(known), set(asked)
    names = {subject.table for subject in known} | {subject.name for subject in known}
    for name in sorted(wanted - names):
        raise UnknownChoiceError("table", name, {subject.table for subject in known})
    return [subject for subject in known if not wanted or wanted & {subject.table, subject.name}]


def unknown(layer: str, table: str) -> Subject:
    """A table that a side has and nobody describes."""
    return Subject(layer, table, (), ())


def restriction(subject: Subject, days: tuple[date, date] | None) -> Days | None:
    """The rows of these days: all where the table has no day; those of the whole period where it has periods."""
    if days is None or subject.event is None:
        return None
    first = min(_start(subject.period, days[0]), days[0])
    return Days(subject.event, first, days[1])


def _start(period: str, day: date) -> date:
    if period == "week":
        return day - timedelta(days=day.weekday())
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}.get(period)
    return day if month is None else day.replace(month=month, day=1)
