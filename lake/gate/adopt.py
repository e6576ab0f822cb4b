"""The contract patch that would adopt unknown columns. Types are never guessed: the patch leaves them to be chosen."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import PurePath

from lake.contract.model import Contract

_CHOICES = "boolean, date, integer, number, string or timestamp"
_LONGEST_SAMPLE = 60


def adoption_patch(contract: Contract, unknown_columns: Mapping[str, str]) -> str:
    """YAML to add under ``properties`` of the contract; ``unknown_columns`` is what ``Gated`` reports.

    Until every ``CHOOSE`` is replaced, the contract is refused with the valid choices. An empty text where there is
    nothing to adopt.
    """
    if not unknown_columns:
        return ""
    place = PurePath(contract.path).name if contract.path else f"the contract of {contract.table}"
    taken = set(contract.column_names)
    lines = [f"# {place}: add under properties, choosing what says CHOOSE"]
    for field, sample in unknown_columns.items():
        name = _column_name(field, taken)
        taken.add(name)
        lines += [
            f"      - name: {name}",
            f"        description: CHOOSE a sentence  # first value: {_sample(sample)}",
            f"        logicalType: CHOOSE {_CHOICES}",
        ]
        if name != field:
            quoted = json.dumps(field)
            lines += ["        customProperties:", f"          - {{property: sourceField, value: {quoted}}}"]
    return "\n".join(lines) + "\n"


def _column_name(field: str, taken: set[str]) -> str:
    """The field in lower snake case, made unique among the contract's columns by a number."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", field)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not name or name[0].isdigit():
        name = f"field_{name}".rstrip("_")
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _sample(text: str) -> str:
    """On one line and in plain characters, whatever the payload held."""
    plain = json.dumps(text)[1:-1].replace('\\"', '"')
    return plain if len(plain) <= _LONGEST_SAMPLE else plain[:_LONGEST_SAMPLE] + "..."
