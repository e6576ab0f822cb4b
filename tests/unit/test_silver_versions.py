"""Several versions of a key in one load: the gate lets them pass, silver chooses among them."""

from __future__ import annotations

import polars as pl
import pytest

from lake.contract.model import Column, Contract, Type
from lake.contract.rules import column_rules
from lake.gate import gate
from lake.merge import merged
from lake.raw import series

COLUMNS = (
    Column("id", Type("string"), "key", required=True),
    Column("revision", Type("integer"), "version"),
    Column("value", Type("float"), "value"),
)


def _contract(on_duplicate: str, **more: object) -> Contract:
    return Contract(
        "things", "silver", "1", "d", "o", COLUMNS, ("id",), column_rules(COLUMNS),
        version_column="revision", on_duplicate=on_duplicate, rejection_threshold=1.0, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _raw(revisions: list[int | None]) -> pl.DataFrame:
    count = len(revisions)
    return pl.DataFrame(
        [
            series("id", ["a"] * count),
            series("revision", revisions),
            series("value", [float(n) for n in range(count)]),
            pl.Series("_run_date", [None] * count, pl.Date),
            pl.Series("_load", [1] * count, pl.Int64),
            pl.Series("_payload", ["load=1"] * count),
            pl.Series("_position", range(count), pl.Int64),
        ]
    )


@pytest.mark.parametrize("on_duplicate", ["latest", "reject"])
def test_versions_are_no_duplicates(on_duplicate: str) -> None:
    contract = _contract(on_duplicate)
    gated = gate(contract, _raw([3, 1, 2]))
    assert gated.valid.height == 3
    kept = merged(gated.valid.clear(), gated.valid, contract)
    assert kept.select("revision", "value").rows() == [(3, 0.0)]


@pytest.mark.parametrize("revisions", [[2, 2], [None, None]])
def test_the_same_version_twice_is_a_duplicate(revisions: list[int | None]) -> None:
    latest = gate(_contract("latest"), _raw(revisions))
    assert latest.valid["value"].to_list() == [1.0]
    assert latest.duplicates == 1
    assert gate(_contract("reject"), _raw(revisions)).rejected.height == 2


def test_history_keeps_the_versions_of_one_load() -> None:
    contract = _contract("latest", history=True)
    gated = gate(contract, _raw([3, 1, 2]))
    kept = merged(gated.valid.clear(), gated.valid, contract)
    assert kept["revision"].to_list() == [1, 2, 3]
