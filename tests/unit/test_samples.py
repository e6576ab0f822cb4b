"""Sample rows: typed, keyed, within the rules or outside exactly the one that was asked for."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from contract_text import ORDERS, write
from polars.testing import assert_frame_equal

from lake.contract.load import load_contract, load_contracts
from lake.contract.model import Contract
from lake.contract.polars_rules import broken_rules, verdicts
from lake.contract.samples import broken, sample, sample_all
from lake.contract.types import polars_schema
from lake.errors import ContractError, UnknownChoiceError

CONTRACTS = load_contracts()


@pytest.fixture
def orders(tmp_path: Path) -> Contract:
    return load_contract(write(tmp_path))


@pytest.mark.parametrize("table", CONTRACTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_good_rows_keep_every_rule_and_have_keys_of_their_own(table: str, seed: int) -> None:
    contract = CONTRACTS[table]
    frame = sample(contract, 300, seed)
    assert dict(frame.schema) == polars_schema(contract)
    assert set(broken_rules(contract, frame)) == {()}
    assert frame.select(contract.primary_key).n_unique() == 300
    for column in contract.columns:
        if column.type.kind == "float":
            assert frame[column.name].is_finite().all()
            assert not (frame[column.name].cast(pl.String) == "-0.0").any()


def test_good_rows_have_nulls_and_values_on_the_bounds() -> None:
    frame = sample(CONTRACTS["weather_observations"], 500)
    assert 10 < frame["wind_gust_kmh"].null_count() < 120
    assert frame["relative_humidity_percent"].min() == 0
    assert frame["relative_humidity_percent"].max() == 100
    assert frame.row(0).count(None) == 0


def test_no_value_is_a_negative_zero(tmp_path: Path) -> None:
    narrow = ORDERS.replace(
        "logicalType: integer\n        logicalTypeOptions: {maximum: 99}",
        "logicalType: number\n        logicalTypeOptions: {minimum: -0.002, maximum: 0.002}",
    )
    values = sample(load_contract(write(tmp_path, narrow)), 300)["lines"].drop_nulls()
    assert (values == 0).sum() > 10
    assert "-0.0" not in values.cast(pl.String).to_list()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    contract = CONTRACTS["weather_daily"]
    assert_frame_equal(sample(contract, 40, 5), sample(contract, 40, 5))
    assert not sample(contract, 40, 5).equals(sample(contract, 40, 6))
    assert sample(contract, 0).is_empty()
    assert sample(contract, 0).columns == list(contract.column_names)


def test_parents_come_first_and_every_reference_is_met() -> None:
    frames = sample_all(CONTRACTS, 60)
    for contract in CONTRACTS.values():
        for reference in contract.references:
            parents = frames[reference.to_table].select(reference.to_columns)
            orphans = frames[contract.table].join(
                parents, left_on=reference.columns, right_on=reference.to_columns, how="anti"
            )
            assert orphans.is_empty()
            assert frames[contract.table].select(reference.columns).n_unique() > 1


@pytest.mark.parametrize("table", CONTRACTS)
def test_bad_rows_break_the_rule_and_no_other_unless_it_follows(table: str) -> None:
    contract = CONTRACTS[table]
    found = broken(contract, seed=3)
    assert [name for name, _ in found] == [*(rule.name for rule in contract.rules), "key"]
    follows = 0
    for name, frame in found:
        assert dict(frame.schema) == polars_schema(contract)
        if name == "key":
            assert frame.select(contract.primary_key).n_unique() == 1
            assert set(broken_rules(contract, frame)) == {()}
            continue
        (rules,) = broken_rules(contract, frame)
        assert name in rules
        follows += rules != (name,)
        for other in set(rules) - {name}:  # it shares a column, or hangs on one that does, by an expression
            assert _linked(contract, name, other), (name, other)
    assert follows <= {"dim_date": 10, "weather_daily": 6}.get(table, 0)


def _linked(contract: Contract, first: str, second: str) -> bool:
    rules = {rule.name: rule for rule in contract.rules}
    reach = set(rules[first].columns)
    for _ in range(2):
        for rule in contract.rules:
            if rule.kind == "expression" and reach & set(rule.columns):
                reach |= set(rule.columns)
    return bool(reach & set(rules[second].columns))


def test_a_kind_of_rule_gives_rows_that_break_its_rules_in_turn() -> None:
    contract = CONTRACTS["weather_observations"]
    frame = sample(contract, 30, invalid="maximum")
    marks = verdicts(contract, frame)
    maxima = [name for name in marks.columns if name.endswith(".maximum")]
    assert all(marks[name].sum() == 3 for name in maxima)
    assert frame.select(contract.primary_key).n_unique() == 30
    assert set(marks.select(pl.sum_horizontal(pl.all())).to_series()) == {1}


def test_a_doubled_key_and_a_mistyped_value_can_be_asked_for(orders: Contract) -> None:
    doubled = sample(orders, 4, invalid="key")
    assert doubled["order_id"].n_unique() == 1
    assert doubled["placed_at"].n_unique() > 1
    mistyped = sample(orders, 4, invalid="type")
    assert mistyped["placed_at"].dtype == pl.String
    assert mistyped["placed_at"][0] == "not a value 0"


def test_decimals_keep_their_scale_and_rules(orders: Contract) -> None:
    frame = sample(orders, 200)
    assert set(broken_rules(orders, frame)) == {()}
    assert frame["amount_usd"].dtype == pl.Decimal(12, 2)
    assert max(value for value in frame["amount_usd"] if value is not None) == Decimal("9999.50")
    above = sample(orders, 1, invalid="amount_usd.maximum")
    assert above["amount_usd"][0] == Decimal("9999.51")


def test_an_unknown_rule_lists_the_known_ones(orders: Contract) -> None:
    with pytest.raises(UnknownChoiceError) as caught:
        sample(orders, 1, invalid="amount_usd.max")
    assert "amount_usd.maximum" in str(caught.value.fix)
    assert "key" in str(caught.value.fix)


def test_rules_that_contradict_each_other_are_said(tmp_path: Path) -> None:
    text = ORDERS.replace("paid_usd <= amount_usd", "lines > 100").replace(
        "description: How many lines.", "description: How many lines.\n        required: true"
    )
    contract = load_contract(write(tmp_path, text))
    with pytest.raises(ContractError, match="no row could be made for the rule paid_not_above_amount"):
        sample(contract, 5)


def test_a_rule_that_no_value_can_break_is_left_out(tmp_path: Path) -> None:
    text = ORDERS.replace("maximum: 9999.5", "maximum: 9999999999.99")
    names = [name for name, _ in broken(load_contract(write(tmp_path, text)))]
    assert "amount_usd.maximum" not in names
    assert "amount_usd.minimum" in names
    with pytest.raises(ContractError, match=r"no value of its type breaks amount_usd\.maximum"):
        sample(load_contract(write(tmp_path, text)), 1, invalid="amount_usd.maximum")
