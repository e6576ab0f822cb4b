"""From an ODCS document to a contract: the table, its keys, and how it is loaded. Columns are read by ``columns``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, get_args

from lake.contract.columns import COLUMN_CUSTOM, NAME, SEVERITIES, read_column
from lake.contract.document import Section
from lake.contract.expressions import parse
from lake.contract.model import (
    Column,
    Contract,
    Evolution,
    Freshness,
    Granularity,
    Layer,
    LoadMode,
    OnDuplicate,
    Partition,
    Reference,
    Rule,
)
from lake.contract.reserved import RESERVED
from lake.contract.rules import column_rules
from lake.errors import ContractError

API_VERSION = "v3.1.0"
_TOP_KEYS = frozenset(
    "apiVersion kind id name version status domain description team roles schema slaProperties customProperties tenant "
    "tags servers dataProduct support price authoritativeDefinitions slaDefaultElement contractCreatedTs".split()
)
_TABLE_KEYS = frozenset(
    "id name logicalType physicalType description businessName dataGranularityDescription properties relationships "
    "quality tags authoritativeDefinitions".split()
)
_CUSTOM = (
    "datasets",
    "evolution",
    "history",
    "layer",
    "load",
    "onDuplicate",
    "rejectionThreshold",
    "shrinkThreshold",
    "versionColumn",
    "warehouse",
    "windowDays",
)
_SILVER_ONLY = ("datasets", "history", "load", "onDuplicate", "rejectionThreshold", "shrinkThreshold", "versionColumn")
_SLA = ("availability", "freshness", "frequency", "generalAvailability", "latency", "retention", "timeToRepair")
_HOURS = {"h": 1.0, "hour": 1.0, "hours": 1.0, "d": 24.0, "day": 24.0, "days": 24.0}


@dataclass
class _Properties:
    """What the list of properties says besides the columns."""

    columns: list[Column] = field(default_factory=list)
    keys: list[tuple[int, str]] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)


def read_table(document: Section) -> Contract:
    """The contract of a document; faults are noted in its problems, so the result counts only where there are none."""
    document.allow(_TOP_KEYS)
    _check_head(document)
    schema = _only_schema(document)
    name = _table_name(schema, document)
    found = _properties(schema)
    custom = document.custom(_CUSTOM)
    words = document.section("description").allow(("purpose", "usage", "limitations", "authoritativeDefinitions"))
    rules, min_rows = _quality(schema, found.columns)
    sla, freshness = _service_levels(document, name, found.columns)
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
        **_loading(custom, found),
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
    return schemas[0].allow(_TABLE_KEYS)


def _table_name(schema: Section, document: Section) -> str:
    name = schema.text("name", required=True)
    if name and (not NAME.match(name) or len(name) > 48):
        schema.fault("name", f"the table name {name!r} is not lower snake case of at most 48 characters")
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


def _quality(schema: Section, columns: list[Column]) -> tuple[list[Rule], int | None]:
    kinds = {column.name: column.type.kind for column in columns}
    rules: list[Rule] = []
    min_rows: int | None = None
    for check in schema.sections("quality"):
        check.allow(
            "id name description dimension severity type engine implementation metric unit".split(),
            ("mustBeGreaterOrEqualTo",),
        )
        if check.choose("type", "type of check", ("custom", "library"), "library") == "library":
            check.choose("metric", "metric of a table", ("rowCount",), "rowCount")
            min_rows = check.get("mustBeGreaterOrEqualTo", "whole number", required=True)
            continue
        check.choose("engine", "engine", ("mirrorlake",), "mirrorlake")
        if rule := _expression_rule(check, kinds):
            if any(rule.name == other.name for other in rules):
                check.fault("name", f"the rule {rule.name!r} stands twice", "name each rule once")
            rules.append(rule)
    return rules, min_rows


def _expression_rule(check: Section, kinds: dict[str, Any]) -> Rule | None:
    name = check.text("name", required=True)
    if name and not NAME.match(name):
        check.fault("name", f"the rule name {name!r} is not lower snake case")
    severity = SEVERITIES[check.choose("severity", "severity", SEVERITIES, "error")]
    text = check.text("implementation", required=True)
    try:
        expression = parse(text, kinds) if text else None
    except ContractError as error:
        check.fault("implementation", error.what, error.fix)
        return None
    if expression is None:
        return None
    return Rule(
        name,
        "expression",
        expression.columns,
        severity,
        expression=expression.text,
        description=check.text("description"),
    )


def _service_levels(
    document: Section, table: str, columns: list[Column]
) -> tuple[tuple[tuple[str, str], ...], Freshness | None]:
    levels: list[tuple[str, str]] = []
    column: str | None = None
    hours: dict[str, float] = {}
    for level in document.sections("slaProperties"):
        level.allow(("property", "value", "unit", "element", "description", "driver", "id"))
        name = level.choose("property", "service level", _SLA, "")
        value, unit = level.get("value", "value", required=True), level.text("unit")
        levels.append((name, f"{value} {unit}".strip()))
        if name in ("freshness", "latency"):
            if unit not in _HOURS or not isinstance(value, int | float):
                level.fault("unit", f"{name} needs a number of hours or days", "write value: 48, unit: h")
            else:
                hours[name] = value * _HOURS[unit]
        if name == "freshness":
            column = _freshness_column(level, table, columns)
    if not hours:
        return tuple(levels), None
    return tuple(levels), Freshness(column, hours.get("freshness"), hours.get("latency"))


def _freshness_column(level: Section, table: str, columns: list[Column]) -> str | None:
    known = [f"{table}.{column.name}" for column in columns if column.type.kind in ("date", "timestamp")]
    element = level.text("element", required=True)
    if element and element not in known:
        level.problems.choice((*level.where, "element"), "element", element, known)
    return element.partition(".")[2] or None


def _loading(custom: Section, found: _Properties) -> dict[str, Any]:
    """The fields of a contract that say how its table is loaded."""
    layer: Layer = custom.choose("layer", "layer", get_args(Layer), "")
    if not layer:
        custom.fault("layer", "the custom property 'layer' is missing or wrong", "write silver or gold")
    fields: dict[str, Any] = {
        "layer": layer,
        "datasets": _datasets(custom),
        "version_column": custom.text("versionColumn") or None,
        "window_days": custom.get("windowDays", "whole number"),
        "history": custom.flag("history"),
        "load": custom.choose("load", "load", get_args(LoadMode), "append"),
        "on_duplicate": custom.choose("onDuplicate", "onDuplicate", get_args(OnDuplicate), "latest"),
        "evolution": custom.choose("evolution", "evolution", get_args(Evolution), "evolve"),
        "warehouse": custom.flag("warehouse"),
    }
    for key, name in (("rejectionThreshold", "rejection_threshold"), ("shrinkThreshold", "shrink_threshold")):
        share = custom.get(key, "number")
        if share is not None and not 0 <= share <= 1:
            custom.fault(key, f"{key} is a share from 0 to 1, not {share}")
        fields[name] = 0.5 if share is None else float(share)
    _check_loading(custom, fields, found)
    return fields


def _datasets(custom: Section) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for text in custom.get("datasets", "list") or []:
        source, _, dataset = str(text).partition("/")
        if not NAME.match(source) or not NAME.match(dataset):
            custom.fault("datasets", f"{text!r} is no dataset", "write source/dataset, such as openmeteo/archive")
        pairs.append((source, dataset))
    return tuple(pairs)


def _check_loading(custom: Section, fields: dict[str, Any], found: _Properties) -> None:
    names = [column.name for column in found.columns]
    version = fields["version_column"]
    if version and version not in names:
        custom.fault("versionColumn", f"unknown column: {version!r}", f"choose one of: {', '.join(names)}")
    if fields["layer"] == "silver":
        if not fields["datasets"]:
            custom.fault("datasets", "a silver table names the datasets that feed it", "add datasets: [source/dataset]")
        if fields["window_days"] is not None:
            custom.fault("windowDays", "windowDays belongs to gold tables", "remove it")
    for key in _SILVER_ONLY if fields["layer"] == "gold" else ():
        if key in custom.values:
            custom.fault(key, f"{key} belongs to silver tables", "remove it")
    if fields["window_days"] is not None and (fields["window_days"] < 0 or not found.partitions):
        custom.fault("windowDays", "windowDays counts days from 0 and needs a partition column", "partition the table")
