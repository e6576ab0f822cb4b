"""From an ODCS property to a column: its type, its bounds, and what custom properties add."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

from lake.contract.document import Section
from lake.contract.model import Column, RuleKind, Severity, Type
from lake.contract.patterns import check_pattern
from lake.contract.reserved import RESERVED
from lake.contract.rules import breaks
from lake.contract.values import parse_value
from lake.contract.vocabulary import (
    CHECK_KEYS,
    COLUMN_CUSTOM,
    COLUMN_KEYS,
    LOGICAL_TYPES,
    MAX_NAME_LENGTH,
    NAME,
    PHYSICAL_TYPES,
    SEVERITIES,
)
from lake.errors import ContractError

_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}),\s*(\d{1,2})\)\Z")
_BOUNDS = ("minimum", "maximum")


def read_column(section: Section) -> Column:
    """One column; whatever is wrong with it is noted in the section's problems."""
    section.allow(COLUMN_KEYS)
    name = _name(section)
    known = _type(section)
    kind = known or Type("string")
    custom = section.custom(COLUMN_CUSTOM)
    bounds = _options(section, kind) if known else {}
    enum = _enum(section, kind, severities := _severities(custom))
    decimals = custom.get("decimals", "whole number")
    column = Column(
        name=name,
        type=kind,
        description=section.text("description", required=True),
        required=section.flag("required"),
        unit=custom.text("unit") or None,
        source_field=custom.text("sourceField") or None,
        enum=enum,
        decimals=6 if decimals is None else decimals,
        examples=tuple(section.get("examples", "list") or ()),
        severities=tuple(severities.items()),
        classification=section.text("classification") or None,
        **bounds,
    )
    if known:
        _check_examples(section, column)
    return column


def _name(section: Section) -> str:
    name = section.text("name", required=True)
    if name and (not NAME.match(name) or len(name) > MAX_NAME_LENGTH):
        section.fault(
            "name",
            f"the column name {name!r} is not lower snake case of at most {MAX_NAME_LENGTH} characters",
            "write it like wind_speed_kmh",
        )
    if name in RESERVED:
        section.fault("name", f"{name!r} is a reserved word of {', '.join(RESERVED[name])}", "choose another name")
    return name


def _type(section: Section) -> Type | None:
    logical = section.choose("logicalType", "logical type", LOGICAL_TYPES, "")
    physical = section.text("physicalType").upper()
    if not logical:
        if "logicalType" not in section.values:
            section.fault("name", "'logicalType' is missing", f"choose one of: {', '.join(LOGICAL_TYPES)}")
        return None
    if logical == "number" and (match := _DECIMAL.match(physical)):
        precision, scale = int(match[1]), int(match[2])
        if not (1 <= precision <= 38 and scale <= precision):
            section.fault("physicalType", f"{physical}: no such decimal", "precision is 1 to 38, scale at most that")
        return Type("decimal", precision, scale)
    if physical and physical != PHYSICAL_TYPES[logical].partition(" ")[0]:
        why = ""
        if physical.startswith("U") or "UNSIGNED" in physical:
            why = " (unsigned integers do not exist everywhere)"
        if physical.endswith(("_NS", "(9)")):
            why = " (timestamps are UTC microseconds)"
        section.fault(
            "physicalType", f"a {logical} cannot be stored as {physical}{why}", f"write {PHYSICAL_TYPES[logical]}"
        )
    kinds: dict[str, Any] = {"number": "float"}
    column_type = Type(kinds.get(logical, logical))
    _check_suffix(section, column_type)
    return column_type


def _check_suffix(section: Section, column_type: Type) -> None:
    suffix = {"timestamp": "_at", "date": "_date"}.get(column_type.kind)
    name = section.values.get("name")
    if suffix and isinstance(name, str) and not name.endswith(suffix):
        section.fault("name", f"the {column_type.kind} column {name!r} does not end with {suffix}", "rename it")


def _options(section: Section, column_type: Type) -> dict[str, Any]:
    allowed = {"string": ("maxLength", "pattern"), "boolean": ()}.get(column_type.kind, _BOUNDS)
    options = section.section("logicalTypeOptions").allow(allowed)
    found: dict[str, Any] = {}
    parsed: dict[str, Any] = {}
    for key in _BOUNDS:
        if key not in allowed or key not in options.values:
            continue
        try:
            parsed[key] = parse_value(column_type.kind, options.values[key])
            found[key] = options.values[key]
        except ValueError:
            fix = {"date": "write it as 2013-07-04", "timestamp": "write it as 2013-07-04T12:00:00Z"}
            options.fault(
                key, f"{key} {options.values[key]!r} is no {column_type.kind}", fix.get(column_type.kind, "mend it")
            )
    if len(parsed) == len(_BOUNDS) and parsed["minimum"] > parsed["maximum"]:
        options.fault("minimum", f"minimum {found['minimum']} is above maximum {found['maximum']}", "swap them")
    if allowed == ("maxLength", "pattern"):
        found["max_length"] = options.get("maxLength", "whole number")
        if found["max_length"] is not None and found["max_length"] < 1:
            options.fault("maxLength", "maxLength must be at least 1")
        found["pattern"] = options.get("pattern", "text")
        _noting(options, "pattern", check_pattern, found["pattern"])
    return found


def _noting(section: Section, key: str, check: Callable[[str], object], value: str | None) -> None:
    try:
        if value is not None:
            check(value)
    except ContractError as error:
        section.fault(key, error.what, error.fix)


def _enum(section: Section, column_type: Type, severities: dict[RuleKind, Severity]) -> tuple[str, ...]:
    values: tuple[str, ...] = ()
    for check in section.sections("quality"):
        check.allow(CHECK_KEYS)
        if check.choose("metric", "metric of a column", ("invalidValues",), "invalidValues") and values:
            check.fault("metric", "the valid values stand twice")
        valid = check.section("arguments").allow(("validValues",)).get("validValues", "list", required=True) or []
        if check.values.get("mustBe") != 0:
            check.fault("mustBe", "invalidValues must be 0", "write mustBe: 0")
        if column_type.kind != "string" or not all(isinstance(value, str) for value in valid):
            check.fault("arguments", "validValues are texts of a string column", "quote them, or use minimum/maximum")
        if len(set(map(str, valid))) != len(valid):
            check.fault("arguments", "a valid value stands twice")
        values = tuple(value for value in valid if isinstance(value, str))
        if SEVERITIES[check.choose("severity", "severity", SEVERITIES, "error")] == "warn":
            severities["enum"] = "warn"
    return values


def _severities(custom: Section) -> dict[RuleKind, Severity]:
    found: dict[RuleKind, Severity] = {}
    known = ("required", "minimum", "maximum", "max_length", "pattern", "type")
    for kind, severity in (custom.get("severities", "mapping") or {}).items():
        if kind not in known:
            custom.fault("severities", f"unknown rule: {kind!r}", f"choose one of: {', '.join(known)}")
        elif severity not in SEVERITIES:
            custom.fault("severities", f"unknown severity: {severity!r}", f"choose one of: {', '.join(SEVERITIES)}")
        else:
            assert kind in get_args(RuleKind)
            found[kind] = SEVERITIES[severity]
    return found


def _check_examples(section: Section, column: Column) -> None:
    for example in column.examples:
        try:
            broken = breaks(column, parse_value(column.type.kind, example))
        except ValueError:
            section.fault("examples", f"the example {example!r} is no {column.type.kind}")
            continue
        if broken:
            section.fault("examples", f"the example {example!r} breaks {broken}", "mend the example or the rule")
