"""The answer to a query as people and programs read it: a table, JSON (a list of objects) or CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal


def print_answer(
    columns: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool = False, as_csv: bool = False
) -> None:
    """Print the rows to standard output; timestamps in UTC, a column's name that stands twice numbered in JSON."""
    if as_json:
        _print_json(columns, rows)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_plain(cell) for cell in row] for row in rows)
    else:
        from pipeline.text_table import print_rows

        print_rows(columns, [[_readable(cell) for cell in row] for row in rows], thousands=False)


def _print_json(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    import orjson

    names: list[str] = []
    for column in columns:
        twice = columns[: len(names)].count(column)
        names.append(f"{column}_{twice + 1}" if twice else column)
    documents = [dict(zip(names, row, strict=True)) for row in rows]
    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(documents, default=_json, option=options).decode() + "\n")


def _json(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    return value.hex() if isinstance(value, bytes) else str(value)


def _plain(cell: object) -> object:
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, datetime):
        cell = cell.astimezone(UTC) if cell.tzinfo else cell
        return cell.isoformat().replace("+00:00", "Z")
    return cell.isoformat() if isinstance(cell, date) else cell


def _readable(cell: object) -> object:
    if isinstance(cell, datetime):
        cell = cell.astimezone(UTC) if cell.tzinfo else cell
        return cell.strftime("%Y-%m-%d %H:%M" if not cell.second and not cell.microsecond else "%Y-%m-%d %H:%M:%S")
    return cell
