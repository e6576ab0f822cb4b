"""The second judge of a contract file: the package ``open-data-contract-standard``, its model and its JSON schema.

Our own reader knows what we obey; the standard knows what others can read. Imported late, for ``contracts check`` only.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from lake.contract.document import Problems, raise_all
from lake.contract.yaml_file import Where, read_yaml
from lake.errors import ContractError


def judges() -> tuple[str, ...]:
    """What ``check_standard`` asks here: the model always, the JSON schema where ``jsonschema`` is installed."""
    found = importlib.util.find_spec("jsonschema")
    return ("ODCS model", "ODCS JSON schema") if found else ("ODCS model",)


def check_standard(path: Path) -> None:
    """Refuse (ContractError, all faults, with lines) a file that is no data contract by the standard."""
    text = path.read_text(encoding="utf-8")
    values = read_yaml(text, path)
    problems = Problems(path, text)
    for where, what in [*_model_faults(values), *_schema_faults(values)]:
        problems.add(
            where, f"not ODCS: {what}", "see the standard: https://bitol-io.github.io/open-data-contract-standard"
        )
    raise_all(_distinct(problems.found))


def _model_faults(values: Any) -> Iterator[tuple[Where, str]]:
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    try:
        OpenDataContractStandard.model_validate(values)
    except ValidationError as error:
        for fault in error.errors():
            yield tuple(step for step in fault["loc"] if isinstance(step, str | int)), fault["msg"]


def _schema_faults(values: Any) -> Iterator[tuple[Where, str]]:
    if len(judges()) == 1:
        return
    validator = importlib.import_module("jsonschema").Draft201909Validator
    schema = json.loads((resources.files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    for error in validator(schema).iter_errors(values):
        yield tuple(error.absolute_path), error.message[:300]


def _distinct(found: Sequence[ContractError]) -> list[ContractError]:
    return list({str(error): error for error in found}.values())
