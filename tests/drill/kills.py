"""One kill with all that follows: recovery, a recovery that is killed too, and the comparison with the undisturbed."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.drill.content import Content, broken_promises, content, differences
from tests.drill.legs import Command, Leg, States
from tests.drill.project import Ended, Point, copied

ENOUGH = 1  # kills of recoveries per site and moment


@dataclass
class Baseline:
    """A leg that nobody disturbs: its commit points, how its last command ended, what it left."""

    points: tuple[Point, ...]
    exit_code: int
    content: Content
    problems: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """What one kill led to. ``again``: where its recovery was killed; ``problems``: none if all is well."""

    leg: str
    point: Point
    again: Point | None = None
    problems: list[str] = field(default_factory=list)


class Chooser:
    """Chooses where a recovery is killed: at the commit point whose site and moment had the fewest kills so far.

    None where all have had ``enough`` of them.
    """

    def __init__(self, enough: int = ENOUGH) -> None:
        self.enough = enough
        self.kills: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def choose(self, points: Iterable[Point]) -> Point | None:
        with self._lock:
            point = min(points, key=lambda each: self.kills[each.site, each.moment], default=None)
            if point and self.kills[point.site, point.moment] >= self.enough:
                return None
            if point:
                self.kills[point.site, point.moment] += 1
            return point


def baseline(leg: Leg, states: States, folder: Path) -> Baseline:
    """What a leg and its recovery do undisturbed: as the states were made, or by running them once more."""
    if leg.makes and leg.ends_as:
        ended, last, data = states.ended[leg.makes], states.ended[leg.ends_as], states.folders[leg.ends_as]
    else:
        data = leg.start(states, folder / f"{leg.name}-undisturbed".replace(" ", "-"))
        ended = states.project.run(data, leg.recordings, *leg.command, bug=states.bug)
        last = recover(states, leg, data, leg.recovery)
    found, disagreements = content(data)
    problems = [*complaints(ended), *complaints(last), *disagreements, *broken_promises(data)]
    # What is left out is told by the run that leaves it out; the one that recovers may be it, or not.
    return Baseline(ended.points, max(ended.exit_code, last.exit_code), found, problems)


def recover(states: States, leg: Leg, data: Path, commands: Iterable[Command]) -> Ended:
    """Run these commands one after the other; how the last one ended, and the commit points of the first."""
    ended = [states.project.run(data, leg.recordings, *command, bug=states.bug) for command in commands]
    text = "\n".join(each.text for each in ended)
    return Ended(ended[-1].exit_code, text, ended[0].points)


def complaints(ended: Ended) -> list[str]:
    """What is wrong with how a command ended, whatever it left."""
    if "Traceback" in ended.text or ended.exit_code not in (0, 1, 2):
        return [f"ended with exit code {ended.exit_code}: {ended.text[-1500:]}"]
    return []


def kill_and_recover(
    leg: Leg,
    point: Point,
    base: Baseline,
    states: States,
    folder: Path,
    chooser: Chooser | None,
) -> Verdict:
    """Kill ``leg`` at ``point``; recover; recover again from the same death with a kill on the way; compare both."""
    verdict = Verdict(leg.name, point)
    dead = leg.start(states, folder / "dead")
    killed = states.project.run(dead, leg.recordings, *leg.command, kill=point, bug=states.bug)
    if not killed.killed:
        verdict.problems.append(f"was not killed: exit code {killed.exit_code}: {killed.text[-500:]}")
        return verdict
    once = copied(dead, folder / "once")
    ended = recover(states, leg, once, leg.recovery)
    verdict.problems += judged(base, ended, once)
    verdict.again = chooser.choose(ended.points) if chooser else None
    if verdict.again:
        killed = states.project.run(dead, leg.recordings, *leg.recovery[0], kill=verdict.again, bug=states.bug)
        ended = recover(states, leg, dead, leg.recovery)
        verdict.problems += [f"with a kill in recovery {verdict.again}: {each}" for each in judged(base, ended, dead)]
    shutil.rmtree(folder, ignore_errors=True)
    return verdict


def judged(base: Baseline, ended: Ended, data: Path) -> list[str]:
    """What differs from the undisturbed."""
    problems = complaints(ended)
    if ended.exit_code > base.exit_code:
        problems.append(f"exit code {ended.exit_code} instead of {base.exit_code}: {ended.text[-800:]}")
    found, disagreements = content(data)
    return problems + disagreements + broken_promises(data) + differences(base.content, found)


def spread(points: tuple[Point, ...], most: int) -> list[Point]:
    """All points, or at most so many of them: one of each site and moment first, then evenly."""
    if not most or len(points) <= most:
        return list(points)
    first = {(point.site, point.moment): point for point in reversed(points)}
    rest = [point for point in points if point not in first.values()]
    free = max(0, most - len(first))
    return [*first.values(), *rest[:: max(1, len(rest) // free)][:free]] if free else list(first.values())
