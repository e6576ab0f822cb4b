"""The page docs/contracts.md: every table with its columns, rules, references and promises, for people."""

from __future__ import annotations

from collections.abc import Iterator

from lake.contract.model import Column, Contract, Contracts, Rule
from pipeline.generate import COMMAND

_LAYERS = {"silver": "typed, checked, merged by key", "gold": "curated, with derived columns"}


def documentation(contracts: Contracts) -> str:
    """The whole page, in Markdown."""
    lines = [
        "# Contracts",
        "",
        f"<!-- Generated from lake/contracts by `{COMMAND}`; do not edit. -->",
        "",
        "Each table has one contract: an ODCS v3.1 file, `lake/contracts/<table>.odcs.yaml`. Types, the gate, the DDL",
        "of every database, the Great Expectations suites, dbt's sources, sample rows and this page follow from it.",
        "`mirrorlake contracts check` judges them, `mirrorlake contracts diff` says what a change means.",
        "",
    ]
    for layer, meaning in _LAYERS.items():
        tables = [contract for contract in contracts.values() if contract.layer == layer]
        if tables:
            lines += [f"**{layer}** ({meaning}):", "", *_index(tables), ""]
    lines += [*_diagram(contracts), ""]
    for contract in contracts.values():
        lines += page(contract)
    return "\n".join(lines).rstrip() + "\n"


def page(contract: Contract) -> list[str]:
    """The section of one table, as lines of Markdown."""
    lines = [f"## {contract.table}", "", contract.description, ""]
    lines += [f"- {name}: {text}" for name, text in _facts(contract) if text]
    lines += ["", "| column | type | unit | rules | what it is |", "|---|---|---|---|---|"]
    lines += [_column_row(contract, column) for column in contract.columns]
    expressions = [rule for rule in contract.rules if rule.kind == "expression"]
    if expressions:
        lines += ["", "| rule over columns | must not be false | severity | why |", "|---|---|---|---|"]
        lines += [
            f"| {rule.name} | `{_escaped(rule.expression or '')}` | {rule.severity} | {_escaped(rule.description)} |"
            for rule in expressions
        ]
    return [*lines, ""]


def _index(tables: list[Contract]) -> Iterator[str]:
    yield "| table | grain | warehouse |"
    yield "|---|---|---|"
    for contract in tables:
        warehouse = "yes" if contract.warehouse else ""
        yield f"| [{contract.table}](#{contract.table}) | {_escaped(contract.grain)} | {warehouse} |"


def _diagram(contracts: Contracts) -> Iterator[str]:
    yield "```mermaid"
    yield "erDiagram"
    for contract in contracts.values():
        for reference in contract.references:
            yield f"    {reference.to_table} ||--o{{ {contract.table} : {'_'.join(reference.columns)}"
    yield "```"


def _facts(contract: Contract) -> Iterator[tuple[str, str]]:
    yield "grain", contract.grain
    yield "use", contract.usage
    yield "limits", contract.limitations
    yield (
        "key",
        _names(contract.primary_key) + (f", newest by `{contract.version_column}`" if contract.version_column else ""),
    )
    yield (
        "references",
        "; ".join(
            f"{_names(reference.columns)} to `{reference.to_table}` ({_names(reference.to_columns)})"
            for reference in contract.references
        ),
    )
    yield "fed by", ", ".join(f"{source}/{dataset}" for source, dataset in contract.datasets)
    if contract.partition:
        yield "partitioned by", f"{contract.partition.by} of `{contract.partition.column}`"
    if contract.layer == "gold":
        yield "a change on a day rewrites", _reach(contract)
    else:
        yield "loaded", _loading(contract)
    yield "unknown columns", contract.evolution
    yield "at least", f"{contract.min_rows} row{'s' * (contract.min_rows != 1)}" if contract.min_rows else ""
    yield "promises", ", ".join(f"{name} {value}" for name, value in contract.sla)
    yield "owner", contract.owner
    yield "version", f"{contract.version}, layer {contract.layer}, domain {contract.domain}"


def _reach(contract: Contract) -> str:
    if contract.window_days is None:
        return "the whole table"
    return f"that day and the {contract.window_days} after it" if contract.window_days else "that day"


def _loading(contract: Contract) -> str:
    share = f"a load that loses more than {contract.rejection_threshold:.0%} of its rows is refused"
    history = ", every version kept" if contract.history else ""
    shrink = (
        f", a shrink of more than {contract.shrink_threshold:.0%} is refused" if contract.load == "snapshot" else ""
    )
    return f"{contract.load}{history}{shrink}; a doubled key within a load: {contract.on_duplicate}; {share}"


def _column_row(contract: Contract, column: Column) -> str:
    rules = [_rule(rule) for rule in contract.rules if rule.kind != "expression" and rule.columns == (column.name,)]
    kind = column.type.kind
    if kind == "decimal":
        kind = f"decimal({column.type.precision}, {column.type.scale})"  # type: ignore[assignment]
    name = f"`{column.name}`" + (" (key)" if column.name in contract.primary_key else "")
    source = f" From `{column.source_field}`." if column.source_field else ""
    return f"| {name} | {kind} | {column.unit or ''} | {', '.join(rules)} | {_escaped(column.description)}{source} |"


def _rule(rule: Rule) -> str:
    argument = rule.argument
    text = {
        "required": "required",
        "minimum": f">= {_plain(argument)}",
        "maximum": f"<= {_plain(argument)}",
        "max_length": f"at most {argument} characters",
        "enum": f"one of {', '.join(map(str, argument))}" if isinstance(argument, tuple) else "",
        "pattern": f"`{_escaped(str(argument))}`",
    }[rule.kind]
    return text + (" (warns)" if rule.severity == "warn" else "")


def _plain(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).replace("+00:00", "Z")


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
