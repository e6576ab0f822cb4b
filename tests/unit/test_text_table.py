"""Rows for people: aligned in a pipe, a table on a terminal, hostile texts harmless in both."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest

from pipeline.text_table import aligned, print_rows, text

HEADERS = ("name", "rows", "share")
ROWS = [("a", 1234567, None), ("a longer name", 5, 0.25)]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_and_numbers_stand_to_the_right() -> None:
    assert aligned(HEADERS, ROWS) == [
        "name                rows  share",
        "a              1,234,567",
        "a longer name          5   0.25",
    ]


def test_no_rows_leave_the_header() -> None:
    assert aligned(("a", "b"), []) == ["a  b"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, ""),
        (True, "true"),
        (1234, "1,234"),
        (Decimal("1.50"), "1.50"),
        ("two\nlines", "two lines"),
        ("\x1b]0;owned\x07\x1b[31mred", " ]0;owned  [31mred"),
        ("Zürich – 冬", "Zürich – 冬"),
    ],
)
def test_a_value_is_one_line_of_printable_text(cell: object, shown: str) -> None:
    assert text(cell) == shown


def test_years_and_keys_are_not_separated() -> None:
    assert aligned(("year",), [(2013,)], thousands=False) == ["year", "2013"]


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(HEADERS, iter(ROWS), title="counts")
    assert capsys.readouterr().out.splitlines()[:2] == ["counts", "name                rows  share"]


def test_a_terminal_gets_a_table_in_which_markup_is_only_text(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    print_rows(("[b]name", "rows"), [("[red]x[/red][/", 12)], title="[link=http://x]t")
    for word in ("[b]name", "[red]x[/red][/", "12", "[link=http://x]t", "━"):
        assert word in screen.getvalue()
