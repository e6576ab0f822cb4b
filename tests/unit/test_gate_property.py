"""Any rows at all: each ends where plain Python puts it, and none is lost."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from gate_support import COLUMNS, FAULT, GOOD, identity, made, oracle_value, raw
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.gate import gate

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
