"""What a change of contracts means: who is hurt by it, and what has to be done.

    compatible     readers and rows stay as they are
    needs rebuild  rows have to be judged or computed again; readers go on
    breaking       readers break: a column or table goes, its type, unit or key changes, or nulls may now come

Silver rejects rows by its rules, so a changed rule means judging bronze again; gold's rules are checks on what was
computed, so only constraints change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lake.contract.model import Column, Contract, Contracts, Freshness, Partition, Reference, Rule, Type

Effect = Literal["compatible", "needs rebuild", "breaking"]
EFFECTS: tuple[Effect, ...] = ("compatible", "needs rebuild", "breaking")

_TABLE_FIELDS: dict[str, tuple[str, Effect]] = {
    "layer": ("layer", "breaking"),
    "primary_key": ("primary key", "breaking"),
    "grain": ("grain", "compatible"),
    "partition": ("partition", "needs rebuild"),
    "references": ("references", "needs rebuild"),
    "version_column": ("version column", "needs rebuild"),
    "datasets": ("datasets", "needs rebuild"),
    "window_days": ("window", "compatible"),
    "history": ("history", "breaking"),
    "load": ("load mode", "needs rebuild"),
    "on_duplicate": ("treatment of doubled keys", "needs rebuild"),
    "evolution": ("treatment of unknown columns", "needs rebuild"),
    "rejection_threshold": ("rejection threshold", "needs rebuild"),
    "shrink_threshold": ("shrink threshold", "compatible"),
    "min_rows": ("least number of rows", "compatible"),
    "freshness": ("freshness", "compatible"),
    "sla": ("service levels", "compatible"),
    "domain": ("domain", "compatible"),
    "owner": ("owner", "compatible"),
    "roles": ("roles", "compatible"),
}
_COLUMN_FIELDS: dict[str, tuple[str, Effect]] = {
    "type": ("type", "breaking"),
    "unit": ("unit", "breaking"),
    "source_field": ("source field", "needs rebuild"),
    "decimals": ("decimals", "compatible"),
    "classification": ("classification", "compatible"),
}
_WORDS = ("title", "description", "usage", "limitations")


@dataclass(frozen=True)
class Change:
    """One difference between two contracts of a table."""

    table: str
    what: str
    effect: Effect


def compare(old: Contracts, new: Contracts) -> list[Change]:
    """Every change from ``old`` to ``new``, by table."""
    changes: list[Change] = []
    for table in sorted({*old, *new}):
        if table not in old:
            changes.append(Change(table, "new table", "compatible"))
        elif table not in new:
            changes.append(Change(table, "table removed", "breaking"))
        else:
            changes += compare_table(old[table], new[table])
    return changes


def compare_table(old: Contract, new: Contract) -> list[Change]:
    """Every change of one table: its own, then its columns', then its rules'."""
    found = [*_of_table(old, new), *_of_columns(old, new), *_of_rules(old, new)]
    return [Change(new.table, what, effect) for what, effect in found]


def worst(changes: list[Change]) -> Effect:
    """The gravest effect among changes; compatible where there are none."""
    return max((change.effect for change in changes), key=EFFECTS.index, default="compatible")


def next_version(version: str, effect: Effect) -> str:
    """The version that a change of that effect asks for, by semantic versioning; unchanged if it is no such version."""
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return version
    major, minor, patch = map(int, parts)
    if effect == "breaking":
        return f"{major + 1}.0.0"
    return f"{major}.{minor + 1}.0" if effect == "needs rebuild" else f"{major}.{minor}.{patch + 1}"


def _of_table(old: Contract, new: Contract) -> Iterator[tuple[str, Effect]]:
    for name, (word, effect) in _TABLE_FIELDS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{word}: {_shown(before)} -> {_shown(after)}", effect
    if old.warehouse != new.warehouse:
        yield ("goes to the warehouse now", "compatible") if new.warehouse else ("leaves the warehouse", "breaking")
    if any(getattr(old, name) != getattr(new, name) for name in _WORDS):
        yield "words", "compatible"


def _of_columns(old: Contract, new: Contract) -> Iterator[tuple[str, Effect]]:
    before = {column.name: column for column in old.columns}
    after = {column.name: column for column in new.columns}
    for name in before:
        if name not in after:
            yield f"column {name} removed", "breaking"
    for name, column in after.items():
        if name not in before:
            yield f"column {name} added ({column.type.kind}{', required' if column.required else ''})", "needs rebuild"
        else:
            yield from _of_column(before[name], column)
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield "order of columns", "compatible"


def _of_column(old: Column, new: Column) -> Iterator[tuple[str, Effect]]:
    for name, (word, effect) in _COLUMN_FIELDS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield f"{word} of {new.name}: {_shown(before)} -> {_shown(after)}", effect
    if (old.description, old.examples) != (new.description, new.examples):
        yield f"words of {new.name}", "compatible"


def _of_rules(old: Contract, new: Contract) -> Iterator[tuple[str, Effect]]:
    before = {rule.name: rule for rule in old.rules}
    after = {rule.name: rule for rule in new.rules}
    columns = set(old.column_names) & set(new.column_names)
    rejudged: Effect = "needs rebuild" if new.layer == "silver" else "compatible"
    for name in [*before, *(name for name in after if name not in before)]:
        was, now = before.get(name), after.get(name)
        if _judgement(was) == _judgement(now) or not columns.issuperset((now or was or _NONE).columns):
            continue
        effect = rejudged if "error" in (was and was.severity, now and now.severity) else "compatible"
        if was and was.kind == "required" and (now is None or now.severity == "warn"):
            effect = "breaking"
        verb = "added" if was is None else "removed" if now is None else "changed"
        yield f"rule {name} {verb}: {_said(was)} -> {_said(now)}", effect


_NONE = Rule("", "expression", ())


def _judgement(rule: Rule | None) -> object:
    return rule and (rule.kind, rule.severity, rule.argument, rule.expression)


def _said(rule: Rule | None) -> str:
    if rule is None:
        return "none"
    text = rule.expression if rule.kind == "expression" else _shown(rule.argument)
    return f"{text} ({rule.severity})"


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, part)) if isinstance(part, tuple) else _shown(part) for part in value)
    text = str(value)
    match value:
        case Type("decimal", precision, scale):
            text = f"decimal({precision}, {scale})"
        case Type(kind):
            text = kind
        case Partition(column, by):
            text = f"{by} of {column}"
        case Reference(columns, table, targets):
            text = f"{', '.join(columns)} to {table} ({', '.join(targets)})"
        case Freshness(column, data_hours, load_hours):
            text = f"data {data_hours} h by {column}, loads {load_hours} h"
    return text
