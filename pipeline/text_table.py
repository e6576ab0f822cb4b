"""Rows for people: a rich table on a terminal, aligned plain text in a pipe. JSON is the commands' own business."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal


def print_rows(
    headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "", thousands: bool = True
) -> None:
    """Print ``rows`` to standard output; numbers stand to the right, None as nothing.

    ``thousands`` separates those of integers: right for counts, wrong for years and keys.
    """
    rows = [list(row) for row in rows]
    if sys.stdout.isatty():
        _print_rich(headers, rows, title, thousands)
        return
    lines = [title] if title else []
    sys.stdout.write("\n".join(lines + aligned(headers, rows, thousands=thousands)) + "\n")


def aligned(headers: Sequence[str], rows: Sequence[Sequence[object]], *, thousands: bool = True) -> list[str]:
    """Header and rows as lines of equal columns, two blanks between."""
    table = [list(headers), *([text(cell, thousands=thousands) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(headers))]
    right = _right(headers, rows)
    return [
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in table
    ]


def text(cell: object, *, thousands: bool = True) -> str:
    """One value as people read it: thousands separated, truths in lower case, one line without control characters."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    if thousands and isinstance(cell, int):
        return f"{cell:,}"
    return "".join(sign if sign.isprintable() else " " for sign in str(cell))


def _right(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> list[bool]:
    """Which columns hold numbers only."""
    columns = [[row[column] for row in rows if row[column] is not None] for column in range(len(headers))]
    return [bool(cells) and all(type(cell) in (int, float, Decimal) for cell in cells) for cells in columns]


def _print_rich(headers: Sequence[str], rows: Sequence[Sequence[object]], title: str, thousands: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title) if title else None, title_justify="left")
    for header, to_right in zip(headers, _right(headers, rows), strict=True):
        table.add_column(Text(header), justify="right" if to_right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(text(cell, thousands=thousands)) for cell in row))
    Console(highlight=False).print(table)
