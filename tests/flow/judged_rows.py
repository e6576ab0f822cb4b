"""Rows that every judge of a contract is fed: good ones, one of each fault, and values right on the edges of rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import polars as pl

from lake.contract.model import Column, Contract, Contracts, Reference, Rule
from lake.contract.polars_rules import broken_rules
from lake.contract.samples import sample, sample_all
from lake.contract.types import polars_type

GOOD, EACH, SEED = 40, 2, 5
ROW = "_row"  # the number of a row, beside the contract's columns
TEXTS = ("", " ", "\n", "é", "ß", "😀", "e\u0301", "ſ", "K", "٣", "İ")


@dataclass(frozen=True)
class Fed:
    """The rows of one table, and which of them break which rule by the plain reading of the contract."""

    contract: Contract
    frame: pl.DataFrame

    @cached_property
    def broken(self) -> dict[str, set[int]]:
        """Rule to row numbers; ``key`` names the rows whose key another row has too."""
        found: dict[str, set[int]] = {rule.name: set() for rule in self.contract.rules}
        for row, rules in enumerate(broken_rules(self.contract, self.frame)):
            for rule in rules:
                found[rule].add(row)
        key = list(self.contract.primary_key)
        doubled = pl.struct(key).is_duplicated() & ~pl.any_horizontal(pl.col(key).is_null())
        return found | {"key": set(self.frame.select(doubled.arg_true()).to_series().to_list())}

    @cached_property
    def refused(self) -> dict[int, set[str]]:
        """Row to the rules of severity error that it breaks by itself, which is what constraints must refuse."""
        errors = {rule.name for rule in self.contract.rules if rule.severity == "error"}
        found: dict[int, set[str]] = {}
        for rule in errors:
            for row in self.broken[rule]:
                found.setdefault(row, set()).add(rule)
        return found

    @property
    def numbered(self) -> pl.DataFrame:
        """The rows with their number in a column of its own."""
        return self.frame.with_row_index(ROW)

    def orphans(self, reference: Reference, fed: Mapping[str, Fed]) -> set[int]:
        """The rows whose parent is not among those of the table that they refer to."""
        there = set(fed[reference.to_table].frame.select(reference.to_columns).rows())
        own = self.frame.select(reference.columns).rows()
        return {row for row, key in enumerate(own) if None not in key and key not in there}


def feed(contracts: Contracts) -> dict[str, Fed]:
    """Rows for every contract."""
    parents = sample_all(contracts, GOOD, seed=SEED)
    return {name: Fed(contract, _rows(contract, parents)) for name, contract in contracts.items()}


def _rows(contract: Contract, parents: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Good rows, bad rows, and good rows but for one value on, or a breath beyond, the edge of a rule.

    Every row has a key of its own but the last two, which break ``key``.
    """
    frames = [parents[contract.table]]
    offset = GOOD
    for rule in contract.rules:
        frames.append(sample(contract, EACH, SEED, rule.name, parents=parents, first=offset))
        offset += EACH
    edges = [(column, value) for column in contract.columns for value in _values(contract, column)]
    more = sample(contract, len(edges) + 1, SEED, parents=parents, first=offset)
    frames += [
        more[place].with_columns(pl.Series(column.name, [value], dtype=polars_type(column.type)))
        for place, (column, value) in enumerate(edges)
    ]
    single = pl.concat(frames).unique(contract.primary_key, keep="first", maintain_order=True)
    return pl.concat([single, more[-1], more[-1]])


def _values(contract: Contract, column: Column) -> Iterator[object]:
    for rule in contract.rules:
        if rule.columns == (column.name,):
            yield from _around(rule)
    if column.type.kind == "string":
        yield from TEXTS
        good = sample(contract, 1, SEED)[column.name][0]
        yield from (good + "\n", "\n" + good, good + " ", good.upper(), good.title(), good + "é", f"{good}'{good}")


def _around(rule: Rule) -> Iterator[object]:
    bound = rule.argument
    if rule.kind == "max_length":
        assert isinstance(bound, int)
        yield from (sign * length for length in (bound, bound + 1) for sign in ("a", "é", "😀"))
    elif rule.kind in ("minimum", "maximum"):
        yield bound
        if isinstance(bound, float):
            yield from (math.nextafter(bound, -math.inf), math.nextafter(bound, math.inf))
        elif isinstance(bound, datetime):
            yield from (bound - timedelta(microseconds=1), bound + timedelta(microseconds=1))
