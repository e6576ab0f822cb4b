"""From an ODCS document to a contract: the table, its keys, and how it is loaded. Columns are read by ``columns``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from lake.contract.columns import read_column
from lake.contract.document import Section
from lake.contract.loading import read_loading
from lake.contract.model import Column, Contract, Granularity, Partition, Reference
from lake.contract.promises import read_checks, read_service_levels
from lake.contract.reserved import RESERVED
from lake.contract.rules import column_rules
from lake.contract.vocabulary import (
    API_VERSION,
    COLUMN_CUSTOM,
    MAX_NAME_LENGTH,
    NAME,
    TABLE_CUSTOM,
    TABLE_KEYS,
    TOP_KEYS,
)


@dataclass
class _Properties:
    """What the list of properties says besides the columns."""

    columns: list[Column] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def read_table(document: Section) -> Contract:
    """The contract of a document; faults are noted in its problems, so the result counts only where there are none."""
    document.allow(TOP_KEYS)
    _check_head(document)
    schema = _only_schema(document)
    name = _table_name(schema, document)
    found = _properties(schema)
    custom = document.custom(TABLE_CUSTOM)
    words = document.section("description").allow(("purpose", "usage", "limitations", "authoritativeDefinitions"))
    rules, min_rows = read_checks(schema, found.columns)
    sla, freshness = read_service_levels(document, name, found.columns)
    return Contract(
        table=name,
        version=document.text("version", required=True),
        description=words.text("purpose", required=True),
        owner=document.section("team").text("name", required=True),
        columns=tuple(found.columns),
        primary_key=_primary_key(schema, found),
        rules=(*column_rules(found.columns), *rules),
        domain=document.text("domain", required=True),
        references=tuple(found.references + _composite_references(schema, name, found.columns)),
        partition=found.partitions[0] if found.partitions else None,
        min_rows=min_rows,
        freshness=freshness,
        sla=sla,
        title=document.text("name"),
        grain=schema.text("dataGranularityDescription"),
        usage=words.text("usage"),
        limitations=words.text("limitations"),
        roles=tuple((role.text("role", required=True), role.text("access")) for role in document.sections("roles")),
        path=str(document.problems.path),
        **read_loading(custom, found.columns, partitioned=bool(found.partitions)),
    )


def _check_head(document: Section) -> None:
    document.text("id", required=True)
    for key, expected in (("apiVersion", API_VERSION), ("kind", "DataContract")):
        if document.text(key, required=True) not in ("", expected):
            document.fault(key, f"{key} {document.values[key]!r} is not read here", f"write {key}: {expected}")
    domain = document.text("domain")
    if domain and not NAME.match(domain):
        document.fault("domain", f"the domain {domain!r} is not lower snake case")


def _only_schema(document: Section) -> Section:
    schemas = list(document.sections("schema", required=True))
    if len(schemas) != 1:
        document.fault("schema", f"a contract describes one table, this one {len(schemas)}", "write one file per table")
        schemas.append(Section({}, ("schema",), document.problems))
    return schemas[0].allow(TABLE_KEYS)


def _table_name(schema: Section, document: Section) -> str:
    name = schema.text("name", required=True)
    if name and (not NAME.match(name) or len(name) > MAX_NAME_LENGTH):
        schema.fault("name", f"the table name {name!r} is not lower snake case of at most {MAX_NAME_LENGTH} characters")
    if name in RESERVED:
        schema.fault("name", f"{name!r} is a reserved word of {', '.join(RESERVED[name])}", "choose another name")
    expected = document.problems.path.name.removesuffix(".odcs.yaml")
    if name and name != expected:
        schema.fault("name", f"the table is called {name!r}, its file {expected!r}", "give both the same name")
    return name


def _properties(schema: Section) -> _Properties:
    found = _Properties()
    for section in schema.sections("properties", required=True):
        column = read_column(section)
        if any(column.name == other.name for other in found.columns):
            section.fault("name", f"the column {column.name!r} stands twice", "name each column once")
        found.columns.append(column)
        if section.flag("primaryKey"):
            position = section.get("primaryKeyPosition", "whole number")
            found.keys.append((len(found.keys) + 1 if position is None else position, column.name))
            if not column.required:
                section.fault("primaryKey", f"the key column {column.name!r} may be null", "add required: true")
        if section.flag("partitioned"):
            _read_partition(section, column, found)
        for relation in section.sections("relationships"):
            relation.allow(("type", "to", "id")).choose("type", "relationship", ("foreignKey",), "foreignKey")
            if (target := _target(relation, "to", relation.text("to", required=True))) is not None:
                found.references.append(Reference((column.name,), target[0], (target[1],)))
    return found


def _read_partition(section: Section, column: Column, found: _Properties) -> None:
    if found.partitions:
        section.fault("partitioned", "a table is partitioned by one column", "keep one 'partitioned: true'")
    if column.type.kind not in ("date", "timestamp") or not column.required:
        section.fault("partitioned", f"{column.name!r} cannot partition", "partition by a required date or timestamp")
    by = section.custom(COLUMN_CUSTOM).choose("partitionBy", "granularity", get_args(Granularity), "month")
    found.partitions.append(Partition(column.name, by))


def _target(section: Section, key: str, text: str) -> tuple[str, str] | None:
    parts = text.split(".")
    if len(parts) != 2:
        if text:
            section.fault(key, f"{text!r} is no reference", "write table.column")
        return None
    return parts[0], parts[1]


def _composite_references(schema: Section, table: str, columns: list[Column]) -> list[Reference]:
    names = [column.name for column in columns]
    found: list[Reference] = []
    for relation in schema.sections("relationships"):
        relation.allow(("type", "from", "to", "id")).choose("type", "relationship", ("foreignKey",), "foreignKey")
        sides: list[list[tuple[str, str]]] = []
        for key in ("from", "to"):
            given = relation.values.get(key)
            texts = given if isinstance(given, list) else [given]
            sides.append([pair for text in texts if (pair := _target(relation, key, str(text)))])
        own, other = sides
        for owner, column in own:
            if owner != table or column not in names:
                relation.fault("from", f"no column {owner}.{column} here", f"choose one of: {', '.join(names)}")
        if not own or len(own) != len(other) or len({name for name, _ in other}) != 1:
            relation.fault("to", "'from' and 'to' must list as many columns, 'to' of one table")
        else:
            found.append(Reference(tuple(c for _, c in own), other[0][0], tuple(c for _, c in other)))
    return found


def _primary_key(schema: Section, found: _Properties) -> tuple[str, ...]:
    positions = [position for position, _ in found.keys]
    if not found.keys:
        schema.fault(
            "properties", "the table has no primary key", "add primaryKey: true and required: true to a column"
        )
    elif sorted(positions) != list(range(1, len(positions) + 1)):
        schema.fault("properties", f"primaryKeyPosition must count 1, 2, ...; it is {sorted(positions)}")
    return tuple(name for _, name in sorted(found.keys))
