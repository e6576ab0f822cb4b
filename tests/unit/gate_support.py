"""What the gate's tests share: contracts by hand, raw frames from rows, and a second gate in plain Python as oracle."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

import polars as pl

from lake.contract.model import Column, Contract, Kind, Rule, RuleKind, Type
from lake.gate import Gated
from lake.raw import series

FAULT = object()
RUN_DATE = date(2013, 7, 4)


def column(name: str, kind: Kind, precision: int | None = None, scale: int | None = None, **more: Any) -> Column:
    return Column(name, Type(kind, precision, scale), f"the {name}", **more)


def contract(columns: Sequence[Column], key: Sequence[str] = (), rules: Sequence[Rule] = (), **more: Any) -> Contract:
    """With the rules that follow from the columns, as the contracts' reader makes them."""
    found = []
    for one in columns:
        severities = dict(one.severities)
        arguments: dict[RuleKind, object] = {
            "required": one.required or None,
            "minimum": one.minimum,
            "maximum": one.maximum,
            "max_length": one.max_length,
            "enum": one.enum or None,
            "pattern": one.pattern,
        }
        for kind, argument in arguments.items():
            if argument is not None:
                severity = severities.get(kind, "error")
                found.append(Rule(f"{one.name}.{kind}", kind, (one.name,), severity, argument))
    more.setdefault("rejection_threshold", 1.0)
    return Contract("things", "silver", "1.0.0", "d", "o", tuple(columns), tuple(key), (*found, *rules), **more)


def raw(rows: Sequence[Mapping[str, object]], payload: str = "load=1", load: int = 1) -> pl.DataFrame:
    """Rows of JSON values as one raw frame with its metadata."""
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [series(name, [row.get(name) for row in rows]) for name in names]
    return pl.DataFrame(
        [
            *columns,
            pl.Series("_run_date", [RUN_DATE] * len(rows), pl.Date),
            pl.Series("_load", [load] * len(rows), pl.Int64),
            pl.Series("_payload", [payload] * len(rows), pl.String),
            pl.Series("_position", range(len(rows)), pl.Int64),
        ]
    )


def oracle_value(value: object, kind: Type) -> object:
    """The typed value by plain Python, None, or FAULT."""
    return None if value is None else _ORACLES[kind.kind](value, kind)


def _string(value: object, kind: Type) -> object:
    if not isinstance(value, str) or "\0" in value or any(0xD800 <= ord(sign) < 0xE000 for sign in value):
        return FAULT
    return value


def _integer(value: object, kind: Type) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return FAULT
    if isinstance(value, float) and not value.is_integer():
        return FAULT
    return int(value) if -(2**63) <= value < 2**63 else FAULT


def _float(value: object, kind: Type) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return FAULT
    try:
        number = float(value)
    except OverflowError:
        return FAULT
    return number + 0.0 if math.isfinite(number) else FAULT


def _boolean(value: object, kind: Type) -> object:
    return value if isinstance(value, bool) else FAULT


def _decimal(value: object, kind: Type) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return FAULT
    text = value if isinstance(value, str) else repr(value)
    if not re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,5})?", text):
        return FAULT
    assert kind.precision is not None
    try:
        exact = Decimal(text)
        if exact and exact.adjusted() > 80:
            return FAULT
        rounded = exact.quantize(Decimal(1).scaleb(-(kind.scale or 0)), ROUND_HALF_UP, _WIDE)
    except InvalidOperation:
        return FAULT
    return rounded if rounded.scaleb(kind.scale or 0, _WIDE).copy_abs() < 10**kind.precision else FAULT


def _date(value: object, kind: Type) -> object:
    if not isinstance(value, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return FAULT
    try:
        return date.fromisoformat(value)
    except ValueError:
        return FAULT


_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})0*)?)?"
    r"([Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
)


def _timestamp(value: object, kind: Type) -> object:
    match = _ISO.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return FAULT
    day, hour, minute, second, fraction, _, sign, ahead, and_minutes = match.groups()
    if int(ahead or 0) > 23 or int(and_minutes or 0) > 59:
        return FAULT
    offset = timedelta(hours=int(ahead or 0), minutes=int(and_minutes or 0))
    try:
        local = datetime.fromisoformat(f"{day}T{hour}:{minute}:{second or '00'}.{(fraction or '').ljust(6, '0')}")
        return (local + offset if sign == "-" else local - offset).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return FAULT


_ORACLES = {
    "string": _string,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "decimal": _decimal,
    "date": _date,
    "timestamp": _timestamp,
}
_WIDE = Context(prec=500)


def read_json(text: str) -> Any:
    return json.loads(text)


COLUMNS = [
    column("place", "string", required=True, max_length=5, source_field="id"),
    column("seen_at", "timestamp", required=True, source_field="time"),
    column("degrees", "float", minimum=-50, maximum=60),
    column("price", "decimal", 8, 2),
    column("number", "integer"),
    column("is_good", "boolean"),
    column("sold_date", "date"),
]
GOOD = {"id": "jfk", "time": "2013-07-04T05:00", "degrees": 20.5, "price": "1.005", "number": 1, "is_good": True,
        "sold_date": "2013-07-04"}  # fmt: skip


def made(**more: Any) -> Contract:
    """A contract with a column of each type."""
    return contract(COLUMNS, key=["place", "seen_at"], **more)


def good(**other: object) -> dict[str, object]:
    """A row that breaks nothing of it, but for what is given."""
    return {**GOOD, **other}


def identity(gated: Gated, rows: int) -> None:
    """In = valid + rejected + duplicates + rows of refused loads; per load and in all."""
    assert gated.rows_in == rows
    refused = gated.loads.filter("refused")["rows_in"].sum()
    assert rows == gated.valid.height + gated.rejected.height + gated.duplicates + refused
    sums = gated.loads["valid"] + gated.loads["rejected"] + gated.loads["duplicates"]
    assert sums.to_list() == gated.loads["rows_in"].to_list()
