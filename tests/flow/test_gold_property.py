"""Incremental = full: whatever order and split loads come in, gold holds what one full build would have made."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gold_world import GoldWorld
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from killed import Killed

from lake import writes

FIRST = datetime(2012, 11, 20, tzinfo=UTC)  # days from here reach over a year's end and a short month
PLACES = ("ewr", "jfk", "lga")


# Some days of one place come with these hours (good or corrected values), or are taken away (a snapshot that shrinks).
change = st.fixed_dictionaries(
    {
        "place": st.sampled_from(PLACES),
        "day": st.integers(0, 110),
        "days": st.sampled_from([1, 1, 9, 40]),
        "hours": st.sets(st.integers(0, 23), max_size=4),
        "value": st.sampled_from([None, -2.5, 0.0, 0.1, 19.75]),
    }
)
load = st.fixed_dictionaries(
    {
        "changes": st.lists(change, min_size=1, max_size=5),
        "arrives": st.sets(st.sampled_from(PLACES)),
        "leaves": st.sets(st.sampled_from(PLACES), max_size=1),
        "killed_at": st.one_of(st.none(), st.integers(0, 12)),
        "engine": st.sampled_from(["polars", "polars", "duckdb"]),
    }
)


def apply(world: GoldWorld, changes: list[dict[str, object]]) -> None:
    for one in changes:
        place, first = str(one["place"]), FIRST + timedelta(days=int(one["day"]))  # type: ignore[call-overload]
        after = first + timedelta(days=int(one["days"]))  # type: ignore[call-overload]
        for key in [key for key in world.observed if key[0] == place and first <= key[1] < after]:
            del world.observed[key]
        for number in range(int(one["days"]) * 24):  # type: ignore[call-overload]
            if number % 24 in one["hours"]:  # type: ignore[operator]
                value = one["value"]
                measured = {"temperature_c": value, "precipitation_mm": value, "wind_speed_kmh": number / 7}
                world.observed[place, first + timedelta(hours=number)] = measured  # type: ignore[assignment]


@contextlib.contextmanager
def killing(nth: int | None):  # type: ignore[no-untyped-def]
    """Die at the nth moment around a write of gold, counting before and after alike."""
    count = iter(range(1000))

    def observer(moment: str, site: str, path: str) -> None:
        if site.startswith("gold.") and nth is not None and next(count) == nth:
            raise Killed

    stop = writes.observe(observer)
    try:
        with contextlib.suppress(Killed):
            yield
    finally:
        stop()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(load, min_size=2, max_size=4))
def test_incremental_equals_full(loads: list[dict[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = GoldWorld(Path(folder) / "incremental")
        world.arrive("jfk")
        for one in loads:
            apply(world, one["changes"])  # type: ignore[arg-type]
            world.arrive(*one["arrives"])  # type: ignore[misc]
            for place in one["leaves"]:  # type: ignore[attr-defined]
                world.places.pop(place, None)
            world.write()
            with killing(one["killed_at"]):  # type: ignore[arg-type]
                world.build(str(one["engine"]))
        world.build()
        assert world.unequal(world.afresh(Path(folder) / "full")) == {}
        assert world.build().unchanged
