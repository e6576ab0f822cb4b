"""Sample rows from a contract: valid ones, and rows that break one rule of it; the same for the same seed.

Tests so build only what they talk about, and all judges (gate, database, Great Expectations, dbt) can be fed the same
good and bad rows. Values on the very bounds and nulls in optional columns are among the good ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from lake.contract.expressions import Tree
from lake.contract.model import Contract, Contracts, Rule, RuleKind
from lake.contract.polars_rules import breaks, expression, tree_of
from lake.contract.relations import parents_first
from lake.contract.sample_values import bounds, counted, noise, values, wrong
from lake.errors import ContractError, UnknownChoiceError

_ROUNDS = 80
_NULLS_FROM_ROUND = 50
_PLACES = 3  # how many values each leading column of a key takes
_NULL_EVERY = 11
Parents = Mapping[str, pl.DataFrame]


def sample(
    contract: Contract,
    rows: int,
    seed: int = 0,
    invalid: RuleKind | str | None = None,
    *,
    parents: Parents | None = None,
    first: int = 0,
) -> pl.DataFrame:
    """``rows`` typed rows of the contract's columns, in its order, with distinct keys.

    With ``invalid``, the name of a rule or a kind of rules, every row breaks that rule (or the rules of that kind in
    turn), and others only where it cannot be helped. ``key`` gives all rows the key of the first; ``type`` gives a
    column of texts that are no value of its type. Foreign keys are drawn from ``parents`` (frames by table) if given.
    Raises UnknownChoiceError for a rule that is not there, ContractError where no row can be made.
    """
    if invalid is None:
        return _Maker(contract, rows, seed, parents or {}, first=first).frame()
    if invalid == "key":
        return _doubled(contract, sample(contract, rows, seed, parents=parents, first=first))
    if invalid == "type":
        return _mistyped(contract, sample(contract, rows, seed, parents=parents, first=first))
    chosen = [rule for rule in contract.rules if invalid in (rule.name, rule.kind)]
    if not chosen:
        known = [*(rule.name for rule in contract.rules), *{rule.kind for rule in contract.rules}, "key", "type"]
        raise UnknownChoiceError("rule", invalid, known, where=contract.path or contract.table)
    frames: list[pl.DataFrame] = []
    for place, rule in enumerate(chosen):
        share = len(range(place, rows, len(chosen)))
        frames.append(_Maker(contract, share, seed, parents or {}, rule, first).frame())
        first += share
    return pl.concat(frames)


def broken(
    contract: Contract, seed: int = 0, rows: int = 1, *, parents: Parents | None = None
) -> list[tuple[str, pl.DataFrame]]:
    """Name and breaking rows of every rule that some row can break, in the contract's order; ``key`` comes last."""
    breakable = [
        rule.name
        for rule in contract.rules
        if rule.kind == "expression" or wrong(contract, rule, rows, seed) is not None
    ]
    found = [(name, sample(contract, rows, seed, name, parents=parents)) for name in breakable]
    return [*found, ("key", sample(contract, max(2, rows), seed, "key", parents=parents))]


def sample_all(contracts: Contracts, rows: int, seed: int = 0) -> dict[str, pl.DataFrame]:
    """Valid rows of every contract, parents first, so that every reference among them is met."""
    made: dict[str, pl.DataFrame] = {}
    for contract in parents_first(contracts.values()):
        made[contract.table] = sample(contract, rows, seed, parents=made)
    return made


