"""Expressions: the subset is read as SQL reads it, also with nulls; everything else is refused with the reason."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contract.expressions import parse
from lake.contract.model import Kind
from lake.contract.polars_rules import expression
from lake.errors import ContractError

KINDS: dict[str, Kind] = {
    "a": "integer",
    "b": "integer",
    "x": "float",
    "word": "string",
    "flag": "boolean",
    "seen_at": "timestamp",
    "told_at": "timestamp",
    "born_date": "date",
}
FRAME = pl.DataFrame(
    {
        "a": [0, 1, 2, None, -3, 7],
        "b": [1, 1, None, 4, 0, -7],
        "x": [0.5, None, -1.5, 2.0, 1.0, 0.0],
        "word": ["it's", None, "no", "", "yes", "no"],
        "flag": [True, False, None, True, False, None],
    }
)
GOOD = [
    "a <= b + 0.5",
    "a < b OR x IS NULL",
    "NOT flag OR a = 0",
    "not (flag and a <> b)",
    "a != b",
    "a BETWEEN b - 2 AND b * 3",
    "a NOT BETWEEN 1 AND 2",
    "word IN ('it''s', 'no')",
    "word NOT IN ('yes') AND word <> ''",
    "x IS NOT NULL",
    "flag = true OR flag = false",
    "x / 2.0 - -1.5 >= a",
    "-a < 2 AND - x < 1",
    "(a + b) * 2 = a * 2 + b * 2",
    "a + b * 2 - a - b * 2 = 0",
    "10 - a - b > 10 - (a - b)",
    "a IN (1, 2, 7)",
]
BAD = [
    ("a", "it gives a integer"),
    ("a < b < 3", "cannot be chained"),
    ("a <", "ends too early"),
    ("a < b)", "not expected"),
    ("(a < b", "missing"),
    ("nothing < 1", "no column 'nothing'"),
    ("abs(a) < 1", "the function abs()"),
    ("a < 'one'", "a integer is compared with a string"),
    ("word < 'b'", "order a string differently"),
    ("flag > false", "order a boolean differently"),
    ("word || 'x' = 'yx'", "is not part of it"),
    ("a / b > 1", "divide only by a number"),
    ("a / 2 > 1", "divide only by a number"),
    ("x / 0.0 > 1", "divide only by a number"),
    ("a AND b > 1", "AND takes conditions"),
    ("NOT a", "NOT takes conditions"),
    ("word + 1 > 2", "+ takes numbers"),
    ("-word = 'a'", "- takes numbers"),
    ("a NOT 3", "NOT must be followed"),
    ("a IN (b)", "list of numbers or texts"),
    ("a IN ()", "not expected"),
    ("a IS 3", "missing"),
    ("a BETWEEN 1", "missing"),
    ("a = null", "not expected"),
    ("CASE WHEN a > 1 THEN true END", "no column 'CASE'"),
    ("a > 1; drop table t", "is not part of it"),
    ("a > 1 -- comment", "not part|no column|ends|not expected"),
    ("seen_at > '2013-01-01'", "a timestamp is compared with a string"),
    ("seen_at > born_date", "a timestamp is compared with a date"),
    ('"a" > 1', "is not part of it"),
    ("", "ends too early"),
    ("1 < 2", "it reads no column"),
]


@pytest.mark.parametrize("text", GOOD)
def test_polars_and_duckdb_read_it_alike_also_with_nulls(text: str) -> None:
    ours = FRAME.select(expression(parse(text, KINDS).tree).alias("v"))["v"].to_list()
    frame = FRAME.to_arrow()
    with duckdb.connect() as connection:
        connection.register("frame", frame)
        theirs = [row[0] for row in connection.execute(f"SELECT {text} FROM frame").fetchall()]
    assert ours == theirs
    assert {True, False} & set(ours)


@pytest.mark.parametrize(("text", "why"), BAD)
def test_what_leaves_the_subset_is_refused(text: str, why: str) -> None:
    with pytest.raises(ContractError, match=why.replace("(", r"\(").replace(")", r"\)").replace("+", r"\+")):
        parse(text, KINDS)


def test_the_columns_are_named_once_in_order_of_reading() -> None:
    found = parse("x >  0 AND\n a < b OR x IS NULL", KINDS)
    assert found.columns == ("x", "a", "b")
    assert found.text == "x > 0 AND a < b OR x IS NULL"
    assert parse("seen_at <= told_at", KINDS).columns == ("seen_at", "told_at")


_LEAVES = st.sampled_from(["a", "b", "x", "1", "2.5", "-3"])
_SUMS = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
    max_leaves=4,
)
_COMPARED = st.one_of(
    st.tuples(_SUMS, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), _SUMS).map(" ".join),
    _SUMS.map(lambda s: f"{s} IS NULL"),
    st.just("flag"),
)
_CONDITIONS = st.recursive(
    _COMPARED,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(" ".join),
        inner.map(lambda c: f"NOT ({c})"),
        inner.map(lambda c: f"({c})"),
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(_CONDITIONS.filter(lambda text: any(name in text for name in ("a", "b", "x"))))
def test_any_expression_of_the_subset_means_the_same_to_polars_and_duckdb(text: str) -> None:
    ours = FRAME.select(expression(parse(text, KINDS).tree).alias("v"))["v"].to_list()
    with duckdb.connect() as connection:
        connection.register("frame", FRAME.to_arrow())
        theirs = [row[0] for row in connection.execute(f"SELECT {text} FROM frame").fetchall()]
    assert ours == theirs
