"""What is drilled: the legs of a run's way, each from a state, by a command, with what recovers from its death.

Two batches. The first meets a broken row and a body that is none. The second comes upon it: one recording has changed
since, one has been mended, one is new, and of one so many rows are broken that it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from tests.drill.project import Ended, Project, copied

Body = dict[str, Any]
Command = tuple[str, ...]
END = "published twice"
FIRST, SECOND, THIRD = date(2013, 7, 1), date(2013, 7, 2), date(2013, 7, 3)
PLACES = ("--location", "JFK", "--location", "LGA")
FIRST_RUN: Command = ("run", "--from", "2013-07-01", "--to", "2013-07-02", *PLACES)
SECOND_RUN: Command = ("run", "--from", "2013-07-02", "--to", "2013-07-03", *PLACES)
REFUSED = "bronze/source=openmeteo/dataset=archive/run_date=2013-07-03/slice=lga/load=1"


def jobs(*names: str) -> Command:
    return tuple(word for name in names for word in ("--job", name))


TO_LOAD = jobs("ingest", "silver", "gold", "staging", "load")


def warmer(body: Body) -> Body:
    """Another answer than before, in every row."""
    hourly = body["hourly"]
    hourly["temperature_2m"] = [value and value + 0.5 for value in hourly["temperature_2m"]]
    return body


def broken(*hours: int) -> Callable[[Body], Body]:
    """Temperatures that are none, in these hours."""

    def change(body: Body) -> Body:
        for hour in hours:
            body["hourly"]["temperature_2m"][hour] = 999.0
        return body

    return change


def no_body(body: Body) -> bytes:
    return b"<html>502 Bad Gateway</html>"


def make_project(folder: Path) -> Project:
    """The project with the recordings of both batches."""
    project = Project(folder).make()
    project.record("first", {("jfk", FIRST): broken(4), ("lga", SECOND): no_body}, [FIRST, SECOND])
    changes = {("jfk", SECOND): warmer, ("jfk", THIRD): broken(7, 8), ("lga", THIRD): broken(*range(20))}
    project.record("second", changes, [SECOND, THIRD])
    return project


@dataclass(frozen=True)
class Leg:
    """``command`` is killed at its commit points (at most ``most`` of them, spread evenly; 0: all); ``recovery`` is
    what a user would type then, of which the first command is killed too. ``prepare`` changes the state before.
    ``makes`` is the state that the command makes undisturbed, ``ends_as`` that which the recovery ends in.
    """

    name: str
    base: str | None
    recordings: str
    command: Command
    recovery: tuple[Command, ...]
    most: int = 0
    prepare: Callable[[Path], None] | None = None
    makes: str | None = None
    ends_as: str | None = None

    def start(self, states: States, target: Path) -> Path:
        """A fresh copy of the state that this leg begins with."""
        data = copied(states.folders[self.base] if self.base else None, target)
        if self.prepare:
            self.prepare(data)
        return data


def damage_logs(data: Path) -> None:
    """Garbage in the Delta logs of two tables, which a rebuild has to drop."""
    for log in (data / "lake").glob("*/weather_observations/_delta_log/*.json"):
        if log.parts[-4] in ("silver", "quarantine"):
            log.write_bytes(b"{garbage")


def damage_gold(data: Path) -> None:
    """Garbage in the Delta log of a gold table, which a forced run has to drop."""
    for log in (data / "lake/gold/weather_daily/_delta_log").glob("*.json"):
        log.write_bytes(b"{garbage")


ADOPT: Command = ("quarantine", "replay", "--accept-load", REFUSED)
RUN_LEGS = (
    Leg("first batch", None, "first", FIRST_RUN + TO_LOAD, (FIRST_RUN + TO_LOAD,), makes="first", ends_as="first"),
    Leg(
        "second batch",
        "published",
        "second",
        SECOND_RUN + TO_LOAD,
        (SECOND_RUN + TO_LOAD,),
        makes="loaded",
        ends_as="loaded",
    ),
    Leg("dbt", "loaded", "second", SECOND_RUN + jobs("dbt"), (SECOND_RUN,), makes="built", ends_as=END),
    Leg("audit", "built", "second", SECOND_RUN + jobs("audit"), (SECOND_RUN,), makes="audited", ends_as=END),
    Leg("publish", "audited", "second", SECOND_RUN + jobs("publish"), (SECOND_RUN,), makes=END, ends_as=END),
)
COMMAND_LEGS = (
    Leg("csv", "loaded", "second", (*SECOND_RUN, *jobs("silver"), "--force", "--write-csv"),
        ((*SECOND_RUN, *TO_LOAD, "--force", "--write-csv"),), most=6),
    Leg("replay", "loaded", "second", ADOPT, (ADOPT, SECOND_RUN + TO_LOAD), most=10),
    Leg("optimize", "loaded", "second", ("optimize", "--vacuum", "--retention-hours", "0", "--force"),
        (("optimize", "--vacuum", "--retention-hours", "0", "--force"), SECOND_RUN + TO_LOAD), most=8),
    Leg("rebuild", "loaded", "second", ("rebuild", "--from", "bronze"),
        (("rebuild", "--from", "bronze"), SECOND_RUN + TO_LOAD), most=10, prepare=damage_logs),
    Leg("force", "loaded", "second", (*SECOND_RUN, *TO_LOAD, "--force"),
        ((*SECOND_RUN, *TO_LOAD, "--force"),), most=8, prepare=damage_gold),
    Leg("reset", "loaded", "second", ("reset", "--yes"), (("reset", "--yes"), SECOND_RUN + TO_LOAD), most=8),
)  # fmt: skip
LEGS = (*RUN_LEGS, *COMMAND_LEGS)


class States:
    """The states that legs begin with, made by undisturbed runs, one after the other."""

    def __init__(self, project: Project, folder: Path, bug: str | None = None) -> None:
        self.project = project
        self.folder = folder
        self.bug = bug
        self.folders: dict[str, Path] = {}
        self.ended: dict[str, Ended] = {}

    def make(self, wanted: Collection[str]) -> States:
        """Make these, and all that they come after."""
        before, missing = None, set(wanted)
        for name, recordings, command in (
            ("first", "first", FIRST_RUN + TO_LOAD),
            ("published", "first", FIRST_RUN),
            ("loaded", "second", SECOND_RUN + TO_LOAD),
            ("built", "second", SECOND_RUN + jobs("dbt")),
            ("audited", "second", SECOND_RUN + jobs("audit")),
            (END, "second", SECOND_RUN + jobs("publish")),
        ):
            if not missing:
                break
            missing.discard(name)
            target = self.folder / name.replace(" ", "-")
            self.folders[name] = copied(self.folders[before] if before else None, target)
            self.ended[name] = self.project.run(target, recordings, *command, bug=self.bug)
            if "Traceback" in self.ended[name].text or self.ended[name].exit_code not in (0, 1):
                raise RuntimeError(f"the undisturbed run to the state {name!r} failed: {self.ended[name].text}")
            before = name
        return self


def needed(legs: Collection[Leg]) -> set[str]:
    """The states that these legs begin with or end in."""
    return {name for leg in legs for name in (leg.base, leg.makes, leg.ends_as) if name}
