"""The same key more than once: which row the gate lets through, and what counts as the same."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from gate_support import good, identity, made, raw

from lake.gate import gate


def test_latest_keeps_the_last_position_and_counts_the_others() -> None:
    rows = [good(number=number) for number in range(3)] + [good(id="lga")]
    gated = gate(made(), raw(rows))
    assert gated.valid.select("place", "number").rows() == [("jfk", 2), ("lga", 1)]
    assert gated.duplicates == 2
    assert gated.counts.select("rule", "severity", "rows").rows() == [("key", "warn", 2)]
    identity(gated, 4)


def test_latest_goes_by_position_not_by_place_in_the_frame() -> None:
    gated = gate(made(), raw([good(number=number) for number in range(3)]).reverse())
    assert gated.valid["number"].to_list() == [2]


def test_a_broken_correction_does_not_take_the_good_row_along() -> None:
    gated = gate(made(), raw([good(number=1), good(number=2, degrees=999)]))
    assert gated.valid["number"].to_list() == [1]
    assert gated.duplicates == 0
    identity(gated, 2)


def test_reject_rejects_every_row_of_the_key_broken_or_not() -> None:
    rows = [good(number=1), good(number=2, degrees=999), good(id="lga")]
    gated = gate(made(on_duplicate="reject"), raw(rows))
    assert gated.valid["place"].to_list() == ["lga"]
    assert gated.rejected["rules"].to_list() == [["key"], ["degrees.maximum", "key"]]
    reason = 'the key place="jfk", seen_at=2013-07-04T05:00:00Z stands more than once in this load'
    assert gated.rejected["reasons"][0].to_list() == [reason]
    identity(gated, 3)


def test_equal_instants_are_one_key_however_they_are_written() -> None:
    gated = gate(made(), raw([good(), good(time="2013-07-04T07:00+02:00")]))
    assert gated.duplicates == 1


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_the_same_key_in_different_loads_is_no_fault(policy: Any) -> None:
    both = pl.concat([raw([good()], "load=1"), raw([good()], "load=2", 2)])
    gated = gate(made(on_duplicate=policy), both)
    assert gated.valid.height == 2
    assert gated.counts.is_empty()


@pytest.mark.parametrize(("policy", "kept"), [("latest", [1, 0]), ("reject", [0])])
def test_a_key_doubled_in_one_load_stays_good_in_another(policy: Any, kept: list[int]) -> None:
    both = pl.concat([raw([good(), good()], "load=1"), raw([good()], "load=2", 2)])
    gated = gate(made(on_duplicate=policy), both)
    assert gated.valid["_position"].to_list() == kept
    assert gated.valid["_load"].to_list()[-1] == 2


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_versions_of_one_key_are_no_duplicates(policy: Any) -> None:
    versioned = made(on_duplicate=policy, version_column="number")
    gated = gate(versioned, raw([good(number=1), good(number=2), good(number=None)]))
    assert gated.valid["number"].to_list() == [1, 2, None]
    gated = gate(versioned, raw([good(number=1), good(number=2), good(number=2)]))
    assert gated.valid["_position"].to_list() == ([0, 2] if policy == "latest" else [0])


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_null_keys_are_missing_values_not_duplicates(policy: Any) -> None:
    gated = gate(made(on_duplicate=policy), raw([good(id=None), good(id=None)]))
    assert gated.rejected["rules"].to_list() == [["place.required"]] * 2
    assert gated.duplicates == 0


@pytest.mark.parametrize("policy", ["latest", "reject"])
def test_colliding_hashes_cost_no_row(policy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [good(id=f"p{number % 7}", number=number) for number in range(10)]
    both = pl.concat([raw(rows, "load=1"), raw(rows, "load=2", 2)])
    honest = gate(made(on_duplicate=policy), both)
    assert honest.valid.height == (14 if policy == "latest" else 8)
    monkeypatch.setattr("lake.gate.gating.hash_of", lambda columns: pl.col(columns[0]).str.len_bytes().cast(pl.UInt64))
    colliding = gate(made(on_duplicate=policy), both)
    assert colliding.valid.equals(honest.valid)
    assert colliding.rejected.equals(honest.rejected)