def _doubled(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    """Every row with the key of the first; with all of the first, where the key is computed from other columns."""
    ruled = {name for rule in contract.rules if rule.kind == "expression" for name in rule.columns}
    names = frame.columns if ruled & set(contract.primary_key) else contract.primary_key
    return frame.with_columns(pl.col(name).first() for name in names)


def _mistyped(contract: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    name = next((column.name for column in contract.columns if column.type.kind != "string"), None)
    if name is None:
        raise ContractError("every text is a value of a string column", where=contract.path or contract.table)
    return frame.with_columns((pl.lit("not a value ") + pl.int_range(pl.len()).cast(pl.String)).alias(name))


@dataclass
class _Maker:
    """Makes one frame: values by column, then those columns again in which rows break an expression."""

    contract: Contract
    rows: int
    seed: int
    parents: Parents
    rule: Rule | None = None
    first: int = 0
    locked: set[str] = field(default_factory=set)

    def frame(self) -> pl.DataFrame:
        frame = pl.DataFrame([self._column(name) for name in self.contract.column_names])
        frame = self._numbered(frame)
        if self.rule and self.rule.kind != "expression":
            spoiled = wrong(self.contract, self.rule, self.rows, self.seed)
            if spoiled is None:
                raise ContractError(f"no value of its type breaks {self.rule.name}", where=self.contract.table)
            frame = frame.with_columns(spoiled)
            self.locked.update(self.rule.columns)
        return self._mended(self._derived(frame))

    @cached_property
    def equalities(self) -> dict[str, Tree]:
        """Columns that a rule sets equal to an expression over others: they are computed, not drawn."""
        found: dict[str, Tree] = {}
        for rule in self.contract.rules:
            if rule.kind == "expression" and rule is not self.rule:
                kind, *parts = tree_of(rule, self.contract)
                if kind == "=" and parts[0][0] == "column" and parts[0][1] in rule.columns:
                    name = parts[0][1]
                    if name not in _names(parts[1]):
                        found[name] = parts[1]
        return found

    def _column(self, name: str) -> pl.Series:
        """Fresh values of a column, some of them null where it is optional."""
        made = self._drawn(name, 0)
        if self.contract.column(name).required or name in self.contract.primary_key:
            return made
        chance = noise(self.rows, "null", name, self.seed, self.first)
        return (
            pl.select(pl.when(pl.lit(chance % _NULL_EVERY != 0) | (pl.int_range(len(made)) == 0)).then(made))
            .to_series()
            .alias(name)
        )

    def _drawn(self, name: str, turn: int) -> pl.Series:
        parent = self._parent_values(name)
        if parent is None:
            return values(self.contract, self.contract.column(name), self.rows, self.seed, turn, self.first)
        self.locked.add(name)
        return parent.gather(noise(self.rows, name, self.seed, self.first) % len(parent)).alias(name)

    def _parent_values(self, name: str) -> pl.Series | None:
        for reference in self.contract.references:
            if name in reference.columns and len(self.parents.get(reference.to_table, ())):
                return self.parents[reference.to_table][reference.to_columns[reference.columns.index(name)]]
        return None

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Give every row a key of its own: the last column of the key counts on, those before it take turns."""
        place = pl.int_range(self.first, self.first + self.rows, eager=True)
        *leading, last = self.contract.primary_key
        self.locked.update(self.contract.primary_key)
        spoiled = self.rule.columns if self.rule else ()
        for name in leading:
            parent = self._parent_values(name)
            turns = 1 if name in spoiled else _PLACES if parent is None else min(_PLACES, len(parent))
            if parent is None:
                frame = frame.with_columns(counted(self.contract, self.contract.column(name), place % turns, self.seed))
            else:
                frame = frame.with_columns(parent.gather(place % turns).alias(name))
            place = place // turns
        if last in self.equalities:
            return self._spread(frame, self.equalities[last], place)
        return frame.with_columns(counted(self.contract, self.contract.column(last), place, self.seed))

    def _spread(self, frame: pl.DataFrame, tree: Tree, place: pl.Series) -> pl.DataFrame:
        """Number the columns from which a key is computed, the last one quickest, so that keys stay distinct."""
        for name in reversed(_names(tree)):
            column = self.contract.column(name)
            low, high = bounds(self.contract, column)
            if (
                column.type.kind != "integer"
                or low is None
                or high is None
                or name in (self.rule.columns if self.rule else ())
            ):
                continue
            size = high - low + 1
            frame = frame.with_columns((place % size + low).alias(name))
            place = place // size
            self.locked.add(name)
        return frame

    def _derived(self, frame: pl.DataFrame) -> pl.DataFrame:
        for name, tree in self.equalities.items():
            if not (self.rule and name in self.rule.columns and self.rule.kind != "expression"):
                computed = pl.coalesce(expression(tree).cast(frame.schema[name]), pl.col(name))
                frame = frame.with_columns(computed.alias(name))
        return frame

    def _mended(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Draw again, where rows break an expression that they should keep or keep the one that they should break."""
        rules = [rule for rule in self.contract.rules if rule.kind == "expression"]
        mistaken = {
            rule: ~breaks(rule, self.contract) if rule is self.rule else breaks(rule, self.contract) for rule in rules
        }
        ranges = [
            rule
            for rule in self.contract.rules
            if rule.kind in ("minimum", "maximum") and rule.columns[0] in self.equalities
        ]
        mistaken |= {self._through(rule): breaks(rule, self.contract) for rule in ranges if rule is not self.rule}
        for turn in range(1, _ROUNDS):
            marks = frame.select(mark.alias(str(place)) for place, mark in enumerate(mistaken.values()))
            wrong_rows = {rule: marks[str(place)] for place, rule in enumerate(mistaken) if marks[str(place)].any()}
            if not wrong_rows:
                return frame
            frame = self._derived(self._redrawn(frame, wrong_rows, turn))
        if self.rule is None or self.rule in wrong_rows:
            name = self.rule.name if self.rule else next(iter(wrong_rows)).name
            raise ContractError(
                f"no row could be made for the rule {name}",
                where=self.contract.path or self.contract.table,
                fix="look whether the rules contradict each other",
            )
        return frame

    def _through(self, rule: Rule) -> Rule:
        """A range of a computed column, seen as a rule on the columns that it is computed from."""
        return Rule(rule.name, "expression", tuple(_names(self.equalities[rule.columns[0]])))

    def _redrawn(self, frame: pl.DataFrame, wrong_rows: Mapping[Rule, pl.Series], turn: int) -> pl.DataFrame:
        for rule, mask in wrong_rows.items():
            for name in rule.columns:
                if name in self.locked or name in self.equalities:
                    continue
                optional = not self.contract.column(name).required
                blank = optional and turn >= _NULLS_FROM_ROUND and rule is not self.rule
                fresh = pl.lit(None, frame.schema[name]) if blank else pl.lit(self._drawn(name, turn))
                frame = frame.with_columns(pl.when(pl.lit(mask)).then(fresh).otherwise(pl.col(name)).alias(name))
        return frame


def _names(tree: Tree) -> list[str]:
    """The columns of a tree, in order of reading."""
    if tree[0] == "column":
        return [tree[1]]
    found: list[str] = []
    for part in tree[1:]:
        parts: Collection[Tree] = part if isinstance(part, tuple) and part and isinstance(part[0], tuple) else [part]
        for inner in parts:
            if isinstance(inner, tuple):
                found += [name for name in _names(inner) if name not in found]
    return found
