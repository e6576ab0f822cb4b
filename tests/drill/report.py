"""What a drill found, and the page that says so."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.drill.kills import ENOUGH, Baseline, Chooser, Verdict
from tests.drill.legs import Leg
from tests.drill.planted import Found
from tests.drill.project import REPOSITORY
from tests.drill.sites import NOT_DRILLED

PAGE = REPOSITORY / "docs" / "drill.md"


@dataclass
class LegOutcome:
    """One leg: its commit points (before and after count as one), its kills, those in recovery, what differed."""

    leg: Leg
    points: int
    sites: Counter[str]
    kills: int = 0
    again: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """One drill."""

    legs: dict[str, LegOutcome] = field(default_factory=dict)
    chooser: Chooser = field(default_factory=Chooser)
    amid_dbt: list[Verdict] = field(default_factory=list)
    bugs: list[Found] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def begin(self, leg: Leg, base: Baseline) -> None:
        before = [point for point in base.points if point.moment == "before"]
        made = LegOutcome(leg, len(before), Counter(point.site for point in before))
        made.problems += [f"undisturbed: {problem}" for problem in base.problems]
        self.legs[leg.name] = made

    def add(self, verdict: Verdict) -> None:
        made = self.legs[verdict.leg]
        made.kills += 1
        made.again += verdict.again is not None
        made.problems += [f"killed {verdict.point}: {problem}" for problem in verdict.problems]

    @property
    def sites(self) -> set[str]:
        return {site for leg in self.legs.values() for site in leg.sites}

    @property
    def problems(self) -> list[str]:
        found = [f"{name}: {problem}" for name, leg in self.legs.items() for problem in leg.problems]
        found += [f"amid dbt: {v.point.key}: {problem}" for v in self.amid_dbt for problem in v.problems]
        found += [f"planted bug not found: {each.bug}" for each in self.bugs if each.verdict is None]
        return found + [f"a kind of write that no kill has met: {site}" for site in self.missed]

    @property
    def is_good(self) -> bool:
        return not self.problems

    @property
    def kills(self) -> int:
        return sum(leg.kills + leg.again for leg in self.legs.values()) + len(self.amid_dbt)

    @property
    def verdict(self) -> str:
        points = sum(leg.points for leg in self.legs.values())
        return (
            f"{points} commit points of {len(self.sites)} kinds, {self.kills} kills "
            f"({sum(leg.again for leg in self.legs.values())} of them in a recovery): "
            f"{len(self.problems) or 'no'} difference{'' if len(self.problems) == 1 else 's'} ({self.seconds:.0f} s)"
        )


def write(outcome: Outcome, page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text("\n".join(_lines(outcome)) + "\n", encoding="utf-8")


INTRODUCTION = """\
Every commit point of the platform passes one place in the code (`lake/writes.py`). The drill runs real processes,
numbers the commit points of an undisturbed run, then kills a run (SIGKILL) right before and right after each of them,
recovers by the command that a user would type again, and compares everything that is left with the undisturbed run:
bronze, refused bodies, ledgers, silver, quarantine, gold, staging, the warehouse and the published tables. From a death
it also recovers a second time and kills that recovery too, at the kind of write and moment that had the fewest kills so
far, until each has had {enough}. Lake tables are read by two libraries that must agree: deltalake with Polars, and
DuckDB on the Parquet files that the Delta log names. After each recovery every row that came in is valid, rejected or a
counted duplicate, and each rejected one is in quarantine."""
BATCHES = """\
Both batches hold two places and two days. The first has a broken row and a body that is HTML; in the second a recording
has changed, the spoiled one is mended, and one has so many broken rows that its load is refused. A leg begins where the
one before ended, so a run is drilled from end to end. The legs after `publish` are commands beside the run, killed at a
selection of their commit points that has every kind and moment."""
AMID_DBT = """\
dbt commits model by model in its own process, so it is killed there by what it has written so far, and the next run
starts at once."""
BUGS = """\
A drill that finds nothing proves something only if it would have found something. Three bugs are planted, one at a time
(`tests/drill/bugs.py`); none shows in an undisturbed run, nor in a repeated one."""


def _lines(outcome: Outcome) -> list[str]:
    said = outcome.verdict
    return [
        "<!-- written by `just drill`; do not edit -->",
        "# The crash drill",
        "",
        INTRODUCTION.format(enough=ENOUGH),
        "",
        f"**{said[0].upper()}{said[1:]}**, on {os.cpu_count()} cores. Repeat it: `just drill`.",
        "",
        "| leg | command | commit points | kinds | kills | kills in recovery | differences |",
        "|---|---|---|---|---|---|---|",
        *(_leg_row(name, leg) for name, leg in outcome.legs.items()),
        "",
        BATCHES,
        "",
        "## Kinds of writes",
        "",
        "| kind | commit points | killed in recovery: before | after |",
        "|---|---|---|---|",
        *(_site_row(outcome, site) for site in sorted(outcome.sites)),
        "",
        "Not drilled, with the reason:",
        "",
        *(f"- {site}: {why}." for site, why in sorted(NOT_DRILLED.items())),
        "",
        "The drill fails when the source has a kind of write that is neither in the table nor in this list.",
        "",
        "## Killed while dbt builds",
        "",
        AMID_DBT,
        "",
        *(f"- {verdict.point.key}: {'; '.join(verdict.problems) or 'no difference'}." for verdict in outcome.amid_dbt),
        "",
        "## Planted bugs",
        "",
        BUGS,
        "",
        *(_bug(found) for found in outcome.bugs),
        *(["", "## Differences", "", *(f"- {problem}" for problem in outcome.problems)] if outcome.problems else []),
    ]


def _leg_row(name: str, leg: LegOutcome) -> str:
    cells = (
        name,
        f"`mirrorlake {_short(leg.leg)}`",
        leg.points,
        len(leg.sites),
        leg.kills,
        leg.again,
        len(leg.problems),
    )
    return f"| {' | '.join(map(str, cells))} |"


def _site_row(outcome: Outcome, site: str) -> str:
    points = sum(leg.sites[site] for leg in outcome.legs.values())
    again = (outcome.chooser.kills[site, "before"], outcome.chooser.kills[site, "after"])
    return f"| {site} | {points} | {again[0]} | {again[1]} |"


def _bug(found: Found) -> str:
    if found.verdict is None:
        return f"- {found.bug}: **not found** by {found.kills} kills."
    shown = found.verdict.problems[0].split("; ")[0].replace("\n", " ")[:200]
    where = f"{found.verdict.leg}, {found.verdict.point.moment} {found.verdict.point.site}"
    return f"- {found.bug}: found by kill {found.kills} ({where}): {shown}."


def _short(leg: Leg) -> str:
    """The command without what all of them share: places and dates."""
    words = list(leg.command)
    for name in ("--location", "--from", "--to"):
        while name in words:
            at = words.index(name)
            del words[at : at + 2]
    return " ".join(words)
