"""Each kind of rule: which rows break it, what the reason says, and that null passes as in SQL's CHECK."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from gate_support import column, contract, raw

from lake.contract.model import Rule
from lake.errors import ContractError
from lake.gate import Gated, gate


def reasons(gated: Gated) -> list[list[str]]:
    return gated.rejected["reasons"].to_list()


def judged(one: Any, values: list[object], **more: Any) -> Gated:
    return gate(contract([column("number", "integer"), one], **more), raw([{one.name: value} for value in values]))


@pytest.mark.parametrize(
    ("one", "good", "bad", "reason"),
    [
        (column("x", "float", minimum=-5), [-5, -4.9, None], -5.1, "x: -5.1 is below the minimum -5"),
        (column("x", "integer", maximum=2**53), [2**53], 2**53 + 1,
         "x: 9007199254740993 is above the maximum 9007199254740992"),
        (column("x", "integer", maximum=10.0), [10], 11, "x: 11 is above the maximum 10.0"),
        (column("x", "integer", minimum=0.5), [1], 0, "x: 0 is below the minimum 0.5"),
        (column("x", "decimal", 8, 2, maximum=0.1), [0.1], "0.11", "x: 0.11 is above the maximum 0.1"),
        (column("x", "date", minimum="2013-01-01"), ["2013-01-01"], "2012-12-31",
         'x: "2012-12-31" is below the minimum 2013-01-01'),
        (column("x", "timestamp", maximum="2013-01-01T00:00:00Z"), ["2013-01-01T00:00"], "2013-01-01T00:00:01",
         "x: 2013-01-01T00:00:01Z is above the maximum 2013-01-01T00:00:00Z"),
        (column("x", "timestamp", maximum="2013-01-01T00:00:00"), ["2013-01-01T02:00+02:00"], "2013-01-01T00:00:00.5",
         "x: 2013-01-01T00:00:00.500Z is above the maximum 2013-01-01T00:00:00"),
        (column("x", "string", max_length=2), ["ab", "éé", "", None], "abc", 'x: "abc" is longer than 2'),
        (column("x", "string", enum=("rain", "snow")), ["rain", None], "Rain", 'x: "Rain" is not one of rain, snow'),
        (column("x", "string", pattern="^[a-z]+$"), ["a"], "a\n", 'x: "a\\n" does not match ^[a-z]+$'),
        (column("x", "boolean", required=True), [True, False], None, "x: a value is required"),
        (column("x", "float"), [1, None], float("nan"), 'x: "NaN" is not a finite number'),
        (column("x", "string"), ["a"], "a\0", 'x: "a\\u0000" is not text without NUL characters'),
        (column("x", "decimal", 4, 2), [99.99], 100,
         "x: 100.0 is not a decimal number of 4 digits, 2 of them decimals"),
        (column("x", "integer"), [1], True, "x: true is not a whole number of 64 bits"),
        (column("x", "string"), ["a"], {"b": "é"}, 'x: {"b":"é"} is not text without NUL characters'),
    ],
)  # fmt: skip
def test_a_rule_rejects_with_its_reason(one: Any, good: list[object], bad: object, reason: str) -> None:
    gated = judged(one, [*good, bad])
    assert gated.rejected["_position"].to_list() == [len(good)]
    assert reasons(gated) == [[reason]]
    assert gated.valid.height == len(good)


def test_long_values_are_shortened_in_reasons_but_not_in_the_row() -> None:
    gated = judged(column("x", "string", max_length=5), ["y" * 1000])
    ((reason,),) = reasons(gated)
    assert len(reason) < 200
    assert reason.endswith("... is longer than 5")
    assert "y" * 1000 in gated.rejected["row"][0]


def expression(text: str, *names: str, severity: Any = "error") -> Rule:
    return Rule("holds", "expression", names, severity, expression=text)


@pytest.mark.parametrize(
    ("text", "passing", "broken"),
    [
        ("a <= b + 0.5", [(1, 1), (None, 1), (1, None)], [(2, 1)]),
        ("a < 5 OR b < 5", [(1, 9), (None, 1), (9, None), (None, None)], [(9, 9)]),
        ("a < 5 AND b < 5", [(1, 1), (1, None)], [(9, 1), (9, None), (None, 9)]),
        ("NOT (a = b)", [(1, 2), (None, 2)], [(1, 1)]),
        ("a IS NULL OR b IS NOT NULL", [(None, None), (1, 1)], [(1, None)]),
        ("a BETWEEN 1 AND b", [(2, 3), (None, 3), (2, None)], [(4, 3), (0, None)]),
        ("a IN (1, 2)", [(1, 0), (None, 0)], [(3, 0)]),
        ("a NOT IN (1, 2)", [(3, 0), (None, 0)], [(1, 0)]),
        ("a / 2.0 < b", [(3, 2)], [(4, 2)]),
        ("-a <= b * 2 - 1", [(1, 0)], [(-2, 1)]),
    ],
)
def test_expressions_are_three_valued(text: str, passing: list[Any], broken: list[Any]) -> None:
    """False breaks, null passes; also where DuckDB judges the same rows as a CHECK would."""
    rules = [expression(text, "a", "b")]
    rows = [*passing, *broken]
    gated = gate(
        contract([column("a", "integer"), column("b", "integer")], rules=rules),
        raw([{"a": a, "b": b} for a, b in rows]),
    )
    assert gated.rejected["_position"].to_list() == list(range(len(passing), len(rows)))
    for a, b in rows:
        query = f"SELECT coalesce({text}, true) FROM (SELECT ?::BIGINT AS a, ?::BIGINT AS b)"
        assert duckdb.execute(query, [a, b]).fetchall() == [((a, b) in passing,)]


def test_an_expression_names_its_values() -> None:
    rules = [expression("a <= b", "a", "b")]
    columns = [column("a", "float"), column("b", "float")]
    gated = gate(contract(columns, rules=rules), raw([{"a": 2, "b": 1.5}]))
    assert reasons(gated) == [["a <= b does not hold for a=2.0, b=1.5"]]
    assert gated.rejected["rules"].to_list() == [["holds"]]


@pytest.mark.parametrize("text", ["a <=", "nowhere > 1", "a + 1", "a LIKE 3"])
def test_an_expression_that_cannot_be_read_names_the_rule(text: str) -> None:
    with pytest.raises(ContractError, match="rule holds: "):
        gate(contract([column("a", "integer")], rules=[expression(text, "a")]), raw([{"a": 1}]))


def test_a_product_beyond_38_digits_says_which_contract_to_mend() -> None:
    wide = contract([column("a", "decimal", 38, 2)], rules=[expression("a * a > 0", "a")])
    with pytest.raises(ContractError, match="overflow in decimal multiplication"):
        gate(wide, raw([{"a": "9" * 36}]))
    narrow = contract([column("a", "decimal", 18, 2)], rules=[expression("a * a + a > 0", "a")])
    assert gate(narrow, raw([{"a": "9" * 16}])).valid.height == 1


def test_a_warning_is_counted_and_lets_the_row_in() -> None:
    columns = [column("a", "integer", minimum=0, severities=(("minimum", "warn"),)), column("b", "integer", minimum=0)]
    rules = [expression("a < b", "a", "b", severity="warn")]
    rows = [{"a": -1, "b": 5}, {"a": -1, "b": -5}, {"a": 3, "b": 3}, {"a": 1, "b": 2}]
    gated = gate(contract(columns, rules=rules), raw(rows))
    assert gated.valid["a"].to_list() == [-1, 3, 1]
    assert gated.rejected["rules"].to_list() == [["b.minimum"]]
    assert sorted(gated.counts.select("rule", "severity", "rows").rows()) == [
        ("a.minimum", "warn", 2),
        ("b.minimum", "error", 1),
        ("holds", "warn", 2),
    ]


def test_every_rule_that_a_row_breaks_is_named_in_the_order_of_the_contract() -> None:
    columns = [
        column("a", "integer", required=True),
        column("b", "string", max_length=1, enum=("x",), pattern="^[a-z]$"),
        column("c", "date"),
    ]
    gated = gate(contract(columns), raw([{"a": None, "b": "YY", "c": "soon"}]))
    assert gated.rejected["rules"].to_list() == [["c.type", "a.required", "b.max_length", "b.enum", "b.pattern"]]
    assert len(reasons(gated)[0]) == 5


def test_a_type_fault_is_not_also_a_missing_value() -> None:
    gated = judged(column("x", "integer", required=True, minimum=5), ["7"])
    assert gated.rejected["rules"].to_list() == [["x.type"]]


def test_a_type_rule_of_severity_warn_nulls_the_value() -> None:
    gated = judged(column("x", "integer", severities=(("type", "warn"),)), ["7", 8])
    assert gated.valid["x"].to_list() == [None, 8]
    assert gated.counts.select("rule", "severity", "rows").rows() == [("x.type", "warn", 1)]


def test_keys_are_required_whatever_the_contract_says() -> None:
    one = column("x", "integer", required=True, severities=(("required", "warn"),))
    for columns in ([column("x", "integer")], [one]):
        gated = gate(contract(columns, key=["x"]), raw([{"x": None}, {"x": None}, {"x": 1}]))
        assert gated.rejected["rules"].to_list() == [["x.required"]] * 2
        assert gated.duplicates == 0


def test_rules_keep_the_names_that_the_contract_gives_them() -> None:
    rules = [Rule("whole", "type", ("x",)), Rule("once", "key", ("x",))]
    made = contract([column("x", "integer")], key=["x"], rules=rules, on_duplicate="reject")
    gated = gate(made, raw([{"x": "a"}, {"x": 1}, {"x": 1}]))
    assert gated.rejected["rules"].to_list() == [["whole"], ["once"], ["once"]]
