"""Values as a contract writes them (bounds, examples), turned into Python values of a column's type."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any


def parse_value(kind: str, value: object) -> Any:
    """A YAML value as a Python value of a column's kind (float, int, Decimal, date, aware datetime, str, bool).

    Raises ValueError where it is none: a timestamp needs ``Z``, microseconds at most.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "float" and is_number:
        return float(value)  # type: ignore[arg-type]
    if kind == "integer" and isinstance(value, int) and is_number and -(2**63) <= value < 2**63:
        return value
    if kind == "decimal" and (is_number or isinstance(value, str)):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise ValueError(value) from None
    if (kind == "boolean" and isinstance(value, bool)) or (kind == "string" and isinstance(value, str)):
        return value
    if kind == "date" and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    if kind == "timestamp" and isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{8,15}Z", value):
        return datetime.fromisoformat(value).astimezone(UTC)
    raise ValueError(value)
