"""The comparison as one HTML page that loads nothing from anywhere and reads well by day and by night."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from html import escape

from pipeline.parity.model import Keys, Parity, TableParity, ValueDifference, ValueExample, text

_STYLE = """
:root { color-scheme: light dark; --line: #8883; --soft: #8881; --good: #1a7f37; --bad: #c62828; --dim: #666;
  --back: #fff; --ink: #1b1f24; }
@media (prefers-color-scheme: dark) { :root { --good: #57c878; --bad: #ff7b72; --dim: #a0a6ad; --back: #14171b;
  --ink: #e6e8eb; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--back); color: var(--ink); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 0.4rem; } h3 { font-size: 1rem; margin: 1rem 0 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: 0.5rem 0 1.2rem; }
th { text-align: left; color: var(--dim); font-weight: 600; }
th, td { padding: 0.3rem 0.7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
td > span { white-space: nowrap; } .equal { color: var(--good); } .absent { color: var(--dim); }
.different, .failed { color: var(--bad); font-weight: 600; }
.hint { background: var(--soft); border-left: 3px solid var(--bad); padding: 0.4rem 0.8rem; margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--dim); }
code { font-size: 0.92em; overflow-wrap: anywhere; } a { color: inherit; } .dim { color: var(--dim); }
"""


def as_html(parity: Parity) -> str:
    """The verdict, every table in one list, then what differs, table by table."""
    word = "equal" if parity.is_equal else "different"
    days = f", days {' to '.join(dict.fromkeys(map(str, parity.days)))}" if parity.days else ""
    title = f"Parity of {escape(parity.left)} and {escape(parity.right)}"
    verdict = f'<span class="{word}">{word}</span>: {escape(parity.summary)}{days}.'
    body = [
        f"<h1>{title}</h1>",
        f'<p>{verdict} <span class="dim">{escape(parity.compared_at)}, {parity.seconds:.1f} s</span></p>',
        *(f'<p class="hint">{escape(note)}</p>' for note in parity.notes),
        _places(parity),
        _index(parity),
        *(
            line
            for table in parity.tables
            if table.verdict in ("different", "failed")
            for line in _details(parity, table)
        ),
    ]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>\n<body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _table(head: list[str], rows: list[list[str]], numbers: Collection[int] = ()) -> str:
    """``rows`` are HTML already."""

    def line(cells: list[str], tag: str) -> str:
        marked = (' class="number"' if place in numbers else "" for place in range(len(cells)))
        return "".join(f"<{tag}{mark}>{cell}</{tag}>" for cell, mark in zip(cells, marked, strict=True))

    lines = "\n".join(f"<tr>{line(row, 'td')}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{line(head, "th")}</tr>\n{lines}</table></div>'


def _code(value: object) -> str:
    return f"<code>{escape(text(value))}</code>"


def _places(parity: Parity) -> str:
    names = [parity.left, parity.right]
    kinds = list(dict.fromkeys(kind for side in names for kind in parity.places.get(side, {})))
    rows = [[escape(kind), *(_code(parity.places.get(side, {}).get(kind, "")) for side in names)] for kind in kinds]
    return _table(["where", *map(escape, names)], rows)


def _index(parity: Parity) -> str:
    rows = []
    for table in parity.tables:
        named = f"{table.layer}.{table.table}"
        shown = f'<a href="#{escape(named)}">{escape(table.table)}</a>' if table.is_off else escape(table.table)
        word = f'<span class="{table.verdict}">{_word(table)}</span>'
        counts = ["" if count is None else f"{count:,}" for count in (table.left_rows, table.right_rows)]
        rows.append([word, escape(table.layer), shown, *counts, escape(table.what_differs)])
    sides = [f"rows, {escape(side)}" for side in (parity.left, parity.right)]
    return _table(["verdict", "layer", "table", *sides, "what differs"], rows, {3, 4})


def _word(table: TableParity) -> str:
    return "on neither side" if table.verdict == "absent" else table.verdict


def _details(parity: Parity, table: TableParity) -> Iterator[str]:
    named = f"{table.layer}.{table.table}"
    yield f'<h2 id="{escape(named)}">{escape(named)}</h2>'
    if table.error:
        yield f'<p class="failed">{escape(table.error)}</p>'
    if table.key:
        yield f'<p class="dim">rows matched by {escape(", ".join(table.key))}</p>'
    yield from (f'<p class="hint">Likely {escape(hint)}</p>' for hint in table.hints)
    if table.columns:
        rows = [[_code(each.column), _code(each.left or "none"), _code(each.right or "none")] for each in table.columns]
        yield _table(["column", escape(parity.left), escape(parity.right)], rows)
    for keys, told in _key_lists(parity, table):
        yield f"<h3>{escape(told)}</h3>"
        yield _table([escape(name) for name in table.key], [[_code(cell) for cell in key] for key in keys.examples])
    if table.values:
        yield _columns_with_values(parity, table)
        yield "<details><summary>the first differing rows of each column</summary>"
        yield from (_first_rows(parity, table, value) for value in table.values)
        yield "</details>"


def _key_lists(parity: Parity, table: TableParity) -> Iterator[tuple[Keys, str]]:
    for keys, told in (
        (table.doubled_left, f"stand more than once in {parity.left}"),
        (table.doubled_right, f"stand more than once in {parity.right}"),
        (table.only_left, f"only in {parity.left}"),
        (table.only_right, f"only in {parity.right}"),
    ):
        if keys.count:
            yield keys, f"{keys.count:,} key{'s' * (keys.count != 1)} {told}"


def _columns_with_values(parity: Parity, table: TableParity) -> str:
    """One line per column: how many rows, the likely reason, and the first of them."""
    rows = []
    for value in table.values:
        cells = [_code(value.column), f"{value.rows:,}", escape(value.trap or "")]
        rows.append([*cells, *(_example(table, value.examples[0]) if value.examples else [""] * 3)])
    sides = [escape(parity.left), escape(parity.right)]
    return _table(["column", "rows", "likely", "first at", *sides], rows, {1})


def _example(table: TableParity, first: ValueExample) -> list[str]:
    at = ", ".join(f"{name}={text(cell)}" for name, cell in zip(table.key, first.key, strict=True))
    return [_code(at), _code(first.left), _code(first.right)]


def _first_rows(parity: Parity, table: TableParity, value: ValueDifference) -> str:
    rows = [[*map(_code, each.key), _code(each.left), _code(each.right)] for each in value.examples]
    head = [*map(escape, table.key), escape(parity.left), escape(parity.right)]
    return f"<h3>{_code(value.column)}</h3>" + _table(head, rows)
