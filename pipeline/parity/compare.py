"""The comparison itself: layer by layer, table by table, each side exported to Parquet, then joined."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from lake.errors import MirrorlakeError, UsageError
from lake.sql import literal
from pipeline.parity import subjects as catalogue
from pipeline.parity.hints import looked_for
from pipeline.parity.lake_tables import LakeReader
from pipeline.parity.model import LAYERS, Parity, Subject, TableParity
from pipeline.parity.rows import compare_rows
from pipeline.parity.run_dates import other_run_dates
from pipeline.parity.sides import Reader, Side
from warehouse.duck import explained, memory
from warehouse.exports import Days

MEMORY = "1GB"  # what a join may take before it spills to disk
Advance = Callable[[str], None]


def compare(
    left: Side,
    right: Side,
    *,
    days: tuple[date, date] | None = None,
    tables: Sequence[str] = (),
    scratch: Path | None = None,
    advance: Advance = lambda name: None,
) -> Parity:
    """Compare every table (or ``tables``) of two sides, on all their rows or on those of ``days``, both included.

    ``scratch`` is a folder with room for two copies of the largest table (None: the system's). A table or layer that
    cannot be read is a verdict, not an exception. Raises UsageError where both sides are one, StorageError where a
    side has no tables, UnknownChoiceError for an unknown table.
    """
    began = time.monotonic()
    wanted = catalogue.chosen(catalogue.subjects(left.workspace), tables)
    _refuse_same(left, right)
    with closing(left), closing(right):
        for side in (left, right):
            side.require_tables()
        with tempfile.TemporaryDirectory(prefix="mirrorlake-parity-", dir=scratch) as folder:
            found = [
                each
                for layer in LAYERS
                if any(subject.layer == layer for subject in wanted) or not tables
                for each in _layer(layer, left, right, wanted, days, not tables, Path(folder), advance)
            ]
        notes: list[str] = looked_for(lambda: other_run_dates(left, right), [])
    if notes:
        found = [_without_guesses(table, wanted, days) for table in found]
    return Parity(
        left.name,
        right.name,
        {left.name: left.places, right.name: right.places},
        days,
        tuple(found),
        time.monotonic() - began,
        datetime.now(UTC).isoformat(timespec="seconds"),
        tuple(notes),
    )


def _without_guesses(table: TableParity, wanted: Sequence[Subject], days: tuple[date, date] | None) -> TableParity:
    """A table compared whole differs because of the other days; what its values look like is then no trap's doing."""
    whole = {(each.layer, each.table) for each in wanted if catalogue.restriction(each, days) is None}
    if table.verdict != "different" or (table.layer, table.table) not in whole:
        return table
    values = tuple(replace(value, trap=None) for value in table.values)
    return replace(table, values=values, hints=tuple(hint for hint in table.hints if hint.startswith("other days")))


def _refuse_same(left: Side, right: Side) -> None:
    """The same tables on both sides are always equal; a variable of the shell may have made them so."""
    for what, place in left.places.items():
        if left.name == right.name or (place == right.places.get(what) and place != "snowflake"):
            raise UsageError(
                f"both sides are the same: {what} of {left.name} and of {right.name} is {place}",
                fix="name two environments, or give one another data folder: mirrorlake parity dev dev=FOLDER; "
                "a MIRRORLAKE_ variable in the shell counts for both sides",
            )


def _layer(
    layer: str,
    left: Side,
    right: Side,
    wanted: Sequence[Subject],
    days: tuple[date, date] | None,
    everything: bool,
    folder: Path,
    advance: Advance,
) -> Iterator[TableParity]:
    """Every table of a layer; those that a side has and nobody describes too, if ``everything`` is compared."""
    described = [subject for subject in wanted if subject.layer == layer]
    try:
        readers = (left.reader(layer), right.reader(layer))
        there = tuple(set(reader.tables()) for reader in readers)
    except MirrorlakeError as error:
        yield from (TableParity(layer, each.table, "failed", each.key, error=str(error)) for each in described)
        return
    known = {subject.table for subject in described}
    extra = sorted((there[0] | there[1]) - known) if everything else []
    for subject in [*described, *(catalogue.unknown(layer, name) for name in extra)]:
        advance(subject.name)
        began = time.monotonic()
        lacking = [side.name for side, names in zip((left, right), there, strict=True) if subject.table not in names]
        found = _table(subject, readers, lacking, days, folder)
        yield replace(found, seconds=time.monotonic() - began)


def _table(
    subject: Subject,
    readers: tuple[Reader, Reader],
    lacking: Sequence[str],
    days: tuple[date, date] | None,
    folder: Path,
) -> TableParity:
    found = TableParity(subject.layer, subject.table, "absent", subject.key)
    if lacking:
        alone = replace(found, verdict="different", error=f"{lacking[0]} has no such table")
        return alone if len(lacking) == 1 else found
    only = catalogue.restriction(subject, days)
    try:
        found = _compared(subject, readers, only, folder)
    except MirrorlakeError as error:
        return replace(found, verdict="failed", error=str(error))
    if found.verdict == "different" and only is not None:
        hints: list[str] = looked_for(lambda: list(_other_days(subject, readers)), [])
        found = replace(found, hints=(*found.hints, *hints))
    return found


def _compared(subject: Subject, readers: tuple[Reader, Reader], only: Days | None, folder: Path) -> TableParity:
    files = [folder / f"{subject.name}.{side}.parquet" for side in ("left", "right")]
    try:
        left, right = (reader.export(subject.table, file, only) for reader, file in zip(readers, files, strict=True))
        with explained(folder), memory() as connection:
            connection.execute(f"SET memory_limit = {literal(MEMORY)}")
            connection.execute(f"SET temp_directory = {literal(str(folder / 'spill'))}")
            connection.execute("SET preserve_insertion_order = false")
            return compare_rows(connection, subject, left, right)
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _other_days(subject: Subject, readers: tuple[Reader, Reader]) -> Iterator[str]:
    """Rolling values and totals of one day differ where the sides hold different days around it."""
    one, other = readers
    if (
        subject.event is None
        or subject.event in subject.sensitive
        or not (isinstance(one, LakeReader) and isinstance(other, LakeReader))
    ):
        return
    spans = one.days(subject.table, subject.event), other.days(subject.table, subject.event)
    if spans[0] and spans[1] and spans[0] != spans[1]:
        told = " and ".join(f"{first} to {last}" for first, last in filter(None, spans))
        yield (
            f"other days: the sides hold {told}; rolling values read the days before, so compare runs over the same "
            "days"
        )
