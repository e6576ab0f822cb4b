"""``mirrorlake plan``: a run without the doing."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.commands import options


@click.command()
@options.together(options.run_date, options.first, options.last, options.locations, options.jobs)
@options.together(options.env, options.config, options.engine, options.live, options.forecast, options.force)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(
    ctx: click.Context, /, env: str | None, config: Path | None, engine: str | None, as_json: bool, **asked: object
) -> None:
    """Say what a run would do and why; change nothing."""
    import json

    from pipeline.launch import Asked, assessed, opened, prepare
    from pipeline.status import dates_compared

    wanted = Asked(env=env or (ctx.obj or {}).get("env"), config=config, engine=engine, **asked)  # type: ignore[arg-type]
    context = prepare(wanted, opened(wanted))
    work = assessed(context)
    if as_json:
        click.echo(json.dumps([{"stage": a.stage.name, "runs": bool(a.reasons), "why": list(a.reasons)} for a in work]))
        return
    if not (wanted.run_date or wanted.first) and (line := dates_compared(context, "plan")):
        click.echo(line)
    for assessment in work:
        word = "would run " if assessment.reasons else "up to date"
        click.echo(f"{assessment.stage.name:<18} {word}  {'; '.join(assessment.reasons)}".rstrip())
