"""``mirrorlake plan``: a run without the doing."""

from __future__ import annotations

import click


@click.command()
@click.option("--run-date", metavar="DATE", help="One UTC day, YYYY-MM-DD.")
@click.option("--from", "first", metavar="DATE", help="First UTC day of a range.")
@click.option("--to", "last", metavar="DATE", help="Last UTC day of a range, included.")
@click.option("--location", "locations", multiple=True, metavar="NAME", help="A place; repeat it.")
@click.option("--job", "jobs", multiple=True, metavar="STAGE", help="Only this stage; repeat it.")
@click.option("--force", is_flag=True, help="As if run --force.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(ctx: click.Context, /, as_json: bool, **asked: object) -> None:
    """Say what a run would do and why; change nothing."""
    import json

    from pipeline.launch import Asked, assessed, prepare
    from pipeline.workspace import open_workspace

    env = (ctx.obj or {}).get("env")
    context = prepare(Asked(env=env, **asked), open_workspace(env))  # type: ignore[arg-type]
    work = assessed(context)
    if as_json:
        click.echo(json.dumps([{"stage": a.stage.name, "runs": bool(a.reasons), "why": list(a.reasons)} for a in work]))
        return
    for assessment in work:
        word = "would run " if assessment.reasons else "up to date"
        click.echo(f"{assessment.stage.name:<18} {word}  {'; '.join(assessment.reasons)}".rstrip())
