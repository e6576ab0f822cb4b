"""The second judge: every contract of ours is a data contract by the standard's own model and schema."""

from __future__ import annotations

from pathlib import Path

import pytest
from contract_text import ORDERS, line_of, write
from open_data_contract_standard.model import OpenDataContractStandard

from lake.contract.load import load_contracts
from lake.contract.standard import check_standard, judges
from lake.errors import ContractError

CONTRACTS = load_contracts()


@pytest.mark.parametrize("table", CONTRACTS)
def test_our_contracts_are_odcs(table: str) -> None:
    path = Path(CONTRACTS[table].path)
    check_standard(path)
    read = OpenDataContractStandard.from_file(str(path))
    assert read.apiVersion == "v3.1.0"
    assert read.schema_ is not None
    properties = read.schema_[0].properties or []
    assert [column.name for column in properties] == list(CONTRACTS[table].column_names)
    assert [column.name for column in properties if column.required] == [
        column.name for column in CONTRACTS[table].columns if column.required
    ]


def test_what_is_no_odcs_is_refused_with_its_line(tmp_path: Path) -> None:
    assert judges() == ("ODCS model", "ODCS JSON schema")
    check_standard(write(tmp_path))
    text = ORDERS.replace("primaryKey: true", "primaryKey: maybe")
    path = write(tmp_path, text)
    with pytest.raises(ContractError) as caught:
        check_standard(path)
    errors = getattr(caught.value, "errors", (caught.value,))
    assert {error.where for error in errors} == {f"{path}:{line_of(text, 'primaryKey: maybe')}"}
    assert all(error.what.startswith("not ODCS: ") for error in errors)


def test_a_key_that_the_standard_does_not_know_is_found_by_its_schema(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="tokens"):
        check_standard(write(tmp_path, ORDERS.replace("maxLength: 12", "maxLength: 12, tokens: 3")))


def test_without_jsonschema_the_model_judges_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lake.contract.standard.judges", lambda: ("ODCS model",))
    check_standard(write(tmp_path, ORDERS.replace("maxLength: 12", "maxLength: 12, tokens: 3")))
    with pytest.raises(ContractError, match="not ODCS"):
        check_standard(write(tmp_path, ORDERS.replace("id: orders", "identity: orders")))
