"""The gate as a whole: where rows end, what becomes of loads, unknown columns and doubled keys."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from gate_support import FAULT, column, contract, oracle_value, raw, read_json
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.contract.model import Contract
from lake.contract.types import polars_schema
from lake.errors import TableError
from lake.gate import Gated, gate
from lake.gate.adopt import adoption_patch
from lake.raw import MIXED

COLUMNS = [
    column("place", "string", required=True, max_length=5, source_field="id"),
    column("seen_at", "timestamp", required=True, source_field="time"),
    column("degrees", "float", minimum=-50, maximum=60),
    column("price", "decimal", 8, 2),
    column("number", "integer"),
    column("is_good", "boolean"),
    column("sold_date", "date"),
]
GOOD = {"id": "jfk", "time": "2013-07-04T05:00", "degrees": 20.5, "price": "1.005", "number": 1, "is_good": True,
        "sold_date": "2013-07-04"}  # fmt: skip


def made(**more: Any) -> Contract:
    return contract(COLUMNS, key=["place", "seen_at"], **more)


def good(**other: object) -> dict[str, object]:
    return {**GOOD, **other}


def identity(gated: Gated, rows: int) -> None:
    """In = valid + rejected + duplicates + rows of refused loads; per load and in all."""
    assert gated.rows_in == rows
    refused = gated.loads.filter("refused")["rows_in"].sum()
    assert rows == gated.valid.height + gated.rejected.height + gated.duplicates + refused
    sums = gated.loads["valid"] + gated.loads["rejected"] + gated.loads["duplicates"]
    assert sums.to_list() == gated.loads["rows_in"].to_list()


def test_valid_rows_are_typed_and_carry_their_load() -> None:
    gated = gate(made(), raw([good(), good(time="2013-07-04T07:00:00+01:00", price=2.675, degrees=-0.0, number=3.0)]))
    assert gated.valid.schema == pl.Schema(polars_schema(made(), metadata=True))
    first, second = gated.valid.rows(named=True)
    assert str(first["price"]) == "1.01"
    assert str(second["price"]) == "2.68"
    assert repr(second["degrees"]) == "0.0"
    assert (second["number"], second["_position"], second["_load"], second["_payload"]) == (3, 1, 1, "load=1")
    assert second["seen_at"].isoformat() == "2013-07-04T06:00:00+00:00"
    assert gated.rejected.is_empty()
    assert gated.counts.is_empty()
    identity(gated, 2)


def test_a_rejected_row_is_kept_as_received() -> None:
    row = good(id=None, degrees="20.5", number=2**70, new={"b": [1, None], "a": 'é"\\'})
    gated = gate(made(), raw([row, good(new=None)]))
    (lost,) = gated.rejected.rows(named=True)
    assert read_json(lost["row"]) == row
    assert lost["rules"] == ["degrees.type", "number.type", "place.required"]
    assert lost["reasons"][1] == "number: 1180591620717411303424 is not a whole number of 64 bits"
    assert lost["_position"] == 0


def test_a_missing_column_is_null_and_rejects_where_it_is_required() -> None:
    rows = [{"id": "jfk", "time": "2013-07-04T05:00"}, {"id": "lga", "time": "2013-07-04T05:00"}]
    gated = gate(made(), raw(rows))
    assert gated.valid["price"].to_list() == [None, None]
    gated = gate(made(), raw([{"id": "jfk"}, {"id": "lga"}]))
    assert gated.rejected["reasons"].to_list() == [["seen_at: a value is required"]] * 2
    identity(gated, 2)


def test_a_field_named_like_a_contract_column_is_unknown_when_the_contract_reads_another() -> None:
    gated = gate(made(), raw([good(place="elsewhere")]))
    assert gated.valid["place"].to_list() == ["jfk"]
    assert gated.unknown_columns == {"place": '"elsewhere"'}


@pytest.mark.parametrize("rows", [[], [{}]])
def test_no_rows_and_no_columns(rows: list[dict[str, object]]) -> None:
    gated = gate(made(), raw(rows))
    assert gated.valid.schema == pl.Schema(polars_schema(made(), metadata=True))
    assert gated.rejected.columns == ["_run_date", "_load", "_payload", "_position", "rules", "reasons", "row"]
    identity(gated, len(rows))


def test_rows_without_metadata_are_the_callers_mistake() -> None:
    with pytest.raises(TableError, match="lack _payload, _position"):
        gate(made(), raw([good()]).drop("_payload", "_position"))


# --- unknown columns ------------------------------------------------------------------------------------------------
UNKNOWN = [good(), good(id="lga", zulu=1.5, Alpha="x"), good(id="ewr", zulu=None, Alpha=None, never=None)]


def test_evolve_keeps_unknown_values_as_json_with_sorted_keys() -> None:
    gated = gate(made(), raw(UNKNOWN))
    assert gated.valid["_extra"].to_list() == [None, '{"Alpha":"x","zulu":1.5}', None]
    assert gated.unknown_columns == {"zulu": "1.5", "Alpha": '"x"'}  # never had a value


def test_freeze_refuses_the_load() -> None:
    frozen = made(evolution="freeze")
    both = pl.concat([raw(UNKNOWN, "load=1"), raw(UNKNOWN[:1], "load=2", 2)], how="diagonal")
    gated = gate(frozen, both)
    assert gated.loads.select("_payload", "refused", "reason").rows() == [
        ("load=1", True, "unknown column zulu, Alpha, and the contract is frozen"),
        ("load=2", False, None),
    ]
    assert gated.valid["_payload"].to_list() == ["load=2"]
    identity(gated, 4)
    accepted = gate(frozen, both, accept=["load=1"])
    assert accepted.valid["_extra"].to_list() == [None, '{"Alpha":"x","zulu":1.5}', None, None]
    identity(accepted, 4)


def test_freeze_lets_unknown_columns_without_values_pass() -> None:
    gated = gate(made(evolution="freeze"), raw([good(new=None)]))
    assert gated.valid.height == 1


def test_discard_row_rejects_rows_with_unknown_values() -> None:
    gated = gate(made(evolution="discard_row"), raw(UNKNOWN))
    assert gated.valid["place"].to_list() == ["jfk", "ewr"]
    assert gated.rejected["rules"].to_list() == [["zulu.unknown", "Alpha.unknown"]]
    assert gated.rejected["reasons"].to_list() == [["unknown column 'zulu': 1.5", "unknown column 'Alpha': \"x\""]]
    assert gated.valid["_extra"].to_list() == [None, None]


def test_discard_value_drops_unknown_values_and_nulls_retyped_ones_and_counts_both() -> None:
    gated = gate(made(evolution="discard_value"), raw([*UNKNOWN, good(id="bos", degrees="warm", time=5)]))
    assert gated.valid["_extra"].to_list() == [None] * 3
    assert gated.rejected["rules"].to_list() == [["seen_at.required"]]  # nulled, and a key cannot be null
    assert sorted(gated.counts.select("rule", "severity", "rows").rows()) == [
        ("Alpha.unknown", "warn", 1),
        ("degrees.type", "warn", 1),
        ("seen_at.required", "error", 1),
        ("seen_at.type", "warn", 1),
        ("zulu.unknown", "warn", 1),
    ]
    identity(gated, 4)


def test_a_retyped_column_rejects_its_rows_under_the_other_policies() -> None:
    for policy in ("evolve", "freeze", "discard_row"):
        gated = gate(made(evolution=policy), raw([good(degrees="warm"), good(id="lga")]))
        assert gated.rejected["rules"].to_list() == [["degrees.type"]]


def test_hostile_names_of_unknown_columns() -> None:
    names = ['a"b', "c\x1fd", "line\nbreak", "é", "raw.time", "broken", "doubled", "superseded", "place ", "{}"]
    row = good(**{name: number for number, name in enumerate(names)})
    gated = gate(made(), raw([row]))
    assert read_json(gated.valid["_extra"][0]) == {name: number for number, name in enumerate(names)}
    gated = gate(made(evolution="discard_row"), raw([row]))
    (rules,) = gated.rejected["rules"].to_list()
    (reasons,) = gated.rejected["reasons"].to_list()
    assert len(rules) == len(reasons) == len(names)
    assert read_json(gated.rejected["row"][0]) == row


# --- keys -----------------------------------------------------------------------------------------------------------
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


# --- loads ----------------------------------------------------------------------------------------------------------
def test_a_load_that_loses_more_than_its_share_is_refused_whole() -> None:
    strict = made(rejection_threshold=0.5)
    poor = raw([good(), good(id="lga", degrees=99), good(id="ewr", degrees=99)], "load=1")
    fair = raw([good(), good(id="lga", degrees=99)], "load=2", 2)
    gated = gate(strict, pl.concat([poor, fair]))
    assert gated.loads.select("_payload", "rows_in", "valid", "rejected", "refused").rows() == [
        ("load=1", 3, 1, 2, True),
        ("load=2", 2, 1, 1, False),
    ]
    reason = "2 of 3 rows rejected, more than the 50% that the contract allows; most: degrees.maximum (2)"
    assert gated.loads["reason"][0] == reason
    assert gated.valid["_payload"].to_list() == ["load=2"]
    assert gated.rejected["_payload"].to_list() == ["load=2"]
    assert gated.counts["rows"].sum() == 3  # refused loads are counted, too
    identity(gated, 5)
    accepted = gate(strict, pl.concat([poor, fair]), accept={"load=1"})
    assert not accepted.loads["refused"].any()
    assert accepted.valid.height == 2
    identity(accepted, 5)


def test_duplicates_are_no_loss() -> None:
    gated = gate(made(rejection_threshold=0.0), raw([good()] * 5))
    assert not gated.loads["refused"].any()
    assert gated.valid.height == 1


# --- any rows at all ------------------------------------------------------------------------------------------------
_TEXT = st.text(st.characters(codec="utf-8"), max_size=6)
_ANY = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**66), 2**66), st.floats(), _TEXT,
    st.sampled_from(["2013-07-04T05:00", "2013-07-04", "12.5", "\ud800", "a\0"]), st.lists(st.none(), max_size=1),
    st.dictionaries(_TEXT, st.integers(), max_size=1),
)  # fmt: skip
_ROW = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["jfk", "lga"]) | _ANY,
        "time": st.sampled_from([GOOD["time"], "2013-07-04T06:00Z"]) | _ANY,
        **{name: st.just(GOOD[name]) | _ANY for name in ("degrees", "price", "number", "is_good", "sold_date")},
        "new": _ANY,
    },
)


def oracle(rows: list[dict[str, Any]], policy: str) -> tuple[list[int], dict[int, set[str]]]:
    """``(positions of valid rows, rules by position of rejected rows)`` by plain Python."""
    lost: dict[int, set[str]] = {}
    keys: dict[tuple[object, ...], list[int]] = {}
    for position, row in enumerate(rows):
        rules = set()
        typed = {}
        for one in COLUMNS:
            value = typed[one.name] = oracle_value(row.get(one.source_field or one.name), one.type)
            if value is FAULT:
                rules.add(f"{one.name}.type")
            elif value is None and one.required:
                rules.add(f"{one.name}.required")
            elif isinstance(value, str) and one.max_length and len(value) > one.max_length:
                rules.add(f"{one.name}.max_length")
            elif isinstance(value, float) and one.minimum is not None and not -50 <= value <= 60:
                rules.add(f"{one.name}.{'minimum' if value < 0 else 'maximum'}")
        if rules:
            lost[position] = rules
        key = (typed["place"], typed["seen_at"])
        if None not in key and FAULT not in key and (policy == "reject" or not rules):
            keys.setdefault(key, []).append(position)
    valid = set(range(len(rows))) - lost.keys()
    for positions in keys.values():
        if policy == "latest":
            valid -= set(positions[:-1])
        elif len(positions) > 1:
            for position in positions:
                lost.setdefault(position, set()).add("key")
            valid -= set(positions)
    return sorted(valid), lost


@settings(max_examples=50, deadline=None)
@given(st.lists(_ROW, max_size=8), st.sampled_from(["latest", "reject"]))
def test_any_rows_end_where_plain_python_puts_them(rows: list[dict[str, Any]], policy: Any) -> None:
    gated = gate(made(on_duplicate=policy), raw(rows))
    identity(gated, len(rows))
    valid, lost = oracle(rows, policy)
    assert gated.valid["_position"].to_list() == valid
    assert {row["_position"]: set(row["rules"]) for row in gated.rejected.to_dicts()} == lost
    for row in gated.rejected.to_dicts():
        assert len(row["rules"]) == len(row["reasons"]) == len(set(row["rules"]))
        json.loads(row["row"])
    counted = gated.counts.filter(severity="error").group_by("rule").agg(pl.col("rows").sum()).rows()
    assert dict(counted) == {
        rule: sum(rule in rules for rules in lost.values()) for rule in set().union(*lost.values())
    }


@settings(max_examples=50, deadline=None)
@given(
    st.lists(_ROW, max_size=6),
    st.lists(_ROW, max_size=6),
    st.sampled_from(["evolve", "freeze", "discard_row", "discard_value"]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_no_row_is_lost_under_any_policy(
    first: list[dict[str, Any]], second: list[dict[str, Any]], evolution: Any, threshold: float, accept: bool
) -> None:
    shared = [dict.fromkeys(GOOD), *first, *second]  # one frame, so that both loads have the same columns
    frame = raw(shared)
    loads = pl.Series(["load=1"] * (len(first) + 1) + ["load=2"] * len(second), dtype=pl.String)
    frame = frame.with_columns(loads.alias("_payload"))
    strict = made(evolution=evolution, rejection_threshold=threshold)
    gated = gate(strict, frame, accept=["load=1"] if accept else [])
    identity(gated, len(shared))
    if accept:
        assert not gated.loads.filter(_payload="load=1")["refused"].any()
    if evolution == "discard_value":
        assert not gated.counts.filter(severity="error")["rule"].str.ends_with(".type").any()


# --- adoption -------------------------------------------------------------------------------------------------------
def test_the_patch_leaves_every_choice_to_a_human() -> None:
    patch = adoption_patch(made(path="contracts/things.odcs.yaml"), {"uvIndex": "3.5", "place": '"a\nb"', "9": "1"})
    assert patch == (
        "# things.odcs.yaml: add under properties, choosing what says CHOOSE\n"
        "      - name: uv_index\n"
        "        description: CHOOSE a sentence  # first value: 3.5\n"
        "        logicalType: CHOOSE boolean, date, integer, number, string or timestamp\n"
        "        customProperties:\n"
        '          - {property: sourceField, value: "uvIndex"}\n'
        "      - name: place_2\n"
        '        description: CHOOSE a sentence  # first value: "a\\nb"\n'
        "        logicalType: CHOOSE boolean, date, integer, number, string or timestamp\n"
        "        customProperties:\n"
        '          - {property: sourceField, value: "place"}\n'
        "      - name: field_9\n"
        "        description: CHOOSE a sentence  # first value: 1\n"
        "        logicalType: CHOOSE boolean, date, integer, number, string or timestamp\n"
        "        customProperties:\n"
        '          - {property: sourceField, value: "9"}\n'
    )
    assert adoption_patch(made(), {}) == ""


def test_mixed_unknown_values() -> None:
    gated = gate(made(), raw([good(new=1), good(id="lga", new="1"), good(id="ewr", new=float("nan"))]))
    assert raw([good(new=1), good(new="1")]).schema["new"] == MIXED
    assert gated.valid["_extra"].to_list() == ['{"new":1}', '{"new":"1"}', '{"new":"NaN"}']
