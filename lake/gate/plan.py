"""What the gate will do with raw columns of one shape, as Polars expressions: the same plan serves a frame in memory
and files that stream. Part of the gate.

The gate's own frame holds the metadata, each raw field as ``raw.<field>`` and each contract column by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import orjson
import polars as pl

from lake.contract.model import Contract
from lake.contract.types import polars_type
from lake.gate.rules import (
    SEPARATOR,
    Check,
    key_check,
    rule_checks,
    type_check,
    type_severity,
    unknown_check,
    violations,
)
from lake.gate.text import json_of
from lake.gate.types import RawColumn, raw_column, typed
from lake.raw import METADATA

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True)
class Plan:
    """``bring`` and ``type`` make the gate's frame; ``errors`` and ``warnings`` judge it; ``unknown`` are the fields
    that the contract does not know. The key's check, in one of both, reads ``gate.doubled``, which the gate adds.
    """

    contract: Contract
    metadata: tuple[str, ...]
    fields: tuple[RawColumn, ...]
    unknown: tuple[RawColumn, ...]
    bring: tuple[pl.Expr, ...]
    type: tuple[pl.Expr, ...]
    errors: tuple[Check, ...]
    warnings: tuple[Check, ...]
    key: Check

    def frame(self, raw: Frame) -> Frame:
        """The gate's own frame of a raw frame."""
        return raw.select(*self.bring).with_columns(*self.type)

    @property
    def broken(self) -> pl.Expr:
        """Whether a row breaks a rule of severity error by itself; its key is no matter of one row."""
        return violations([check for check in self.errors if check is not self.key])

    @property
    def valid(self) -> list[pl.Expr]:
        """The columns of valid rows: the contract's, the metadata, and ``_extra`` with the unknown values as JSON."""
        return [*map(pl.col, self.contract.column_names), *map(pl.col, self.metadata), self._extra()]

    @property
    def rejected(self) -> list[pl.Expr]:
        """The columns of rejected rows: metadata, the rules each broke, why, and the row as received."""
        return [*map(pl.col, self.metadata), *_findings(self.errors), self._row()]

    def _extra(self) -> pl.Expr:
        if not self.unknown or self.contract.evolution in ("discard_value", "discard_row"):
            return pl.lit(None, dtype=pl.String).alias("_extra")
        ordered = sorted(self.unknown, key=lambda raw: raw.field)
        pieces = [pl.when(raw.expression.is_not_null()).then(_member(raw)) for raw in ordered]
        inner = pl.concat_str(pieces, separator=",", ignore_nulls=True)
        return pl.when(inner != "").then("{" + inner + "}").alias("_extra")

    def _row(self) -> pl.Expr:
        if not self.fields:
            return pl.lit("{}").alias("row")
        return ("{" + pl.concat_str([_member(raw) for raw in self.fields], separator=",") + "}").alias("row")


def make_plan(
    contract: Contract,
    schema: Mapping[str, pl.DataType],
    metadata: Mapping[str, pl.Expr],
    carried: Sequence[str] = tuple(METADATA),
) -> Plan:
    """Plan for raw columns of ``schema``; ``metadata`` gives the columns of the gate's frame that are no fields, of
    which valid and rejected rows carry the ``carried`` ones.
    """
    fields = {name: raw_column(name, dtype) for name, dtype in schema.items() if name not in METADATA}
    values, faults, missing = _types(contract, fields)
    known = {column.source_field or column.name for column in contract.columns}
    unknown = tuple(raw for raw in fields.values() if raw.field not in known)
    checks = [*faults, *rule_checks(contract, missing)]
    if contract.evolution in ("discard_row", "discard_value"):
        checks += [unknown_check(raw, "error" if contract.evolution == "discard_row" else "warn") for raw in unknown]
    key = key_check(contract)
    checks.append(key)
    return Plan(
        contract,
        tuple(carried),
        tuple(fields.values()),
        unknown,
        (*(value.alias(name) for name, value in metadata.items()), *(raw.bring() for raw in fields.values())),
        tuple(values),
        tuple(check for check in checks if check.severity == "error"),
        tuple(check for check in checks if check.severity == "warn"),
        key,
    )


def _types(
    contract: Contract, fields: Mapping[str, RawColumn]
) -> tuple[list[pl.Expr], list[Check], dict[str, pl.Expr]]:
    """``(typed values, type checks, where a value is missing per column)``; a field that is not there is all null."""
    values, checks, missing = [], [], {}
    for column in contract.columns:
        raw = fields.get(column.source_field or column.name)
        missing[column.name] = pl.col(column.name).is_null()
        if raw is None:
            values.append(pl.lit(None, dtype=polars_type(column.type)).alias(column.name))
            continue
        value, can_fail = typed(raw, column.type)
        values.append(value.alias(column.name))
        if can_fail:
            checks.append(type_check(column, contract, raw))
            if type_severity(column, contract) == "error":
                missing[column.name] = raw.expression.is_null()
    return values, checks, missing


def _findings(checks: Sequence[Check]) -> list[pl.Expr]:
    """The lists ``rules`` and ``reasons`` of rejected rows, by way of one text: lists of lists would be dearer."""
    rules = [pl.when(check.broken).then(pl.lit(check.rule)) for check in checks]
    reasons = [pl.when(check.broken).then(check.reason) for check in checks]
    if not checks:
        return [pl.lit([], dtype=pl.List(pl.String)).alias(name) for name in ("rules", "reasons")]
    return [
        pl.concat_str(found, separator=SEPARATOR, ignore_nulls=True).str.split(SEPARATOR).alias(name)
        for name, found in (("rules", rules), ("reasons", reasons))
    ]


def _member(raw: RawColumn) -> pl.Expr:
    name = orjson.dumps(raw.field).decode()
    return pl.lit(name + ":") + json_of(raw.name, raw.dtype, mixed=raw.mixed)
