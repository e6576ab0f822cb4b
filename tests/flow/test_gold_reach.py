"""Dates: how far a change reaches, and which days a moved span adds or takes away."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from lake.contract.model import Granularity
from lake.gold.reach import (
    clipped,
    days_of,
    moved,
    next_partition,
    partition_of,
    partitions_of,
    reached,
    runs,
    widened,
)

days = st.dates(date(2011, 1, 1), date(2014, 12, 31))
spans = st.tuples(days, st.integers(0, 500)).map(lambda one: (one[0], one[0] + timedelta(days=one[1])))
granularities: st.SearchStrategy[Granularity] = st.sampled_from(["day", "month", "year"])


def each_day(span: tuple[date, date] | None) -> set[date]:
    return set() if span is None else {span[0] + timedelta(days=n) for n in range((span[1] - span[0]).days + 1)}


@given(days, granularities)
def test_a_day_lies_in_its_partition(day: date, by: Granularity) -> None:
    first, last = days_of(partition_of(day, by), by)
    assert first <= day <= last
    assert next_partition(first, by) == last + timedelta(days=1)
    assert partition_of(first, by) == partition_of(last, by) == first


@given(spans, granularities)
def test_partitions_of_a_span_are_those_of_its_days(span: tuple[date, date], by: Granularity) -> None:
    assert partitions_of(span, by) == {partition_of(day, by) for day in each_day(span)}


@given(st.lists(spans, max_size=3), st.integers(0, 40), granularities)
def test_a_change_reaches_its_window(changed: list[tuple[date, date]], window: int, by: Granularity) -> None:
    wanted = {
        partition_of(day + timedelta(days=ahead), by)
        for span in changed
        for day in each_day(span)
        for ahead in (0, window // 2, window)
    }
    assert wanted <= reached(changed, window, by)
    assert len(reached(changed, window, by) - wanted) == 0 or window > 1


@given(st.sets(days, max_size=6), granularities)
def test_runs_are_the_days_of_the_partitions(some: set[date], by: Granularity) -> None:
    partitions = {partition_of(day, by) for day in some}
    joined = runs(partitions, by)
    assert {day for span in joined for day in each_day(span)} == {
        day for partition in partitions for day in each_day(days_of(partition, by))
    }
    assert all(earlier[1] + timedelta(days=1) < later[0] for earlier, later in pairwise(joined))


@given(st.sets(days, max_size=6), st.integers(0, 90))
def test_what_is_read_begins_earlier(some: set[date], before: int) -> None:
    rewritten = runs({partition_of(day, "month") for day in some}, "month")
    read = widened(rewritten, before)
    wanted = {day - timedelta(days=back) for span in rewritten for day in each_day(span) for back in range(before + 1)}
    assert {day for span in read for day in each_day(span)} == wanted


@given(st.one_of(st.none(), spans), st.one_of(st.none(), spans))
def test_moved_days_are_in_one_span_only(before: tuple[date, date] | None, after: tuple[date, date] | None) -> None:
    found = {day for span in moved(before, after) for day in each_day(span)}
    assert found == each_day(before) ^ each_day(after)


@given(spans, st.lists(spans, max_size=2))
def test_clipped_days_are_in_both(span: tuple[date, date], within: list[tuple[date, date]]) -> None:
    found = {day for part in clipped(span, within) for day in each_day(part)}
    assert found == each_day(span) & {day for other in within for day in each_day(other)}
