"""``mirrorlake status``: what is there, what is missing, what is behind."""

from __future__ import annotations

import click


@click.command()
@click.option("--from", "first", metavar="DATE", help="First UTC day to look for.")
@click.option("--to", "last", metavar="DATE", help="Last UTC day to look for, included.")
@click.option("--location", "locations", multiple=True, metavar="NAME", help="A place; repeat it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, **asked: object) -> None:
    """Show which run dates are there, missing or stale, and which stages are behind."""
    import json
    from dataclasses import asdict

    from pipeline.launch import Asked, prepare
    from pipeline.status import coverage, spans, stage_states
    from pipeline.workspace import open_workspace

    env = (ctx.obj or {}).get("env")
    context = prepare(Asked(env=env, **asked), open_workspace(env))  # type: ignore[arg-type]
    covered, states = coverage(context), stage_states(context)
    if as_json:
        rows = {"coverage": [asdict(c) for c in covered], "stages": [asdict(s) for s in states]}
        click.echo(json.dumps(rows, default=str))
        return
    for item in covered:
        line = f"{item.dataset} {item.slice_key}: {len(item.present)} days: {spans(item.present)}"
        click.echo(line + (f"; missing: {spans(item.missing)}" if item.missing else ""))
    for state in states:
        click.echo(f"{state.stage:<18} {state.state:<8} {'; '.join(state.reasons)}".rstrip())
