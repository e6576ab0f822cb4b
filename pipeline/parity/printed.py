"""The comparison on a terminal: every table in one list, then the first differences with their likely reason."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.parity.model import Keys, Parity, TableParity, text

FEW = 3  # examples of one kind
COLUMNS = 6  # whose values are shown; the report has all


def table_rows(parity: Parity) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Head and rows of the list."""
    head = ("layer", "table", f"rows {parity.left}", f"rows {parity.right}", "verdict", "what differs")
    rows: list[tuple[object, ...]] = [
        (table.layer, table.table, table.left_rows, table.right_rows, table.verdict, table.what_differs)
        for table in parity.tables
    ]
    return head, rows


def differences(parity: Parity) -> Iterator[str]:
    """What is to be known first, then the first differences of each table that is not equal, one line each."""
    for note in parity.notes:
        yield ""
        yield f"note: {note}"
    for table in parity.tables:
        if table.is_off:
            yield ""
            yield f"{table.layer}.{table.table}: {table.verdict}"
            yield from (f"  {line}" for line in _lines(parity, table))


def _lines(parity: Parity, table: TableParity) -> Iterator[str]:
    if table.error:
        yield from table.error.splitlines()
    for column in table.columns:
        yield f"column {column.column}: {column.left or 'none'} <> {column.right or 'none'}"
    yield from _keys(table, table.doubled_left, f"more than once in {parity.left}")
    yield from _keys(table, table.doubled_right, f"more than once in {parity.right}")
    yield from _keys(table, table.only_left, f"only in {parity.left}")
    yield from _keys(table, table.only_right, f"only in {parity.right}")
    for value in table.values[:COLUMNS]:
        yield f"{value.column} differs in {value.rows:,} row{'s' * (value.rows != 1)}"
        for example in value.examples[: FEW if len(table.values) <= FEW else 1]:
            yield f"  at {_key(table, example.key)}: {text(example.left)} <> {text(example.right)}"
    if more := [value.column for value in table.values[COLUMNS:]]:
        yield f"and {len(more)} more: {', '.join(more)}"
    for hint in table.hints:
        yield f"likely {hint}"


def _keys(table: TableParity, keys: Keys, told: str) -> Iterator[str]:
    if keys.count:
        examples = "; ".join(_key(table, key) for key in keys.examples[:FEW])
        yield f"{keys.count:,} key{'s' * (keys.count != 1)} {told}: {examples}"


def _key(table: TableParity, key: tuple[object, ...]) -> str:
    return ", ".join(f"{name}={text(value)}" for name, value in zip(table.key, key, strict=True))
