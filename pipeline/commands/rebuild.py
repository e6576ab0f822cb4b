"""``mirrorlake rebuild --from bronze``: silver again from what was received."""

from __future__ import annotations

import json

import click


@click.command()
@click.argument("table", required=False)
@click.option("--from", "origin", type=click.Choice(["bronze"]), required=True, help="What to build from.")
@click.option("--env", "env", metavar="NAME", help="dev, rehearsal or prod.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, table: str | None, origin: str, env: str | None, as_json: bool) -> None:
    """Make silver (one TABLE or all), its quarantine and its ledger again from bronze; damaged ones are put right.

    Loads that were let in by hand stay let in. Where the same rows come out, nothing is written.
    """
    from pipeline.commands.quarantine import print_results, summary
    from pipeline.replay import rebuild
    from pipeline.spelling import spelled
    from pipeline.workspace import open_workspace

    results = rebuild(open_workspace(env or (ctx.obj or {}).get("env")), table)
    if as_json:
        click.echo(json.dumps({name: summary(result) for name, result in results.items()}, default=str, indent=1))
        return
    print_results(results, f"there is no silver table to build from {origin}")
    changed = any(not result.unchanged for result in results.values())
    click.echo(spelled("next: mirrorlake run, which builds all else on it") if changed else "silver is as it was")
