"""What dbt built, against what its own description of the marts promises: the models' yml files are the one place.

Per mart: its columns, their kinds of values, what may not be null, the key, and, where it says that it has as many
rows as a loaded table, that it has. What dbt enforced while it built is so judged again on what stands there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lake.contract.model import Contract
from pipeline.quality.suite import expectation_classes, meta_of

SCHEMA = "marts"
# dbt's types to what the values are; widths and precision are dbt's contract, which holds when a model is built.
_KINDS = {
    "varchar": "str",
    "bigint": "int",
    "integer": "int",
    "double": "float",
    "boolean": "bool",
    "date": "date",
    "timestamp": "datetime",
}
_SOURCE = re.compile(r"source\('(\w+)',\s*'(\w+)'\)\Z")


@dataclass(frozen=True)
class Mart:
    """``columns``: name to dbt's type; ``rows_of``: the loaded table (``schema.table``) with as many rows, if any;
    ``sensitive``: columns whose ``meta`` says ``sensitive: true``, as one has to that bears a new name.
    """

    name: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    key: tuple[str, ...]
    rows_of: str | None = None
    sensitive: frozenset[str] = frozenset()

    def hidden(self, contracts: Iterable[Contract]) -> frozenset[str]:
        """The columns whose values are never shown: those, and all that are called as a sensitive one of a contract."""
        names = {column.name for contract in contracts for column in contract.columns if column.sensitive}
        return self.sensitive | (names & self.columns.keys())


def read_marts(folder: Path) -> dict[str, Mart]:
    """The marts that the yml files below ``folder`` (the project's ``models/marts``) describe, by name."""
    import yaml

    documents = (yaml.load(path.read_bytes(), yaml.CSafeLoader) for path in sorted(folder.rglob("*.yml")))
    models = [model for document in documents for model in document.get("models") or () if model.get("columns")]
    return {model["name"]: _mart(model) for model in models}


def _mart(model: Mapping[str, Any]) -> Mart:
    columns = model["columns"]
    unique = [column["name"] for column in columns if "unique" in (column.get("data_tests") or ())]
    tests = dict(_tests(model))
    key = tuple(tests["unique_combination"]["columns"] if "unique_combination" in tests else unique[:1])
    rows_of = _SOURCE.match(str(tests.get("same_row_count", {}).get("compare_to")))
    required = [column["name"] for column in columns if {"type": "not_null"} in (column.get("constraints") or ())]
    return Mart(
        model["name"],
        {column["name"]: column["data_type"] for column in columns},
        tuple(dict.fromkeys([*key, *required])),
        key,
        ".".join(rows_of.groups()) if rows_of else None,
        frozenset(column["name"] for column in columns if _is_sensitive(column)),
    )


def _is_sensitive(column: Mapping[str, Any]) -> bool:
    told = (column.get("meta"), (column.get("config") or {}).get("meta"))
    return any((meta or {}).get("sensitive") is True for meta in told)


def _tests(model: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The model's own tests by name, with their arguments."""
    for test in model.get("data_tests") or ():
        for name, told in test.items() if isinstance(test, dict) else ():
            yield name, told.get("arguments") or {}


def mart_expectations(mart: Mart, rows: int | None) -> list[Any]:
    """The suite of a mart; ``rows`` is how many the table has whose number it must equal."""
    gxe = expectation_classes()
    columns, error = list(mart.columns), "error"
    built: list[Any] = [
        gxe.ExpectTableColumnsToMatchSet(column_set=columns, exact_match=True, meta=meta_of("columns", error))
    ]
    for name, kind in mart.columns.items():
        meta = meta_of(f"{name}.type", error)
        built.append(gxe.ExpectColumnValuesToBeOfType(column=name, type_=_KINDS.get(kind, kind), meta=meta))
    built += [
        gxe.ExpectColumnValuesToNotBeNull(column=name, meta=meta_of(f"{name}.required", error))
        for name in mart.required
    ]
    if len(mart.key) == 1:
        built.append(gxe.ExpectColumnValuesToBeUnique(column=mart.key[0], meta=meta_of("key", error)))
    elif mart.key:
        meta = meta_of("key", error)
        built.append(gxe.ExpectCompoundColumnsToBeUnique(column_list=list(mart.key), meta=meta))
    if rows is not None:
        built.append(gxe.ExpectTableRowCountToEqual(value=rows, meta=meta_of(f"rows as in {mart.rows_of}", error)))
    return built
