"""The gate as a whole: where rows end, what they carry, and what becomes of loads."""

from __future__ import annotations

import polars as pl
import pytest
from gate_support import good, identity, made, raw, read_json

from lake.contract.types import polars_schema
from lake.errors import TableError
from lake.gate import gate


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
