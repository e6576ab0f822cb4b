"""A contract's types in Arrow and Polars: the same columns, in one order, with nothing unsigned or naive."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from contract_text import ORDERS, write

from lake.contract.load import load_contract, load_contracts
from lake.contract.samples import sample
from lake.contract.types import METADATA, arrow_schema, polars_schema

CONTRACTS = load_contracts()


def test_every_kind_has_its_type(tmp_path: Path) -> None:
    text = ORDERS.replace(
        "- name: status", "- {name: due_date, description: Due., logicalType: date}\n      - name: status"
    )
    text = text.replace(
        "- name: status", "- {name: is_gift, description: Gift., logicalType: boolean}\n      - name: status"
    )
    contract = load_contract(write(tmp_path, text))
    assert polars_schema(contract) == {
        "order_id": pl.String(),
        "placed_at": pl.Datetime("us", "UTC"),
        "amount_usd": pl.Decimal(12, 2),
        "paid_usd": pl.Decimal(12, 2),
        "due_date": pl.Date(),
        "is_gift": pl.Boolean(),
        "status": pl.String(),
        "lines": pl.Int64(),
    }
    assert arrow_schema(contract).field("placed_at") == pa.field("placed_at", pa.timestamp("us", "UTC"), nullable=False)
    assert arrow_schema(contract).field("amount_usd").type == pa.decimal128(12, 2)
    assert arrow_schema(contract).field("due_date").type == pa.date32()
    assert arrow_schema(contract).field("is_gift").type == pa.bool_()
    assert arrow_schema(CONTRACTS["weather_daily"]).field("temperature_mean_c").type == pa.float64()


@pytest.mark.parametrize("table", CONTRACTS)
def test_arrow_and_polars_say_the_same(table: str) -> None:
    contract = CONTRACTS[table]
    for metadata in (False, True):
        ours, theirs = polars_schema(contract, metadata), arrow_schema(contract, metadata)
        assert list(ours) == theirs.names
        assert pl.DataFrame(theirs.empty_table()).schema == ours
    assert list(polars_schema(contract, metadata=True))[-5:] == list(METADATA)
    frame = sample(contract, 3)
    assert frame.to_arrow().cast(arrow_schema(contract)).num_rows == 3
