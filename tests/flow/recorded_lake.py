"""A lake of recorded weather up to silver, for the tests of the commands on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import orjson

from pipeline.places import resolve
from pipeline.replay import chosen
from pipeline.sources import source as open_source
from pipeline.stages.silver import Parser, update_table
from pipeline.workspace import Workspace, open_workspace

RunCli = Callable[..., Any]
DAY = date(2013, 7, 4)
TABLE = "weather_observations"


def receive(workspace: Workspace, place: str, change: Callable[[Any], object] | None = None) -> str:
    """Put the recording of a place into bronze, changed if asked; gives the load."""
    source = open_source("openmeteo", workspace.settings)
    (request,) = source.plan([DAY], [resolve(place, source.recorded_places, False)])
    payload = source.fetch(request)
    pages = list(payload.pages)
    if change is not None:
        body = orjson.loads(pages[0])
        change(body["hourly"])
        pages[0] = orjson.dumps(body)
    return workspace.bronze.write(
        request.source,
        request.dataset,
        request.run_date,
        request.slice_key,
        pages,
        attributes=request.attributes,
        url=payload.url,
        fetched_at=payload.fetched_at,
        origin=payload.origin,
        records=payload.records,
    ).load


def merge(workspace: Workspace) -> None:
    parse = Parser(workspace)
    for contract in chosen(workspace, None):
        update_table(workspace, contract, parse)


def too_hot(count: int) -> Callable[[Any], object]:
    def change(hourly: Any) -> None:
        hourly["temperature_2m"][:count] = [999.0] * count

    return change


def rows(run_cli: RunCli, *arguments: str) -> Any:
    done = run_cli(*arguments, "--json")
    assert done.exit_code == 0, done.text
    return json.loads(done.out)


def one_day() -> Workspace:
    """One recorded day of JFK and LGA in silver."""
    opened = open_workspace("dev")
    receive(opened, "JFK")
    receive(opened, "LGA")
    merge(opened)
    return opened
