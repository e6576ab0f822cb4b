"""Options that several commands share, each declared once: what a run would be made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., object])

run_date = click.option("--run-date", metavar="DATE", help="One UTC day, YYYY-MM-DD.")
first = click.option("--from", "first", metavar="DATE", help="First UTC day of a range.")
last = click.option("--to", "last", metavar="DATE", help="Last UTC day of a range, included.")
locations = click.option(
    "--location", "locations", multiple=True, metavar="NAME", help='A place, e.g. "New York" or JFK; repeat it.'
)
jobs = click.option(
    "--job", "jobs", multiple=True, metavar="STAGE", help="Only this stage (see: mirrorlake jobs); repeat it."
)
env = click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
config = click.option(
    "--config", type=click.Path(path_type=Path), help="A TOML file whose settings win over the profile's."
)
engine = click.option("--engine", metavar="NAME", help="polars or duckdb: what runs the transformations.")
live = click.option("--live", is_flag=True, help="Fetch from the API instead of the recordings.")
forecast = click.option("--forecast", is_flag=True, help="Also fetch the forecast (with --live).")
force = click.option("--force", is_flag=True, help="Run every stage, even if nothing has changed.")


def together(*options: Callable[[Function], Function]) -> Callable[[Function], Function]:
    """These options as one decorator; ``--help`` shows them in this order."""

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate
