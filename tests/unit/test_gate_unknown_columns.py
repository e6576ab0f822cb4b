"""Columns that no contract names: what each policy does with them, and the patch that would adopt them."""

from __future__ import annotations

import polars as pl
from gate_support import good, identity, made, raw, read_json

from lake.gate import gate
from lake.gate.adopt import adoption_patch
from lake.raw import MIXED

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
