"""How far a change reaches, in plain dates: from changed partitions of an input to the partitions to be rewritten.

A partition is named by its first day (``_partition_date``). A change on day D changes the rows of D..D+w (w is the
contract's ``window_days``), and to make the rows of a day X the days X-w..X are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from lake.contract.model import Granularity
from lake.engines import Days

_ONE_DAY = timedelta(days=1)


def partition_of(day: date, by: Granularity) -> date:
    """The partition that a day lies in."""
    if by == "year":
        return day.replace(month=1, day=1)
    return day.replace(day=1) if by == "month" else day


def next_partition(partition: date, by: Granularity) -> date:
    """The partition after this one."""
    if by == "year":
        return partition.replace(year=partition.year + 1)
    if by == "month":
        return (partition + timedelta(days=31)).replace(day=1)
    return partition + _ONE_DAY


def days_of(partition: date, by: Granularity) -> Days:
    """First and last day of a partition."""
    return partition, next_partition(partition, by) - _ONE_DAY


def partitions_of(days: Days, by: Granularity) -> set[date]:
    """Every partition that a span of days touches."""
    first, last = days
    found = set()
    partition = partition_of(first, by)
    while partition <= last:
        found.add(partition)
        partition = next_partition(partition, by)
    return found


def reached(changed: Iterable[Days], window_days: int, by: Granularity) -> set[date]:
    """The partitions that hold a day which changed days reach: D..D+w of each."""
    found: set[date] = set()
    for first, last in changed:
        found |= partitions_of((first, last + timedelta(days=window_days)), by)
    return found


def runs(partitions: Collection[date], by: Granularity) -> list[Days]:
    """Partitions as spans of days, neighbours joined, in order."""
    joined: list[Days] = []
    for partition in sorted(partitions):
        first, last = days_of(partition, by)
        if joined and joined[-1][1] + _ONE_DAY == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return joined


def widened(spans: Iterable[Days], days_before: int) -> list[Days]:
    """Spans that begin ``days_before`` days earlier: what has to be read; those that then overlap are joined."""
    joined: list[Days] = []
    for first, last in spans:
        begin = first - timedelta(days=days_before)
        if joined and begin <= joined[-1][1] + _ONE_DAY:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((begin, last))
    return joined


def clipped(span: Days, within: Iterable[Days]) -> list[Days]:
    """The parts of ``span`` that lie within the other spans."""
    first, last = span
    parts = [(max(first, begin), min(last, end)) for begin, end in within]
    return [part for part in parts if part[0] <= part[1]]


def moved(before: Days | None, after: Days | None) -> list[Days]:
    """The days that are in one of two spans only: what a first or last day that moved adds or takes away."""
    if before is None or after is None:
        return [span for span in (before, after) if span is not None]
    if before[1] < after[0] or after[1] < before[0]:
        return [before, after]
    ends = [
        (min(before[0], after[0]), max(before[0], after[0]) - _ONE_DAY),
        (min(before[1], after[1]) + _ONE_DAY, max(before[1], after[1])),
    ]
    return [span for span in ends if span[0] <= span[1]]
