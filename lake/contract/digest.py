"""The digest of a contract: what it means for data, whatever its descriptions say."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace

from lake.contract.model import Column, Contract, Rule

WORDS_ONLY = frozenset(
    {"version", "description", "owner", "sla", "title", "grain", "usage", "limitations", "roles", "path", "digest"}
)
"""Fields of a contract that people read and no code obeys; of columns and rules also description and examples."""
_COLUMN_WORDS = frozenset({"description", "examples"})


def meaning(contract: Contract) -> dict[str, object]:
    """The contract as plain values, without words that only people read."""
    found: dict[str, object] = {}
    for item in fields(contract):
        if item.name in WORDS_ONLY or item.name.startswith("_"):
            continue
        value = getattr(contract, item.name)
        if item.name in ("columns", "rules"):
            value = [_plain(part) for part in value]
        found[item.name] = value
    return found


def _plain(part: Column | Rule) -> dict[str, object]:
    return {item.name: getattr(part, item.name) for item in fields(part) if item.name not in _COLUMN_WORDS}


def with_digest(contract: Contract) -> Contract:
    """The contract with the sha256 of its meaning. ``repr`` of frozen plain values is the canonical text."""
    return replace(contract, digest=hashlib.sha256(repr(meaning(contract)).encode()).hexdigest())
