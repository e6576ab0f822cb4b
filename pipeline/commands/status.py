"""``mirrorlake status``: what is there, what is missing, what is behind."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands import options


@click.command()
@options.together(options.run_date, options.first, options.last, options.locations)
@options.together(options.env, options.config, options.engine, options.live, options.forecast)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(
    ctx: click.Context, /, env: str | None, config: Path | None, engine: str | None, as_json: bool, **asked: object
) -> None:
    """Show which run dates are there, missing or stale, and which stages are behind."""
    import json
    from dataclasses import asdict

    from pipeline.launch import Asked, opened, prepare
    from pipeline.status import coverage, dates_compared, spans, stage_states

    wanted = Asked(env=env or (ctx.obj or {}).get("env"), config=config, engine=engine, **asked)  # type: ignore[arg-type]
    context = prepare(wanted, opened(wanted))
    covered, states = coverage(context), stage_states(context)
    if as_json:
        rows = {"coverage": [asdict(c) for c in covered], "stages": [asdict(s) for s in states]}
        click.echo(json.dumps(rows, default=str))
        return
    if not (wanted.run_date or wanted.first) and (line := dates_compared(context, "status")):
        click.echo(line)
    for item in covered:
        line = f"{item.dataset} {item.slice_key}: {len(item.present)} days: {spans(item.present)}"
        click.echo(line + (f"; missing: {spans(item.missing)}" if item.missing else ""))
    for state in states:
        click.echo(f"{state.stage:<18} {state.state:<8} {'; '.join(state.reasons)}".rstrip())
