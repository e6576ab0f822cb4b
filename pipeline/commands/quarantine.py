"""``mirrorlake quarantine``: what did not come in and why, and its second chance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from lake.silver import SilverResult
    from pipeline.workspace import Workspace

_BRIEF = 160  # characters of a row as received


@click.group(invoke_without_command=True)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show rejected rows, refused loads and held rows; replay them after a fix."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show)


@command.command()
@click.argument("table", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many of each to list.")
@click.option("--open", "only_open", is_flag=True, help="Leave out rows whose key came again and was good.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, rows in full.")
@click.pass_context
def show(
    ctx: click.Context,
    table: str | None = None,
    limit: int = 20,
    only_open: bool = False,
    env: str | None = None,
    as_json: bool = False,
) -> None:
    """List rejected rows (open, or resolved by a later good row), refused loads, held rows and refused bodies."""
    from pipeline.replay import chosen
    from pipeline.workspace import open_workspace

    workspace = open_workspace(env or (ctx.find_root().obj or {}).get("env"))
    names = [contract.table for contract in chosen(workspace, table)]
    rejected = {name: _rejected(workspace, name, only_open=only_open) for name in names}
    from lake import quarantine

    refused = {name: quarantine.refused(workspace.objects, name) for name in names}
    held = {name: quarantine.held(workspace.objects, workspace.contracts, name) for name in names}
    bodies = [] if table else workspace.bronze.refused_bodies()
    if as_json:
        parts = {"rejected": rejected, "refused_loads": refused, "held": held}
        document: dict[str, object] = {
            part: {name: frame.head(limit).to_dicts() for name, frame in frames.items() if not frame.is_empty()}
            for part, frames in parts.items()
        }
        click.echo(json.dumps({**document, "refused_bodies": bodies[:limit]}, default=str, indent=1))
        return
    _print_rejected(rejected, limit)
    _print_refused(refused, limit)
    _print_held(held, limit)
    _print_bodies(bodies, limit)
    if not bodies and all(frame.is_empty() for frames in (rejected, refused, held) for frame in frames.values()):
        click.echo("nothing is in quarantine, nothing was refused, nothing is held")


@command.command()
@click.argument("table", required=False)
@click.option("--accept-load", metavar="LOAD", help="Let this refused load in (its folder, as shown), for good.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def replay(
    ctx: click.Context,
    table: str | None = None,
    accept_load: str | None = None,
    env: str | None = None,
    as_json: bool = False,
) -> None:
    """Judge again the loads with rejected rows and the refused ones, by the contract as it is now."""
    from pipeline.replay import replay as judge_again
    from pipeline.spelling import spelled
    from pipeline.workspace import open_workspace

    workspace = open_workspace(env or (ctx.find_root().obj or {}).get("env"))
    results = judge_again(workspace, table, accept_load)
    if as_json:
        click.echo(json.dumps({name: summary(result) for name, result in results.items()}, default=str, indent=1))
        return
    print_results(results, "nothing waits in quarantine")
    if any(not result.unchanged for result in results.values()):
        click.echo(spelled("next: mirrorlake run, which brings gold, warehouse and the published tables up to date"))


def summary(result: SilverResult) -> dict[str, object]:
    """What a call of silver did, for JSON."""
    counts = ("loads", "rows_in", "valid", "rejected", "inserted", "updated", "removed", "rows_out", "version")
    named: dict[str, object] = {name: getattr(result, name) for name in counts}
    return {**named, "refused_loads": result.refused_loads, "rebuilt": result.rebuilt}


def print_results(results: dict[str, SilverResult], nothing: str) -> None:
    """What a call of silver did, for people."""
    from pipeline.text_table import print_rows

    if not results:
        click.echo(nothing)
        return
    headers = ("table", "loads", "in", "valid", "rejected", "inserted", "updated", "removed", "rows now", "version")
    shown = ("loads", "rows_in", "valid", "rejected", "inserted", "updated", "removed", "rows_out", "version")
    print_rows(headers, [(name, *(getattr(result, each) for each in shown)) for name, result in results.items()])
    for name, result in results.items():
        if result.rebuilt not in ("", "asked for"):
            click.echo(f"{name}: made from all loads, because {result.rebuilt}")
        for load, reason in result.refused_loads.items():
            click.echo(f"{name}: refused {load}: {reason}")


def _rejected(workspace: Workspace, name: str, *, only_open: bool) -> pl.DataFrame:
    from lake.quarantine import rows
    from lake.standing import with_state

    found = with_state(workspace.objects, workspace.contracts[name], rows(workspace.objects, name))
    return found.filter(found["state"] == "open") if only_open else found


def _print_rejected(rejected: dict[str, pl.DataFrame], limit: int) -> None:
    from pipeline.text_table import print_rows

    for name, frame in rejected.items():
        if frame.is_empty():
            continue
        still_open = int((frame["state"] == "open").sum())
        title = f"{name}: {frame.height:,} rejected rows, {still_open:,} open (owner: {frame['owner'][0]})"
        rows = [
            (row["state"], row["_payload"], row["_position"], "; ".join(row["reasons"]), _brief(row["row"]))
            for row in frame.sort("state", "_run_date", "_payload", "_position").head(limit).to_dicts()
        ]
        print_rows(("state", "load", "position", "why", "row as received"), rows, title=title, thousands=False)
        _more(frame.height, limit)


def _print_refused(refused: dict[str, pl.DataFrame], limit: int) -> None:
    from pipeline.spelling import spelled
    from pipeline.text_table import print_rows

    for name, frame in refused.items():
        if frame.is_empty():
            continue
        rows = frame.select("load", "rows_in", "rejected", "reason").head(limit).rows()
        let_in = spelled("mirrorlake quarantine replay --accept-load LOAD")
        title = f"{name}: {frame.height:,} refused loads (let one in: {let_in})"
        print_rows(("load", "rows", "rejected", "why"), rows, title=title)
        _more(frame.height, limit)


def _print_held(held: dict[str, pl.DataFrame], limit: int) -> None:
    from pipeline.text_table import print_rows

    for name, frame in held.items():
        if frame.is_empty():
            continue
        title = f"{name}: {frame.height:,} rows held until their parent arrives"
        print_rows(frame.columns, frame.head(limit).rows(), title=title, thousands=False)
        _more(frame.height, limit)


def _print_bodies(bodies: list[dict[str, object]], limit: int) -> None:
    from pipeline.text_table import print_rows

    if bodies:
        rows = [(body["folder"], body["bytes"], body["reason"]) for body in bodies[:limit]]
        print_rows(
            ("kept at", "bytes", "why"), rows, title=f"{len(bodies):,} bodies that are no data, kept beside bronze"
        )
        _more(len(bodies), limit)


def _more(there: int, limit: int) -> None:
    if there > limit:
        click.echo(f"... and {there - limit:,} more (--limit)")


def _brief(text: str) -> str:
    return text if len(text) <= _BRIEF else text[: _BRIEF - 3] + "..."
