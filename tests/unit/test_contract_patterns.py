"""Patterns: what is in the subset means the same to Polars, DuckDB and Python; what would not is refused."""

from __future__ import annotations

from random import Random

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contract.patterns import check_pattern, matches, text_matching
from lake.errors import ContractError

GOOD = [
    "^[a-z0-9][a-z0-9_.-]*$",
    "^[A-Z]{2}$",
    "^[A-Z0-9]{3,8}$",
    "^(open|paid in full|void)$",
    "^-?[0-9]{1,3}([.][0-9]+)?$",
    "^[A-Za-z][A-Za-z0-9_+/-]*$",
    "^a(b(c|d)+)*e?$",
    "^[0-9]{2,}$",
]
BAD = [
    ("abc", "begin with"),
    ("^abc", "begin with"),
    ("^$", "begin with"),
    ("^a|b$", "outside a group"),
    (r"^\d+$", "position 2"),
    ("^a.b$", "literal dot"),
    ("^a$b$", "position 3"),
    ("^(?=a)b$", "lookaround"),
    ("^(?:a)b$", "special group"),
    ("^(?i)ab$", "flag"),
    ("^a*?$", "lazy"),
    ("^a++$", "lazy"),
    ("^a{2}{3}$", "lazy"),
    ("^a{3,2}$", "upwards"),
    ("^a{300}$", "255"),
    ("^a{,3}$", "position 3"),
    ("^[^a]$", "negated"),
    ("^[]$", "empty"),
    ("^[a$", "not closed"),
    ("^[[:alpha:]]$", "nested"),
    ("^[a&&b]$", "&&"),
    ("^[z-a]$", "range"),
    ("^[A-z]$", "range"),
    ("^[+-9]$", "range"),
    ("^[a-z-9]$", "'-' within a class"),
    ("^(a|)$", "empty branch"),
    ("^()$", "empty branch"),
    ("^(a$", "not closed"),
    ("^a)$", "position 3"),
    ("^*a$", "position 2"),
]


@pytest.mark.parametrize("pattern", GOOD)
def test_good_patterns_mean_the_same_everywhere(pattern: str) -> None:
    check_pattern(pattern)
    chance = Random(7)
    texts = [text_matching(pattern, chance) for _ in range(20)]
    assert all(matches(pattern, text) for text in texts)
    texts += [text + end for text in texts[:4] for end in ("\n", "!", " ", "é", "0")] + ["", "\n", "A", "é", "open"]
    expected = [matches(pattern, text) for text in texts]
    assert pl.Series(texts).str.contains(pattern).to_list() == expected
    found = duckdb.sql(
        "SELECT regexp_full_match(t, ?) FROM (SELECT unnest(?) AS t)", params=[pattern, texts]
    ).fetchall()
    assert [row[0] for row in found] == expected


@pytest.mark.parametrize(("pattern", "why"), BAD)
def test_bad_patterns_are_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_pattern(pattern)
    assert why in caught.value.what
    assert "every backend reads alike" in str(caught.value.fix)


def test_a_text_can_be_stretched_to_a_length_where_a_quantifier_allows() -> None:
    assert len(text_matching("^[a-z][a-z0-9]*$", Random(1), 65)) == 65
    assert matches("^[a-z][a-z0-9]*$", text_matching("^[a-z][a-z0-9]*$", Random(1), 65))
    assert len(text_matching("^[A-Z]{2}$", Random(1), 5)) == 2


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="^$[](){}|?*+a-z0,.\\&", max_size=12))
def test_whatever_is_accepted_is_a_regular_expression_to_all(body: str) -> None:
    pattern = f"^{body}$"
    try:
        check_pattern(pattern)
    except ContractError:
        return
    text = text_matching(pattern, Random(0))
    assert matches(pattern, text)
    assert pl.Series([text]).str.contains(pattern).to_list() == [True]
    assert duckdb.sql("SELECT regexp_full_match(?, ?)", params=[text, pattern]).fetchall() == [(True,)]
