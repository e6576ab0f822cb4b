"""Whether two sides were run over the same dates: where they were not, counts and rolling values must differ."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from pipeline.parity.sides import Side
from pipeline.spelling import Spelling
from pipeline.status import spans


def other_run_dates(left: Side, right: Side) -> list[str]:
    """A sentence for each side that lacks run dates of the other, with the command that runs them there."""
    dates = {side.name: side.workspace.bronze.run_dates() for side in (left, right)}
    return [
        *_lacks(left, right, dates[right.name] - dates[left.name]),
        *_lacks(right, left, dates[left.name] - dates[right.name]),
    ]


def _lacks(side: Side, other: Side, days: set[date]) -> Iterator[str]:
    if not days:
        return
    env, _, folder = side.name.partition("=")
    run = Spelling(env, folder or None).of(f"mirrorlake run --from {min(days)} --to {max(days)}")
    yield (
        f"{other.name} was also run for {spans(days)}, {side.name} was not: what counts days or reads those before "
        f"differs by that; to make both alike: {run}"
    )
